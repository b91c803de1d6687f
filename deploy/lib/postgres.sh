# shellcheck shell=bash disable=SC2034,SC2154 # variables pass between these files
# Private PostgreSQL clusters under .rookery/postgres, each with its own port and socket. They belong to an unprivileged
# user (PostgreSQL refuses root): to `postgres` when the script runs as root, otherwise to whoever runs it. What a script
# started it stops; a cluster that another script already runs is used and left alone.

postgres_user=$(id -un)
((EUID != 0)) || postgres_user=postgres

# as_postgres COMMAND…: as the clusters' user, in a directory that it can enter.
as_postgres() {
    if ((EUID == 0)); then
        (cd / && exec setpriv --reuid="$postgres_user" --regid="$(id -g "$postgres_user")" --init-groups "$@")
    else
        "$@"
    fi
}

# postgres_tool NAME: the newest installed version's program.
postgres_tool() {
    local found
    found=$(printf '%s\n' /usr/lib/postgresql/*/bin/"$1" | sort -V | tail -n 1)
    [[ -x $found ]] || fail "PostgreSQL's $1 is not installed (apt-get install postgresql)."
    printf '%s' "$found"
}

# cluster_home NAME: the directory of a cluster, made at first use. When the checkout lies where the clusters' user cannot go
# (below /root, say), the cluster lives in /var/lib/rookery and .rookery/postgres/NAME is a link to it.
cluster_home() {
    local link=$state/postgres/$1 home
    if [[ ! -e $link ]]; then
        rm -f "$link"
        if as_postgres test -x "$state/postgres"; then
            mkdir "$link"
        else
            home=/var/lib/rookery/$(printf '%s' "$project" | sha256sum | cut -c1-12)-$1
            install -d -m 0755 /var/lib/rookery "$home"
            ln -s "$home" "$link"
        fi
        ((EUID != 0)) || chown "$postgres_user:" "$(readlink -f "$link")"
        chmod 0700 "$(readlink -f "$link")"
    fi
    readlink -f "$link"
}

# free_port: one on which nobody listens on this machine now.
free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); do
        port_is_taken "$port" || break
    done
    printf '%s' "$port"
}

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# cluster_pid HOME: the number of the postmaster that runs on the cluster, or nothing.
cluster_pid() {
    local pid
    pid=$(as_postgres cat "$1/data/postmaster.pid" 2>/dev/null | head -n 1) || return 0
    [[ -n $pid && $(cat "/proc/$pid/comm" 2>/dev/null) == postgres ]] && printf '%s' "$pid"
    return 0
}

# create_cluster HOME
create_cluster() {
    local home=$1
    step "Creating a PostgreSQL cluster in ${home#"$project"/}"
    as_postgres rm -rf "$home/data.new"
    as_postgres "$(postgres_tool initdb)" --pgdata="$home/data.new" --username="$postgres_user" --encoding=UTF8 --locale=C.UTF-8 \
        --auth-local=peer --auth-host=scram-sha-256 --data-checksums >"$state/log/initdb.log" 2>&1 ||
        fail "initdb failed; $state/log/initdb.log says:"$'\n'"$(cat "$state/log/initdb.log")"
    as_postgres mv "$home/data.new" "$home/data"
}

# launch_postmaster HOME PORT SOCKET LOG [SETTING=VALUE…]: sets $started_pid.
launch_postmaster() {
    local home=$1 port=$2 socket=$3 log=$4 setting options=()
    shift 4
    for setting in "$@"; do options+=(-c "$setting"); done
    local command=("$(postgres_tool postgres)" -D "$home/data" -c "port=$port" -c listen_addresses=127.0.0.1
        -c "unix_socket_directories=$socket" -c max_connections=200 -c shared_buffers=256MB -c jit=off "${options[@]}")
    ((EUID != 0)) || command=(setpriv --reuid="$postgres_user" --regid="$(id -g "$postgres_user")" --init-groups "${command[@]}")
    # SIGINT is PostgreSQL's fast shutdown: sessions end, the data is written, no recovery at the next start.
    start_process PostgreSQL "$log" INT 60 env --chdir=/ LC_ALL=C.UTF-8 "${command[@]}"
}

# start_cluster NAME [SETTING=VALUE…]: starts the cluster, or joins it when it runs. Sets $cluster_port, $cluster_socket,
# $cluster_postmaster, and $cluster_url, which signs in as the role that owns what it creates (CREATEROLE, CREATEDB, no superuser).
start_cluster() {
    local name=$1 home log pid attempt
    shift
    hold_lock "postgres-$name" "Another script is starting this PostgreSQL cluster; waiting."
    home=$(cluster_home "$name")
    log=$state/log/postgres-$name.log
    as_postgres test -d "$home/data" || create_cluster "$home"

    # A socket's path may have 107 bytes at most.
    cluster_socket=$home
    ((${#cluster_socket} < 80)) || cluster_socket=/tmp

    pid=$(cluster_pid "$home")
    if [[ -n $pid ]]; then
        cluster_port=$(as_postgres sed -n 4p "$home/data/postmaster.pid")
        cluster_socket=$(as_postgres sed -n 5p "$home/data/postmaster.pid")
        cluster_postmaster=$pid
        if is_running "$(cat "$state/postgres/$name.owner" 2>/dev/null)"; then
            say "PostgreSQL already runs on port $cluster_port, started by another script; it is used and left running."
        else
            say "PostgreSQL still runs on port $cluster_port after a script that was killed; it is used, and stopped at the end."
            adopt_process "$pid" PostgreSQL INT 60
            printf '%s\n' $$ >"$state/postgres/$name.owner"
        fi
    else
        for attempt in 1 2 3 4 5; do
            cluster_port=$(cat "$state/postgres/$name.port" 2>/dev/null || free_port)
            ! port_is_taken "$cluster_port" || cluster_port=$(free_port)
            launch_postmaster "$home" "$cluster_port" "$cluster_socket" "$log" "$@"
            cluster_postmaster=$started_pid
            wait_for_cluster && break
            stop_process "$cluster_postmaster"
            rm -f "$state/postgres/$name.port"
            ((attempt < 5)) || fail "PostgreSQL does not start; the end of $log says:"$'\n'"$(tail -n 15 "$log")"
        done
        printf '%s\n' "$cluster_port" >"$state/postgres/$name.port"
        printf '%s\n' $$ >"$state/postgres/$name.owner"
        say "PostgreSQL runs on port $cluster_port (data in ${home#"$project"/}/data, log in ${log#"$project"/})."
    fi
    prepare_roles
    release_lock "postgres-$name"
    cluster_url=postgres://rookery_migrator:$(secret postgres-migrator)@127.0.0.1:$cluster_port
}

# wait_for_cluster: until the postmaster accepts sessions; fails when it ends first or takes longer than a minute.
wait_for_cluster() {
    local deadline=$((SECONDS + 60))
    while ((SECONDS < deadline)); do
        is_running "$cluster_postmaster" || return 1
        as_superuser -c 'select 1' >/dev/null 2>&1 && return
        sleep 0.1
    done
    return 1
}

# as_superuser ARGUMENT…: psql on the cluster as its superuser (by operating-system user, on the socket only).
as_superuser() {
    as_postgres psql -X -q -v ON_ERROR_STOP=1 -h "$cluster_socket" -p "$cluster_port" -U "$postgres_user" -d postgres "$@"
}

# prepare_roles: the role that DATABASE_URL names, with the password of .rookery/secrets.
prepare_roles() {
    as_superuser >/dev/null <<SQL
select 'create role rookery_migrator' where to_regrole('rookery_migrator') is null \gexec
alter role rookery_migrator login createrole createdb nosuperuser nobypassrls noreplication password '$(secret postgres-migrator)';
SQL
}

# ensure_database NAME: a database that the migrator owns, in the cluster last started.
ensure_database() {
    as_superuser >/dev/null <<SQL
select 'create database "$1" owner rookery_migrator' where not exists (select from pg_database where datname = '$1') \gexec
SQL
}
