#!/usr/bin/env bash
# Run once by the PostgreSQL image, when its volume is new: the role of `gazette backup` and `gazette backup wal`, which may read
# everything and replicate, and nothing else.
set -euo pipefail
psql --username "${POSTGRES_USER:-postgres}" --dbname postgres --no-psqlrc --set ON_ERROR_STOP=1 \
  --set "password=${BACKUP_DATABASE_PASSWORD:?}" <<'SQL'
CREATE ROLE gazette_backup LOGIN REPLICATION PASSWORD :'password';
GRANT pg_read_all_data TO gazette_backup;
SQL
echo 'host replication gazette_backup all scram-sha-256' >> "${PGDATA:?}/pg_hba.conf"
