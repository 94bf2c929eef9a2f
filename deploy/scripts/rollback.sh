#!/usr/bin/env bash
# Brings an earlier version back: its image, wait until it is healthy, smoke test. The database keeps its migrations and every
# row, unless --downgrade-to asks for an earlier schema.
#
#   deploy/scripts/rollback.sh --target kubernetes --image ghcr.io/example/gazette@sha256:… --url https://api.example.gov
#   deploy/scripts/rollback.sh --target compose --image ghcr.io/example/gazette:1.1.0 --downgrade-to 0026
#
#   --target, --image, --url, --timeout, --namespace, --compose-file, --env-file, --project, --expect-version: as deploy.sh --help says
#   --downgrade-to REVISION      afterwards, a backup, and the schema back to REVISION (four digits): one revision after the other,
#                                each in a transaction of its own. Rows stay, but for what only the taken-back revisions know
#   --dry-run                    say what would be done, and change nothing
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/scripts/common.sh
. "$here/common.sh"

parse "$@"
[ -n "$image" ] || fail "--image is missing; see --help"
is_pinned "$image"
[[ -z $downgrade_to || $downgrade_to =~ ^[0-9]{4}$ ]] || fail "--downgrade-to is a revision of four digits, such as 0026"
needs
before=$(current_image) || fail "cannot find out what serves now; nothing was changed"
[ -n "$before" ] || fail "nothing serves now: bring a version up with deploy.sh"
say "replacing $before by $image"
if ! roll_out "$image"; then
  say "$image did not become healthy; bringing $before back" >&2
  roll_out "$before" || { echo "${0##*/}: $before could not be brought back either: somebody must look now" >&2; exit 2; }
  fail "$image did not become healthy; $before still serves"
fi
smoke "$image" || fail "$image is up, but does not pass the smoke test"
if [ -n "$downgrade_to" ]; then
  say "backup, and then the schema back to $downgrade_to"
  back_up || fail "the backup failed, so the schema stays; $image serves"
  migrate "$before" "$downgrade_to" || fail "the downgrade failed, and its revision was taken back whole; $image serves"
  restart "$image" || fail "$image does not start with the schema $downgrade_to: is it the one that it needs?"
fi
finish || say "the backup's image could not be set: set it by hand" >&2
say "$image serves"
