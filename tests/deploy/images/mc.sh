#!/usr/bin/env bash
# MinIO's client, as far as docker-compose.yml uses it: `mc ready local` and `mc mb --ignore-existing store/BUCKET`.
set -euo pipefail
case "$1 $2" in
  "ready local") exec 3<>/dev/tcp/127.0.0.1/9000 ;;
  "mb --ignore-existing")
    [[ ${MC_HOST_store:?} =~ ^(https?://)([^:]+):([^@]+)@(.+)$ ]]
    exec rclone mkdir ":s3:${3#store/}" --s3-provider=Other --s3-endpoint="${BASH_REMATCH[1]}${BASH_REMATCH[4]}" \
      --s3-access-key-id="${BASH_REMATCH[2]}" --s3-secret-access-key="${BASH_REMATCH[3]}" ;;
  *) echo "mc: $*: this stand-in does not know it" >&2; exit 2 ;;
esac
