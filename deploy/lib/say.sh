# shellcheck shell=bash
# What a person reads: one form for progress, notes and failures.

if [[ -t 1 ]]; then bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'; else bold='' red='' plain=''; fi

# step TEXT: a new stage begins. Carries the seconds since the script started, so that slow stages show.
step() { printf '%s==> %s%s (at %ds)\n' "$bold" "$*" "$plain" "$SECONDS"; }

# say TEXT: a fact worth reading.
say() { printf '%s\n' "$*"; }

# complain TEXT: what went wrong and what to do about it, on standard error.
complain() { printf '%s%s%s\n' "$red" "$*" "$plain" >&2; }

# fail TEXT: complain and leave.
fail() {
    complain "$@"
    exit 1
}
