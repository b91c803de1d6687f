# shellcheck shell=bash
# A check script counts what it checked: `check` or `expect` for each, `finish_checks` at the end. Runs in the project's root.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$project" || exit 1
source "$project/deploy/lib/say.sh"

passed=0
failed=0

# report_passed TEXT
report_passed() {
    passed=$((passed + 1))
    say "ok      $1"
}

# report_failed TEXT [DETAIL]: DETAIL may have many lines and is shown indented.
report_failed() {
    failed=$((failed + 1))
    complain "FAILED  $1"
    [[ -z ${2:-} ]] || sed 's/^/        /' <<<"$2" >&2
}

# check TEXT COMMAND…: passes when COMMAND succeeds, and otherwise shows what it printed.
check() {
    local text=$1 output
    shift
    if output=$("$@" 2>&1); then report_passed "$text"; else report_failed "$text" "$output"; fi
}

# expect_nothing TEXT FINDINGS: passes when FINDINGS is empty.
expect_nothing() {
    if [[ -z $2 ]]; then report_passed "$1"; else report_failed "$1" "$2"; fi
}

# count_reports COMMAND…: runs a proof that prints "ok<tab>TEXT" or "FAILED<tab>TEXT<tab>DETAIL" lines; one that ends badly fails too.
count_reports() {
    local kind text detail status=0 lines
    lines=$(mktemp)
    "$@" >"$lines" || status=$?
    while IFS=$'\t' read -r kind text detail; do
        case $kind in
            ok) report_passed "$text" ;;
            FAILED) report_failed "$text" "$detail" ;;
            *) say "$kind${text:+ $text}" ;;
        esac
    done <"$lines"
    rm -f "$lines"
    ((status == 0)) || report_failed "$(basename "$2") ran to its end" "status $status"
}

# finish_checks: prints the closing line that deploy/test adds up, and fails when a check failed or none ran.
finish_checks() {
    say "$passed passed, $failed failed"
    ((failed == 0 && passed > 0)) || exit 1
    exit 0
}
