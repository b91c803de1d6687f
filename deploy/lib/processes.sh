# shellcheck shell=bash disable=SC2034,SC2154 # variables pass between these files
# Everything that a script starts is stopped when it ends, however it ends: by itself, by Ctrl-C, by SIGTERM.
# Each process is started in a session of its own, so that Ctrl-C in a terminal reaches this script alone and
# the script stops the others in order, newest first. Only processes started here are ever signalled, by number.

started=()         # their process numbers, oldest first
declare -A stop_signal=() stop_seconds=() started_name=()
declare -A with_group=()   # those whose children are told to stop, too
exit_steps=()      # functions to call before the processes are stopped

# start_process NAME LOG SIGNAL SECONDS COMMAND…: in the background; sets $started_pid.
# It will be stopped with SIGNAL, and killed when it is still there after SECONDS.
start_process() {
    local name=$1 log=$2 signal=$3 seconds=$4
    shift 4
    in_own_session "$@" >>"$log" 2>&1 </dev/null &
    started_pid=$!
    adopt_process "$started_pid" "$name" "$signal" "$seconds"
}

# in_own_session COMMAND…: replaces the (background) shell; the locks of this script stay with the script.
in_own_session() {
    local descriptor
    for descriptor in "${lock_descriptors[@]}"; do exec {descriptor}>&-; done
    exec setsid "$@"
}

# adopt_process PID NAME SIGNAL SECONDS: this script will stop it.
adopt_process() {
    started+=("$1")
    started_name[$1]=$2 stop_signal[$1]=$3 stop_seconds[$1]=$4
}

is_running() { [[ -n ${1:-} ]] && kill -0 "$1" 2>/dev/null && [[ $(ps -o stat= -p "$1" 2>/dev/null) != Z* ]]; }

# stop_process PID [SIGNAL]: waits until it is gone (SIGNAL 0 only waits). Its status is in $stop_status when it was a child of ours.
stop_process() {
    local pid=$1 signal=${2:-${stop_signal[$1]:-TERM}} seconds=${stop_seconds[$1]:-10} deadline
    deadline=$((SECONDS + seconds))
    kill -"$signal" -- "${with_group[$pid]:-}$pid" 2>/dev/null || true
    while is_running "$pid"; do
        if ((SECONDS > deadline)); then
            complain "${started_name[$pid]:-process} $pid did not stop within $seconds s and is killed."
            kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || true
            break
        fi
        sleep 0.05
    done
    stop_status=0
    wait "$pid" 2>/dev/null || stop_status=$?
    forget_process "$pid"
}

# kill_process PID: what kill -9 does, on one of this script's own; says nothing about it.
kill_process() {
    kill -KILL "$1"
    wait "$1" 2>/dev/null || true
    forget_process "$1"
}

# forget_process PID: it is gone, or somebody else's from now on.
forget_process() {
    local kept=() pid
    for pid in "${started[@]}"; do [[ $pid == "$1" ]] || kept+=("$pid"); done
    started=("${kept[@]}")
}

# run_attached COMMAND…: like running it, but a signal to this script is acted upon at once instead of after it.
run_attached() {
    local pid status=0
    in_own_session "$@" </dev/null &
    pid=$!
    adopt_process "$pid" "$1" TERM 60
    with_group[$pid]=-
    wait "$pid" || status=$?
    forget_process "$pid"
    return "$status"
}

# at_exit FUNCTION: called before the processes are stopped.
at_exit() { exit_steps+=("$1"); }

leave() {
    local status=$? index step
    trap '' INT TERM HUP
    trap - EXIT
    set +e
    for step in "${exit_steps[@]}"; do "$step"; done
    for ((index = ${#started[@]} - 1; index >= 0; index--)); do stop_process "${started[index]}"; done
    exit "$status"
}

trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
