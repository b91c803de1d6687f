# shellcheck shell=bash disable=SC2034,SC2154 # variables pass between these files
# The load under which checks kill things: devices that send and remember what was acknowledged (deploy/proofs/acknowledged.py).

# start_load DEVICES
start_load() {
    load_plan=$state/$system_name-plan.json
    load_journal=$state/$system_name-journal.json
    rm -f "$load_journal"
    "$python" deploy/proofs/prepare_load.py "$server_url" "$credentials" "$1" >"$load_plan"
    : >"$state/log/$system_name-load.log"
    start_process "the load" "$state/log/$system_name-load.log" TERM 90 \
        "$python" deploy/proofs/acknowledged.py load "$server_url" "$load_plan" "$load_journal"
    load_pid=$started_pid
}

# finish_load: lets every device have its last message acknowledged, then compares.
finish_load() {
    stop_process "$load_pid"
    [[ -s $load_journal ]] || fail "The load ended badly: $(tail -n 5 "$state/log/$system_name-load.log")"
    count_reports "$python" deploy/proofs/acknowledged.py verify "$server_url" "$load_plan" "$load_journal"
}
