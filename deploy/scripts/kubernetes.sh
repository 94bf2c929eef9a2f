# shellcheck shell=bash disable=SC2034,SC2154 # the files that include one another share these variables
# The target kubernetes: the Deployments, the migration's Job and the backup's CronJob of deploy/kubernetes, in the cluster that
# kubectl's current context names. Images are replaced in whatever container runs Gazette's: Envoy's stays.

kube() { kubectl --namespace "$namespace" "$@"; }
roles=(server worker)

needs() { command -v kubectl > /dev/null || fail "needs kubectl"; }
containers() { # workload, path of its template, which: names and images of those that run Gazette's image, which is all but Envoy
  kube get "$1" --output "jsonpath={range $2.spec.$3[*]}{.name}{' '}{.image}{'\n'}{end}" | awk 'NF == 2 && $2 !~ /envoyproxy/'
}
current_image() { containers deployment/gazette-server .spec.template containers | awk '{ print $2; exit }'; }
set_image() { # workload, path of its template, image
  local names=() name
  while read -r name _; do names+=("$name=$3"); done < <(containers "$1" "$2" initContainers && containers "$1" "$2" containers)
  [ ${#names[@]} -gt 0 ] || { echo "$1 has no container of Gazette's" >&2; return 1; }
  run kube set image "$1" "${names[@]}"
}
job_ends() { # name of a job: waits until it is complete or has failed; says which
  local end=$((SECONDS + timeout)) state=''
  [ "$dry_run" = false ] || return 0
  while [ $SECONDS -lt $end ]; do
    state=$(kube get job "$1" --output 'jsonpath={.status.conditions[?(@.status=="True")].type}') || return 1
    case $state in *Complete*) return 0 ;; *Failed*) break ;; esac
    sleep "${POLL_SECONDS:-2}"
  done
  echo "job $1: ${state:-has not ended in $timeout s}" >&2
  kube logs "job/$1" --tail=30 >&2 || true
  return 1
}
back_up() {
  local name
  name=gazette-backup-$(date +%s)
  run kube create job "$name" --from=cronjob/gazette-backup && job_ends "$name"
}
migrate() { # image, revision: the Job of deploy/kubernetes again, with this image
  local name arguments
  name=gazette-migrate-$(date +%s)
  arguments=$(kube get job gazette-migrate --output json | "$here/migration_job.py" "$name" "$1" "$2") || return 1
  if [ "$dry_run" = true ]; then echo "+ kubectl create --filename - # $name: gazette migrate $2 with $1" >&2; return 0; fi
  kube create --filename - <<< "$arguments" >&2 && job_ends "$name"
}
roll_out() { # image
  local role
  for role in "${roles[@]}"; do
    set_image "deployment/gazette-$role" .spec.template "$1" || return 1
  done
  settled
}
settled() {
  local role
  for role in "${roles[@]}"; do
    run kube rollout status "deployment/gazette-$role" "--timeout=${timeout}s" || return 1
  done
}
restart() { run kube rollout restart "${roles[@]/#/deployment/gazette-}" && settled; }
finish() { # the backup's image follows the version that serves
  [ -z "$backup_image" ] || set_image cronjob/gazette-backup .spec.jobTemplate.spec.template "$backup_image"
}
