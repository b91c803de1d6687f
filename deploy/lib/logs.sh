# shellcheck shell=bash disable=SC2034,SC2154 # variables pass between these files
# Running a long command with its output kept in a log and thinned out on the screen.

# show_progress LOG: copies standard input to LOG, and to the screen all but most of the progress lines of a build and of
# the packages that it fetches.
show_progress() {
    local line last=-10 progress='^(\[[0-9]+/[0-9]+\]|Fetch(ing|ed) |Comput(ing|ed) |Creating working copy |Working copy of )'
    while IFS= read -r line || [[ -n $line ]]; do
        printf '%s\n' "$line" >&3
        if [[ $line =~ $progress && $line != *error:* && $line != *warning:* ]]; then
            ((SECONDS - last >= 10)) || continue
            last=$SECONDS
        fi
        printf '%s\n' "$line"
    done 3>"$1"
}

# run_logged LOG COMMAND…: like run_attached, with standard output and error through show_progress.
run_logged() {
    local log=$1 status=0 sink reader
    shift
    exec {sink}> >(trap '' INT TERM; show_progress "$log")
    reader=$!
    run_attached "$@" >&"$sink" 2>&1 || status=$?
    exec {sink}>&-
    wait "$reader" || true
    return "$status"
}
