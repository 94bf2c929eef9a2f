# shellcheck shell=bash disable=SC2034,SC2154 # the files that include one another share these variables
# What deploy.sh and rollback.sh share: their options, how they speak, and the target that --target names.

say() { echo "${0##*/}: $*"; }
fail() { echo "${0##*/}: $*" >&2; exit 1; }
run() { # runs a command, or only shows it with --dry-run; what it writes goes to standard error
  if [ "$dry_run" = true ]; then echo "+ $*" >&2; else "$@" >&2; fi
}
help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; exit 0; }
parse() {
  target='' image='' backup_image='' url='' expect='' timeout=300 downgrade_to='' dry_run=false
  namespace=gazette compose_file=docker-compose.prod.yml env_file=.env project=gazette
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help) help ;;
      --dry-run) dry_run=true ;;
      --target | --image | --backup-image | --url | --timeout | --namespace | --compose-file | --env-file | --project | --expect-version | --downgrade-to)
        [ $# -gt 1 ] || fail "$1 needs a value; see --help"
        name=${1#--} name=${name//-/_}
        [ "$name" = expect_version ] && name=expect
        printf -v "$name" %s "$2"
        shift ;;
      *) fail "unknown option $1; see --help" ;;
    esac
    shift
  done
  case $target in compose | kubernetes) ;; *) fail "--target is compose or kubernetes; see --help" ;; esac
  [[ $timeout =~ ^[0-9]+$ ]] || fail "--timeout is a number of seconds"
  # shellcheck source=/dev/null
  . "$here/$target.sh"
}
is_pinned() { [[ $1 == *@sha256:* || ($1 == *:* && $1 != *:latest) ]] || fail "$1 names no version: give a tag or, better, a digest; never latest"; }
smoke() { # asks what the public reaches, with the command of the image that is to serve
  local command=${GAZETTE_SMOKE:-docker run --rm --network host --env GAZETTE_TOKEN $1} asked=(smoke --url "$url" --wait 30)
  [ -n "$url" ] || { say "no --url: what the public reaches is not asked"; return; }
  if [ -n "$expect" ] && [ -n "${GAZETTE_TOKEN:-}" ]; then asked+=(--expect-version "$expect"); fi
  # shellcheck disable=SC2086 # a command and its arguments
  run $command "${asked[@]}"
}
