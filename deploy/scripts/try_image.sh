#!/usr/bin/env bash
# Brings an image up once as docker-compose.yml has it (confined, read-only, behind Envoy), and looks at what it is made of:
#
#   deploy/scripts/try_image.sh gazette:ci
#
# Everything that it starts is gone afterwards. PORT, GRPC_PORT and METRICS_PORT move the published ports.
# shellcheck disable=SC2016 # what stands in single quotes is for the shell in the image
set -euo pipefail
cd "$(dirname "$0")/../.."
export GAZETTE_IMAGE=${1:?which image?} GAZETTE_ENV_FILE=.env.example
compose=(docker compose --progress quiet --file docker-compose.yml --project-name "gazette-try-$$" --env-file .env.example)

fail() {
  echo "try_image: $*" >&2
  "${compose[@]}" ps --all >&2
  "${compose[@]}" logs --tail 20 bucket migrate server envoy >&2
  exit 1
}
expect() { # what is looked at, what it should say, what it says
  if [ "$3" = "$2" ]; then echo "$1: $3"; else fail "$1: $3, not $2"; fi
}
inside() { docker run --rm --network none --read-only --cap-drop ALL --entrypoint sh "$GAZETTE_IMAGE" -c "$1"; }

trap '"${compose[@]}" down --volumes --timeout 5 >&2' EXIT

expect "user" "1001:1001" "$(inside 'echo "$(id -u):$(id -g)"')"
expect "compilers, caches, tests, .env" "none" "$(inside '
  found=$(command -v cc gcc make; find / -xdev \( -name .env -o -path "*/.cache/pip" -o -path "*/site-packages/tests" \) 2>/dev/null)
  echo "${found:-none}"')"
expect "commands need no environment" "gazette" "$(inside 'gazette --version' | cut -d, -f1)"

"${compose[@]}" up --no-build --wait --wait-timeout 180 >&2 || fail "it does not come up"
server=$("${compose[@]}" ps --quiet server)
address=$("${compose[@]}" port envoy 8080)
expect "health" "healthy" "$(docker inspect --format '{{.State.Health.Status}}' "$server")"
expect "/health through Envoy" "200" "$(curl --silent --max-time 5 --output /dev/null --write-out '%{http_code}' "http://$address/health")"
expect "root file system" "read-only" "$(docker exec "$server" sh -c 'touch /opt/gazette/x 2>/dev/null && echo writable || echo read-only')"

"${compose[@]}" stop server >&2
expect "exit code when stopped" "0" "$(docker inspect --format '{{.State.ExitCode}}' "$server")"
