#!/usr/bin/env bash
# What the entrypoint of PostgreSQL's image does, as far as docker-compose.yml relies on it: a new volume gets a cluster with the
# superuser's password, and is given to the scripts in /docker-entrypoint-initdb.d; meanwhile nothing listens but the socket.
set -euo pipefail
if [ "$(id -u)" = 0 ]; then
  install --directory --owner=postgres --group=postgres --mode=0700 "$(dirname "$PGDATA")" "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username=postgres --auth-local=trust --auth-host=scram-sha-256 --locale=C.UTF-8 --pwfile=<(echo "${POSTGRES_PASSWORD:?}")
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  pg_ctl --wait --options="-c listen_addresses=''" start
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sh) "$script" ;;
      *.sql) psql --username=postgres --no-password --no-psqlrc --set=ON_ERROR_STOP=1 --file="$script" ;;
    esac
  done
  pg_ctl --wait stop
fi
exec "$@" -c 'listen_addresses=*'
