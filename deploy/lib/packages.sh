# shellcheck shell=bash disable=SC2034,SC2154 # variables pass between these files
# Debian packages (deploy/packages) and the Python environment (.rookery/venv). Both install only what is missing.

# as_root COMMAND…: runs it as root, through sudo when needed.
as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "This needs root or sudo, and there is neither: $*"
    fi
}

# package_names PURPOSE…: the names in deploy/packages that are listed for one of the purposes.
package_names() {
    local wanted=" $* " name purpose
    while read -r name purpose; do
        [[ -z $name || $name == \#* || $wanted != *" $purpose "* ]] || printf '%s\n' "$name"
    done <"$project/deploy/packages"
}

package_is_installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# install_packages PURPOSE…
install_packages() {
    command -v dpkg-query >/dev/null || fail "This is not Debian: install what deploy/packages lists, then try again."
    local name missing=()
    for name in $(package_names "$@"); do
        package_is_installed "$name" || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    step "Installing Debian packages: ${missing[*]}"
    as_root apt-get -qq update || fail "apt-get update failed: is the network reachable?"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}" \
        >"$state/log/apt.log" 2>&1 || fail "apt-get install failed; the end of $state/log/apt.log says:"$'\n'"$(tail -n 15 "$state/log/apt.log")"
}

# require_swift: the toolchain is not a Debian package, so it has to be there.
require_swift() {
    command -v swift >/dev/null || fail "Swift 6.3 is not on the PATH: install it from https://www.swift.org/install/linux/ and try again."
    local version
    version=$( (swift --version 2>&1 || true) | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -n 1)
    [[ $version =~ ^([0-9]+)\.([0-9]+)$ ]] || fail "swift --version does not answer as expected:"$'\n'"$(swift --version 2>&1)"
    ((BASH_REMATCH[1] > 6 || (BASH_REMATCH[1] == 6 && BASH_REMATCH[2] >= 3))) ||
        fail "Swift $version is too old: 6.3 or newer is needed."
}

# install_python_packages LIST…: the pinned lists deploy/python/LIST.txt into .rookery/venv, which $python then names.
# A package that is only data (no code of its own is run) is listed in LIST-data.txt and comes without what it depends on.
install_python_packages() {
    local list file options
    python="$state/venv/bin/python"
    [[ -x $python ]] || {
        step "Making a Python environment in ${state#"$project"/}/venv"
        /usr/bin/python3 -m venv "$state/venv"
    }
    for list in "$@"; do
        for file in "$list" "$list-data"; do
            [[ -f $project/deploy/python/$file.txt ]] || continue
            cmp -s "$project/deploy/python/$file.txt" "$state/venv/$file.installed" && continue
            step "Installing Python packages: $file"
            options=(--quiet --no-input)
            [[ $file != *-data ]] || options+=(--no-deps)
            "$python" -m pip install "${options[@]}" --requirement "$project/deploy/python/$file.txt" \
                >"$state/log/pip.log" 2>&1 ||
                fail "pip failed; the end of $state/log/pip.log says:"$'\n'"$(tail -n 15 "$state/log/pip.log")"
            cp "$project/deploy/python/$file.txt" "$state/venv/$file.installed"
        done
    done
}
