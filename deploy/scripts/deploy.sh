#!/usr/bin/env bash
# Brings a new version up: backup, migration, new version, wait until it is healthy, smoke test. Where one of these fails, the
# version before is brought back (or was never touched), and the exit code is 1. Where that failed too, it is 2.
#
#   deploy/scripts/deploy.sh --target kubernetes --image ghcr.io/example/gazette@sha256:… --url https://api.example.gov
#   deploy/scripts/deploy.sh --target compose --image ghcr.io/example/gazette:1.2.0 --url https://staging.example.gov
#
#   --target compose|kubernetes  where
#   --image IMAGE                the new version, by digest or tag; never latest
#   --backup-image IMAGE         the image with PostgreSQL's tools, of the same version
#   --url URL                    what the public reaches: `gazette smoke` asks it (GAZETTE_TOKEN: also its version and parts)
#   --expect-version X           the version that is to answer there
#   --timeout SECONDS            for each step (300)
#   --namespace NAME             kubernetes: the namespace (gazette)
#   --compose-file FILE[:FILE…]  compose: the Compose files (docker-compose.prod.yml)
#   --env-file, --project        compose: what fills them (.env), and the project's name (gazette)
#   --dry-run                    say what would be done, and change nothing
#
# The migration stays when the version is taken back: the schema says which versions it serves (docs/upgrades.md), and the one
# before is among them as long as migrations only add. rollback.sh --downgrade-to takes them back.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/scripts/common.sh
. "$here/common.sh"

untouched() { fail "$1; nothing was replaced: ${before:-no version} still serves"; }
bring_back() { # what failed
  [ -n "$before" ] || { fail "$1; there is no version before, so nothing serves"; }
  say "$1; bringing $before back" >&2
  if roll_out "$before"; then fail "$1; the old version $before still serves"; fi
  echo "${0##*/}: $1, AND the old version $before could not be brought back: somebody must look now" >&2
  exit 2
}

parse "$@"
[ -n "$image" ] || fail "--image is missing; see --help"
is_pinned "$image"
needs
before=$(current_image) || fail "cannot find out what serves now; nothing was changed"
say "replacing ${before:-nothing} by $image"
if [ -n "$before" ]; then
  say "backup"
  back_up || untouched "the backup failed"
fi
say "migration"
migrate "$image" head || untouched "the migration failed"
say "new version"
roll_out "$image" || bring_back "$image did not become healthy"
say "smoke test"
smoke "$image" || bring_back "$image does not pass the smoke test"
finish || say "the backup's image could not be set: set it by hand" >&2
say "$image serves"
