# shellcheck shell=bash disable=SC2034,SC2154 # the files that include one another share these variables
# The target compose: one machine, with the Compose files that --compose-file names. It reads GAZETTE_IMAGE.

compose() {
  local files=() file
  while read -r file; do files+=(--file "$file"); done <<< "${compose_file//:/$'\n'}"
  docker compose --project-name "$project" --env-file "$env_file" "${files[@]}" "$@"
}

needs() {
  command -v docker > /dev/null || fail "needs docker"
  local file
  while read -r file; do [ -f "$file" ] || fail "there is no $file"; done <<< "${compose_file//:/$'\n'}"$'\n'"$env_file"
  export GAZETTE_IMAGE=${image:-unknown}
  [ -z "$backup_image" ] || export GAZETTE_BACKUP_IMAGE=$backup_image
}
current_image() {
  local container
  container=$(compose ps --quiet server) || return 1
  container=${container%%$'\n'*}
  [ -z "$container" ] || docker inspect --format '{{.Config.Image}}' "$container"
}
back_up() { run compose run --rm backup; }
migrate() { GAZETTE_IMAGE=$1 run compose run --rm migrate migrate "$2"; }
roll_out() { # image
  GAZETTE_IMAGE=$1 run compose pull --quiet --ignore-buildable || return 1
  GAZETTE_IMAGE=$1 run compose up --detach --no-build --wait --wait-timeout "$timeout"
}
restart() { GAZETTE_IMAGE=$1 run compose restart server worker && roll_out "$1"; }
finish() { :; } # the backup's image is read from GAZETTE_BACKUP_IMAGE whenever a backup is made
