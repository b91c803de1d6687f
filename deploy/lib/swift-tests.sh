# shellcheck shell=bash disable=SC2034,SC2154 # variables pass between these files
# Which test targets there are, and what a run of them says.

# test_targets pure|database: the names of the test targets, from the manifest. A target that is built with TestStorage, TestSupport or
# speaks to PostgresClient directly needs a database; a new one falls on its side by itself.
test_targets() {
    swift package dump-package | jq -r --arg kind "$1" '
        .targets[] | select(.type == "test")
        | ([.dependencies[] | (.byName // .target // empty)[0]] | any(. == "TestStorage" or . == "TestSupport" or . == "PostgresClient")) as $database
        | select($database == ($kind == "database")) | .name'
}

# count_tests LOG STATUS: reads a log of `swift test`; sets $tests_passed and $tests_failed.
# A run that ended badly without naming a failed test counts as one failure.
count_tests() {
    local total named
    total=$(sed -nE 's/^.* Test run with ([0-9]+) tests?( in [0-9]+ suites?)? (passed|failed) after .*$/\1/p' "$1" | awk '{ n += $1 } END { print n + 0 }')
    named=$(grep -E ' Test .* failed after [0-9.]+ seconds' "$1" | grep -cvE ' Test (run with|case passing) ' || true)
    tests_failed=$named
    ((total > 0)) || total=$((named + $(grep -E ' Test .* passed after [0-9.]+ seconds' "$1" | grep -cvE ' Test (run with|case passing) ' || true)))
    ((total >= named)) || total=$named
    tests_passed=$((total - named))
    (($2 == 0 || tests_failed > 0)) || tests_failed=1
}

# failed_tests LOG: their names, a line each.
failed_tests() { sed -nE 's/^.* Test (.*) failed after [0-9.]+ seconds.*$/\1/p' "$1" | grep -v '^run with' || true; }
