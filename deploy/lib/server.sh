# shellcheck shell=bash disable=SC2034,SC2154 # variables pass between these files
# A rookery server on $DATABASE_URL, on a port of its own. Settings are passed as the environment; `rookery config` lists them.

# server_environment: what every rookery started from here gets, unless the environment already says otherwise.
server_environment() {
    local viewer
    viewer=$(printf '%s\n' "$state"/venv/lib/python3*/site-packages/drf_spectacular_sidecar/static/drf_spectacular_sidecar/swagger-ui-dist)
    export ROOKERY_ROOT=$project
    [[ ! -d $viewer ]] || export ROOKERY_DOCS_DIRECTORY=${ROOKERY_DOCS_DIRECTORY:-$viewer}
    [[ -n ${ROOKERY_MASTER_KEY:-}${ROOKERY_MASTER_KEY_FILE:-} ]] || {
        ROOKERY_MASTER_KEY_FILE=$(secret_file master-key)
        export ROOKERY_MASTER_KEY_FILE
    }
    [[ -n ${ROOKERY_DATABASE_ROLE_PASSWORD:-}${ROOKERY_DATABASE_ROLE_PASSWORD_FILE:-} ]] || {
        ROOKERY_DATABASE_ROLE_PASSWORD_FILE=$(secret_file postgres-roles)
        export ROOKERY_DATABASE_ROLE_PASSWORD_FILE
    }
}

# migrate_database: the schema and the policies of $DATABASE_URL, brought up to date.
migrate_database() {
    # It says on its own what it applied; the log would say it again.
    ROOKERY_LOG_LEVEL=${ROOKERY_LOG_LEVEL:-warning} run_attached "$rookery" migrate || fail "The migration failed; nothing was changed. The lines above say why."
}

# start_server PORT LOG [NAME=VALUE…]: starts `rookery serve` and waits until it is ready. Sets $server_url and $server_pid.
start_server() {
    local port=$1 log=$2
    shift 2
    server_url=http://127.0.0.1:$port
    start_process "rookery serve" "$log" TERM 30 env ROOKERY_PORT="$port" ROOKERY_PUBLIC_URL="${ROOKERY_PUBLIC_URL:-$server_url}" "$@" "$rookery" serve
    server_pid=$started_pid
    wait_until_ready "$log"
}

# wait_until_ready LOG: fails, with the end of the log, when the server ends or is not ready within a minute.
wait_until_ready() {
    local deadline=$((SECONDS + 60))
    until curl -fsS -o /dev/null --max-time 2 "$server_url/health/ready" 2>/dev/null; do
        is_running "$server_pid" || fail "The server ended; the end of $1 says:"$'\n'"$(tail -n 20 "$1")"
        ((SECONDS < deadline)) || fail "The server is not ready after a minute; the end of $1 says:"$'\n'"$(tail -n 20 "$1")"
        sleep 0.05
    done
}
