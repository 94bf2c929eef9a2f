#!/usr/bin/env bash
# Runs deploy.sh or rollback.sh on another machine: copies the Compose files and deploy/ there, and what fills them, over SSH.
#
#   deploy/scripts/over_ssh.sh deploy.sh --target compose --image ghcr.io/example/gazette@sha256:…
#
# What it needs comes by environment, so that no secret is an argument that other users of a machine see:
#   SSH_TARGET         user@host
#   SSH_PRIVATE_KEY    the key, PEM
#   SSH_KNOWN_HOSTS    the host's keys, as ssh-keyscan prints them; no other host is spoken to
#   ENV_FILE           what becomes .env there: NAME=value lines
#   REGISTRY_USER, REGISTRY_TOKEN   to pull images; the token is forgotten afterwards
#   GAZETTE_TOKEN      for the smoke test; optional
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ "${1:-}" != --help ] || { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0; }
case ${1:-} in deploy.sh | rollback.sh) ;; *) echo "over_ssh.sh: deploy.sh or rollback.sh? see --help" >&2; exit 1 ;; esac
: "${SSH_TARGET:?}" "${SSH_PRIVATE_KEY:?}" "${SSH_KNOWN_HOSTS:?}" "${ENV_FILE:?}" "${REGISTRY_USER:?}" "${REGISTRY_TOKEN:?}"

umask 077
keys=$(mktemp --directory)
trap 'rm -rf "$keys"' EXIT
printf '%s\n' "$SSH_PRIVATE_KEY" > "$keys/key"
printf '%s\n' "$SSH_KNOWN_HOSTS" > "$keys/known_hosts"
there() { ssh -i "$keys/key" -o "UserKnownHostsFile=$keys/known_hosts" -o StrictHostKeyChecking=yes -o BatchMode=yes "$SSH_TARGET" "$1"; }

tar --create docker-compose*.yml deploy | there 'mkdir -p gazette && tar --extract --directory gazette'
printf '%s\n' "$ENV_FILE" | there 'umask 077 && cat > gazette/.env'
printf -v arguments ' %q' "${@:2}"
printf '%s\n' "$REGISTRY_USER" "$REGISTRY_TOKEN" "${GAZETTE_TOKEN:-}" | there "
  read -r user; read -r token; read -r GAZETTE_TOKEN; export GAZETTE_TOKEN
  cd gazette && printf %s \"\$token\" | docker login ghcr.io --username \"\$user\" --password-stdin >&2 || exit 1
  deploy/scripts/$1$arguments < /dev/null; code=\$?
  docker logout ghcr.io >&2
  exit \$code"
