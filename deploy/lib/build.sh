# shellcheck shell=bash disable=SC2034,SC2154 # variables pass between these files
# The `rookery` program, built only when something that it is made of changed.

# build_rookery debug|release: sets $rookery to the program's path.
build_rookery() {
    local kind=$1 stamp=$state/built-$1
    rookery=$project/.build/$kind/rookery
    if [[ -x $rookery && -e $stamp && -z $(find Package.swift Sources -newer "$stamp" -print -quit) ]]; then return; fi
    step "Building rookery ($kind; the first time takes some minutes)"
    touch "$stamp.new"
    run_logged "$state/log/build-$kind.log" swift build --configuration "$kind" --product rookery ||
        fail "The build failed; see ${state#"$project"/}/log/build-$kind.log"
    mv "$stamp.new" "$stamp"
}
