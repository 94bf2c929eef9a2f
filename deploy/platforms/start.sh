#!/usr/bin/env bash
# The server and Envoy in one container, for platforms that run one for a service. Envoy listens on PORT once the server is ready.
# SIGTERM ends Envoy and drains the server; when either ends by itself, so does the other, and the platform starts both anew.
#
# TRUSTED_HOPS says how many proxies of the platform stand in front (1). `start.sh migrate` and other commands are run as they are.
set -euo pipefail
[ $# -eq 0 ] || exec gazette "$@"

share=${GAZETTE_ENVOY:-/usr/share/gazette/envoy}
export SOCKET_DIR=${SOCKET_DIR:-/run/gazette} WORKERS=${WORKERS:-1} PORT=${PORT:-8080}
python3 "$share/render.py" --socket-dir "$SOCKET_DIR" --workers "$WORKERS" --descriptor "$share/gazette.binpb" \
  --http-port "$PORT" --admin "$SOCKET_DIR/envoy-admin.sock" --trusted-hops "${TRUSTED_HOPS:-1}" \
  --cors-origin "${CORS_ORIGINS:-}" --api-docs "${API_DOCS:-}" --max-file-size "${MAX_FILE_SIZE:-}" --docs-folder "$SOCKET_DIR/api-docs" > "$SOCKET_DIR/envoy.yaml"

gazette serve &
server=$!
envoy='' stopping=false
stop() {
  stopping=true
  [ -z "$envoy" ] || kill -TERM "$envoy" 2> /dev/null || true
  kill -TERM "$server" 2> /dev/null || true
}
trap stop TERM INT
until gazette health > /dev/null 2>&1; do
  kill -0 "$server" 2> /dev/null || { wait "$server"; exit; }
  sleep 0.5
done
envoy --config-path "$SOCKET_DIR/envoy.yaml" --disable-hot-restart --concurrency 2 --log-level warning &
envoy=$!

code=0
wait -n "$server" "$envoy" || code=$?
if [ "$stopping" = false ]; then
  echo "start.sh: the server or Envoy has ended ($code)" >&2
  [ "$code" -ne 0 ] || code=1
  stop
  wait "$server" "$envoy" || true
  exit "$code"
fi
wait "$envoy" || true
wait "$server"
