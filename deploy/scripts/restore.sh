#!/usr/bin/env bash
# Restores the newest backup, or a named one, into an empty database, puts the files back and compares all of it.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: restore.sh --yes [--dry-run] [--backup ID]

Runs, with the settings of the environment, and stops at the first that fails:

  gazette restore --dump --files [--backup ID]     the database of MIGRATION_DATABASE_URL must be empty
  gazette restore check --exact [--backup ID]
  gazette migrate

To go back to a minute, see docs/runbooks/dr.md: gazette restore --data-directory DIR --to-time TIME.

  GAZETTE    the command to run [gazette]
  --yes      do it; nothing is done without
  --dry-run  show what would be run
TEXT
}

dry_run=
yes=
backup=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --dry-run) dry_run=1 ;;
    --yes) yes=1 ;;
    --backup) backup=(--backup "${2:?restore.sh: --backup wants an ID}"); shift ;;
    *) echo "restore.sh: what is $1?" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
read -r -a gazette <<<"${GAZETTE:-gazette}"
run() {
  if [ -n "$dry_run" ]; then
    echo "would run: ${gazette[*]} $*"
  else
    "${gazette[@]}" "$@" || { status=$?; echo "restore.sh: gazette $1 failed (exit code $status); nothing after it was run" >&2; exit "$status"; }
  fi
}
if [ -z "$dry_run$yes" ]; then
  echo "restore.sh: say --yes to restore, or --dry-run to see what would be run" >&2
  exit 2
fi
run restore --dump --files ${backup[@]+"${backup[@]}"}
run restore check --exact ${backup[@]+"${backup[@]}"}
run migrate
