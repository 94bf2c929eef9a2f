#!/usr/bin/env bash
# Backs up the database and the files with `gazette backup`: for cron, or before a migration.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: backup.sh [--dry-run] [OPTION...]

Runs `gazette backup OPTION...` with the settings of the environment, and exits as it does: 0 for a backup that was verified,
anything else for none. OPTION is what `gazette backup` takes, such as --verify-by-restoring.

  GAZETTE    the command to run [gazette], such as: docker compose run --rm backup gazette
  --dry-run  show what would be run
TEXT
}

dry_run=
arguments=()
for argument in "$@"; do
  case $argument in
    -h | --help) usage; exit 0 ;;
    --dry-run) dry_run=1 ;;
    *) arguments+=("$argument") ;;
  esac
done
read -r -a gazette <<<"${GAZETTE:-gazette}"
if [ -n "$dry_run" ]; then
  echo "would run: ${gazette[*]} backup ${arguments[*]-}"
  exit 0
fi
command -v "${gazette[0]}" >/dev/null || { echo "backup.sh: there is no ${gazette[0]}: install Gazette, or set GAZETTE" >&2; exit 127; }
status=0
"${gazette[@]}" backup ${arguments[@]+"${arguments[@]}"} || status=$?
[ "$status" -eq 0 ] || echo "backup.sh: there is no good new backup (exit code $status); the older ones are kept" >&2
exit "$status"
