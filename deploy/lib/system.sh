# shellcheck shell=bash disable=SC2034,SC2154 # variables pass between these files
# A running platform for one check: its own database with the demo in it, on the PostgreSQL that DATABASE_URL names
# or on the private one for tests. Everything is gone when the check ends.

source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"
source "$project/deploy/lib/state.sh"
source "$project/deploy/lib/packages.sh"
source "$project/deploy/lib/processes.sh"
source "$project/deploy/lib/postgres.sh"
source "$project/deploy/lib/logs.sh"
source "$project/deploy/lib/build.sh"
source "$project/deploy/lib/server.sh"
source "$project/deploy/lib/demo.sh"

# database_url URL NAME: URL with another database.
database_url() {
    local base=${1%%\?*} query=${1#"${1%%\?*}"}
    base=${base#postgresql://}
    base=${base#postgres://}
    printf 'postgres://%s/%s%s' "${base%%/*}" "$2" "$query"
}

# prepare_system NAME: program, database, schema and demo; $credentials names the demo's file.
prepare_system() {
    system_name=$1
    install_packages build run test
    require_swift
    install_python_packages run test
    if [[ -z ${DATABASE_URL:-} ]]; then
        start_cluster test fsync=off full_page_writes=off max_connections=600
        DATABASE_URL=$cluster_url/postgres
    fi
    system_server=$DATABASE_URL
    system_database=rookery_check_${1//-/_}
    build_rookery debug
    psql -X -q "$system_server" -c "drop database if exists $system_database" -c "create database $system_database"
    at_exit drop_system
    DATABASE_URL=$(database_url "$system_server" "$system_database")
    export DATABASE_URL
    server_environment
    system_log=$state/log/$1-serve.log
    : >"$system_log"
    migrate_database
    seed_demo
}

drop_system() {
    [[ -z ${server_pid:-} ]] || ! is_running "$server_pid" || stop_process "$server_pid"
    psql -X -q "$system_server" -c "drop database if exists $system_database" || true
    [[ -z ${credentials:-} ]] || rm -f "$credentials"
}
