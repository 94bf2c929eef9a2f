#!/usr/bin/env bash
# The drill: whether the newest backup comes back, without touching what runs. For a schedule, on a machine with room for it.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: dr_drill.sh [--dry-run] [--backup ID]

Runs `gazette backup verify --files --by-restoring`: every object and every file's copy is read and opened, the dump and the base
backup are restored into clusters that are thrown away, and every table, the record and the audit are compared. Says how long
that took. Nothing that runs is touched; room for twice the database is needed in TMPDIR.

  GAZETTE    the command to run [gazette]
  --dry-run  show what would be run
TEXT
}

dry_run=
backup=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --dry-run) dry_run=1 ;;
    --backup) backup=(--backup "${2:?dr_drill.sh: --backup wants an ID}"); shift ;;
    *) echo "dr_drill.sh: what is $1?" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
read -r -a gazette <<<"${GAZETTE:-gazette}"
command=("${gazette[@]}" backup verify --files --by-restoring ${backup[@]+"${backup[@]}"})
if [ -n "$dry_run" ]; then
  echo "would run: ${command[*]}"
  exit 0
fi
start=$SECONDS
status=0
"${command[@]}" || status=$?
if [ "$status" -ne 0 ]; then
  echo "dr_drill.sh: the backup does not come back (exit code $status)" >&2
  exit "$status"
fi
echo "dr_drill.sh: the backup comes back; it took $((SECONDS - start)) s"
