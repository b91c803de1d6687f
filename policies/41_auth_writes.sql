-- Signing in and staying signed in, each as one atomic statement.
set local role rookery_owner;
select app.policy_declare_all(format('app.%I', name)::regclass, 'rookery_guard')
from unnest(array[
    'sessions', 'refresh_tokens', 'user_tokens', 'login_throttle', 'users', 'memberships', 'platform_admins']) as name;
grant select, insert, update on app.sessions, app.refresh_tokens, app.user_tokens to rookery_guard;
grant select, insert, update, delete on app.login_throttle to rookery_guard;
grant select (id, status, deleted_at, password_hash, default_organization_id), update (password_hash, status) on app.users
    to rookery_guard;
grant select (organization_id, user_id, status) on app.memberships to rookery_guard;
grant select (user_id) on app.platform_admins to rookery_guard;
reset role;

set local role rookery_guard;

/* Counts a failed sign-in on every bucket; from `max_failures` in a window on, each locks the bucket, twice as long every
   time, at most a day. Answers until when it is locked, or null. */
create or replace function auth.record_failure(
    buckets bytea[], max_failures integer, window_seconds integer, lock_seconds integer
) returns timestamptz
language sql volatile security definer
set search_path = pg_catalog
as $$
    with counted as (
        insert into app.login_throttle as t (bucket_hash, failures, window_at)
        select b.bucket, 1, now() from (select distinct unnest(buckets) as bucket) b order by b.bucket
        on conflict (bucket_hash) do update set
            failures = case when t.window_at + make_interval(secs => window_seconds) < now() then 1 else t.failures + 1 end,
            window_at = case when t.window_at + make_interval(secs => window_seconds) < now() then now() else t.window_at end,
            locked_until_at = case
                when t.window_at + make_interval(secs => window_seconds) >= now() and t.failures + 1 >= max_failures
                then now() + make_interval(secs => least(
                    86400.0, lock_seconds * power(2.0, least(20, t.failures + 1 - max_failures)))::float8)
            end
        returning locked_until_at
    )
    select max(locked_until_at) from counted
$$;

/* Opens a session with its first refresh token, forgets the failures of `buckets`, and keeps a rehashed password.
   `organization` null is for a person who belongs to none. False, and nothing done, when the person is not active, or
   neither a member of the organization nor (for null) anybody who may sign in. */
create or replace function auth.record_login(
    person uuid, organization uuid, session uuid, sign_in_method text, address inet, user_agent text,
    session_expires_at timestamptz, refresh_hash bytea, refresh_expires_at timestamptz, buckets bytea[],
    new_password_hash text default null
) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
    perform from app.users u where u.id = person and u.status = 'active' and u.deleted_at is null;
    if not found then
        return false;
    end if;
    if organization is not null then
        perform from app.memberships m
        join app.organizations o on o.id = m.organization_id and o.status = 'active' and o.deleted_at is null
        where m.organization_id = organization and m.user_id = person and m.status = 'active';
        if not found then
            return false;
        end if;
    end if;
    insert into app.sessions (id, user_id, organization_id, method, ip, agent, expires_at)
    values (session, person, organization, sign_in_method, address, left(user_agent, 500), session_expires_at);
    insert into app.refresh_tokens (token_hash, session_id, expires_at) values (refresh_hash, session, refresh_expires_at);
    delete from app.login_throttle t where t.bucket_hash = any (buckets);
    if new_password_hash is not null then
        update app.users u set password_hash = new_password_hash where u.id = person;
    end if;
    return true;
end
$$;

/* Uses a refresh token. outcome: `rotated` (the new one is in place), `replayed` (used up to `grace_seconds` ago: the
   sealed successor is answered again, for a client that lost the answer), `reused` (its whole session is revoked now),
   `expired`, `revoked`, `unknown`. */
create or replace function auth.rotate_refresh(
    presented_hash bytea, new_hash bytea, new_sealed bytea, new_expires_at timestamptz, grace_seconds integer
) returns table (outcome text, session_id uuid, user_id uuid, organization_id uuid, successor_sealed bytea)
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
#variable_conflict use_column
declare
    token app.refresh_tokens;
    session app.sessions;
begin
    select * into token from app.refresh_tokens t where t.token_hash = presented_hash for update;
    if not found then
        outcome := 'unknown';
        return next;
        return;
    end if;
    select * into session from app.sessions s where s.id = token.session_id for update;
    session_id := session.id;
    user_id := session.user_id;
    organization_id := session.organization_id;
    if session.revoked_at is not null or not exists (
        select from app.users u where u.id = session.user_id and u.status = 'active' and u.deleted_at is null) then
        outcome := 'revoked';
    elsif token.used_at is not null and token.used_at + make_interval(secs => grace_seconds) >= now() then
        outcome := 'replayed';
        successor_sealed := token.successor_sealed;
    elsif token.used_at is not null then
        update app.sessions s set revoked_at = now() where s.id = session.id;
        outcome := 'reused';
    elsif token.expires_at <= now() or session.expires_at <= now() then
        outcome := 'expired';
    else
        update app.refresh_tokens t set used_at = now(), successor_sealed = new_sealed where t.token_hash = presented_hash;
        insert into app.refresh_tokens (token_hash, session_id, expires_at) values (new_hash, session.id, new_expires_at);
        update app.sessions s set seen_at = now() where s.id = session.id;
        outcome := 'rotated';
        successor_sealed := new_sealed;
    end if;
    return next;
end
$$;

/* Ends a session; true when it was live. */
create or replace function auth.end_session(session uuid) returns boolean
language sql volatile security definer
set search_path = pg_catalog
as $$
    with ended as (
        update app.sessions s set revoked_at = now() where s.id = session and s.revoked_at is null returning 1
    )
    select exists (select from ended)
$$;

/* Ends all sessions of a person, but for one when `kept` names it; answers how many. */
create or replace function auth.end_sessions_of(person uuid, kept uuid default null) returns integer
language sql volatile security definer
set search_path = pg_catalog
as $$
    with ended as (
        update app.sessions s set revoked_at = now()
        where s.user_id = person and s.revoked_at is null and s.id is distinct from kept
        returning 1
    )
    select count(*)::integer from ended
$$;

/* Uses a token that was mailed to a person, once; null when it is unknown, used or too old. */
create or replace function auth.consume_user_token(presented_hash bytea, token_purpose text) returns uuid
language sql volatile security definer
set search_path = pg_catalog
as $$
    update app.user_tokens t set used_at = now()
    where t.token_hash = presented_hash and t.purpose = token_purpose and t.used_at is null and t.expires_at > now()
    returning t.user_id
$$;

grant execute on function auth.record_failure(bytea[], integer, integer, integer),
    auth.record_login(uuid, uuid, uuid, text, inet, text, timestamptz, bytea, timestamptz, bytea[], text),
    auth.rotate_refresh(bytea, bytea, bytea, timestamptz, integer), auth.end_session(uuid),
    auth.end_sessions_of(uuid, uuid), auth.consume_user_token(bytea, text) to rookery_api;
reset role;
