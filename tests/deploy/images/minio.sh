#!/bin/sh
# `minio server FOLDER …` as rclone does it: a server of the S3 protocol that checks signatures.
set -eu
[ "$1" = server ]
exec rclone serve s3 --addr=:9000 --auth-key="${MINIO_ROOT_USER:?},${MINIO_ROOT_PASSWORD:?}" --force-path-style=true "$2"
