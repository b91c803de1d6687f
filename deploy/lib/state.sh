# shellcheck shell=bash disable=SC2034,SC2154 # variables pass between these files
# Where a checkout keeps what it makes: .rookery/, never committed.
#   log/       what each program printed          postgres/  private database clusters, one a purpose
#   secrets/   generated passwords, mode 0600     venv/      the Python environment

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$project" || exit 1
state=$project/.rookery
source "$project/deploy/lib/say.sh"

mkdir -p "$state/log" "$state/postgres" "$state/secrets"
chmod 0700 "$state/secrets"

# hold_lock NAME TEXT: waits, saying TEXT, until no other script of this checkout holds NAME. Ends with this script or by release_lock.
declare -A lock_descriptors=()
hold_lock() {
    try_lock "$1" && return
    say "$2"
    flock "${lock_descriptors[$1]}"
}

# try_lock NAME: the same without waiting; fails when another script holds it.
try_lock() {
    local descriptor
    exec {descriptor}>"$state/$1.lock"
    lock_descriptors[$1]=$descriptor
    flock --nonblock "$descriptor"
}

release_lock() {
    local descriptor=${lock_descriptors[$1]}
    exec {descriptor}>&-
    unset "lock_descriptors[$1]"
}

# secret_file NAME: the file of the generated secret of that name, 64 hexadecimal digits, made at first use.
secret_file() {
    local file=$state/secrets/$1
    [[ -s $file ]] || (umask 077 && od -An -N32 -v -tx1 /dev/urandom | tr -d ' \n' >"$file.new" && mv "$file.new" "$file")
    printf '%s' "$file"
}

secret() { cat "$(secret_file "$1")"; }
