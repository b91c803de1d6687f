# shellcheck shell=bash disable=SC2034,SC2154 # variables pass between these files
# The demo: two organizations with users, sites, models and devices, made by `rookery seed --demo --credentials FILE`.
# FILE holds what can be shown only once (mode 0600), and belongs to one database:
#   { "sign_ins": [ { "organization", "role", "email", "password" } ],
#     "devices": [ { "organization", "id", "device_key", "type", "token" } ] }

# seed_demo: loads the demo into $DATABASE_URL unless it is there. Sets $credentials to FILE.
seed_demo() {
    local database
    # Not by its address: a private cluster may get another port, and a new database the name of an old one.
    database=$(psql -X -q -t -A "$DATABASE_URL" -c \
        "select system_identifier, (select oid from pg_database where datname = current_database()) from pg_control_system()" \
        2>/dev/null || printf '%s' "$DATABASE_URL")
    database=$(sha256sum <<<"$database" | cut -c1-16)
    credentials=$state/secrets/demo-$database.json
    if [[ -s $credentials ]]; then return; fi
    step "Loading two demo organizations"
    run_attached "$rookery" seed --demo --credentials "$credentials" || fail "The demo could not be loaded; the lines above say why."
}

# demo FILTER…: what jq makes of the credentials.
demo() { jq -r "$@" "$credentials"; }

# print_demo_sign_ins: one line a user.
print_demo_sign_ins() {
    demo '.sign_ins[] | "\(.organization)\t\(.role)\t\(.email)\t\(.password)"' |
        while IFS=$'\t' read -r organization role email password; do
            printf '  %-22s %-18s %-38s %s\n' "$organization" "$role" "$email" "$password"
        done
}

# print_demo_curl: four lines that work when pasted into bash.
print_demo_curl() {
    local admin email password token
    admin='(.devices[0].organization) as $o | .sign_ins | (map(select(.organization == $o and .role == "org_admin")) + .)[0]'
    email=$(demo "$admin | .email")
    password=$(demo "$admin | .password")
    token=$(demo 'first(.devices[] | select(.type == "environmental_sensor")) | .token')
    cat <<TEXT
  TOKEN=\$(curl -s $server_url/api/v1/auth/login -H 'Content-Type: application/json' -d '{"email":"$email","password":"$password"}' | jq -r .access_token)
  curl -s "$server_url/api/v1/devices?limit=5" -H "Authorization: Bearer \$TOKEN" | jq '.items[] | {id, name, device_key}'
  curl -siw '\n' $server_url/api/v1/devices/me/telemetry -H 'Authorization: Bearer $token' -H 'Content-Type: application/json' -d '{"values":{"temperature":31.5,"co2":3100}}'
  curl -s "$server_url/api/v1/alarms?limit=5" -H "Authorization: Bearer \$TOKEN" | jq '.items[] | {id, severity, state, message}'
TEXT
}
