-- Signing in and staying signed in, each as one atomic statement.
set local role rookery_owner;
select app.policy_declare_all(format('app.%I', name)::regclass, 'rookery_guard')
from unnest(array[
    'sessions', 'refresh_tokens', 'user_tokens', 'login_throttle', 'users', 'memberships', 'platform_admins']) as name;
grant select, insert, update on app.sessions, app.refresh_tokens, app.user_tokens to rookery_guard;
grant select, insert, update, delete on app.login_throttle to rookery_guard;
grant select (id, status, deleted_at, password_hash, password_organization_id, default_organization_id),
    update (password_hash, password_organization_id, status) on app.users to rookery_guard;
grant select (organization_id, id, user_id, status) on app.memberships to rookery_guard;
grant select (user_id) on app.platform_admins to rookery_guard;
reset role;

set local role rookery_guard;

/* Counts a failed sign-in on every bucket. From its own `max_failures` in a window on, a bucket is locked, twice as long
   every time, at most a day. Answers until when, or null.
   With an actor it goes into an audit trail, too: of the organization that `person` (null: nobody has that name) wanted to
   act in or belongs to, otherwise of the platform, with the same work for both. Not beyond `max_failures` in a window:
   the trail cannot be flooded, and the last entry says until when the bucket is locked. */
drop function if exists auth.record_failure(bytea[], integer[], integer, integer);
create or replace function auth.record_failure(
    buckets bytea[], max_failures integer[], window_seconds integer, lock_seconds integer, person uuid default null,
    organization uuid default null, actor jsonb default null, reason text default null
) returns timestamptz
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
    locked_until timestamptz;
    is_told boolean;
    chain uuid;
begin
    with wanted as (
        select b.bucket, min(b.allowed) as allowed from unnest(buckets, max_failures) as b (bucket, allowed) group by b.bucket
    ), counted as (
        insert into app.login_throttle as t (bucket_hash, failures, window_at)
        select w.bucket, 1, now() from wanted w order by w.bucket
        on conflict (bucket_hash) do update set
            failures = case when t.window_at + make_interval(secs => window_seconds) < now() then 1 else t.failures + 1 end,
            window_at = case when t.window_at + make_interval(secs => window_seconds) < now() then now() else t.window_at end,
            locked_until_at = case
                when t.window_at + make_interval(secs => window_seconds) >= now()
                    and t.failures + 1 >= (select w.allowed from wanted w where w.bucket = t.bucket_hash)
                then now() + make_interval(secs => least(86400.0, lock_seconds * power(2.0, least(
                    20, t.failures + 1 - (select w.allowed from wanted w where w.bucket = t.bucket_hash))))::float8)
            end
        returning bucket_hash, failures, locked_until_at
    )
    select max(c.locked_until_at), bool_and(c.failures <= w.allowed) into locked_until, is_told
    from counted c join wanted w on w.bucket = c.bucket_hash;
    if actor is not null and is_told then
        select m.organization_id into chain
        from app.memberships m
        join app.organizations o on o.id = m.organization_id and o.deleted_at is null
        join app.users u on u.id = m.user_id
        where m.user_id = person and not exists (select from app.platform_admins a where a.user_id = person)
        order by m.organization_id is not distinct from organization desc,
            m.organization_id is not distinct from u.default_organization_id desc, m.id
        limit 1;
        perform app.audit_write(
            coalesce(chain, (select o.id from app.organizations o where o.kind = 'platform')), actor,
            jsonb_build_array(jsonb_build_object(
                'action', 'login_failed', 'resource_kind', 'user', 'resource_id', person,
                'changes', jsonb_build_object(
                    'reason', jsonb_build_object('old', null, 'new', reason),
                    'locked_until', jsonb_build_object('old', null, 'new', locked_until)))));
    end if;
    return locked_until;
end
$$;

/* Opens a session with its first refresh token, forgets the failures of `buckets`, keeps a rehashed password, and answers
   the organization that the session acts in: the wanted one; else for a platform administrator the platform, for others
   the default one or the first. Null, and nothing done, when the person may sign in nowhere or not in the wanted one.
   Who has never chosen the password acts only below the organization whose administrator did: that one could otherwise
   sign in elsewhere in the person's name. */
create or replace function auth.record_login(
    person uuid, wanted uuid, session uuid, sign_in_method text, address inet, user_agent text, session_expires_at timestamptz,
    refresh_hash bytea, buckets bytea[], new_password_hash text default null
) returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
    account record;
    chosen uuid;
begin
    select u.status, u.password_organization_id, u.default_organization_id into account
    from app.users u
    where u.id = person and u.deleted_at is null
        and (u.status = 'active' or (u.status = 'unverified' and u.password_organization_id is not null));
    if not found then
        return null;
    end if;
    select o.id into chosen
    from app.organizations o
    where o.kind = 'platform' and (wanted is null or o.id = wanted)
        and exists (select from app.platform_admins a where a.user_id = person);
    if chosen is null then
        select m.organization_id into chosen
        from app.memberships m
        join app.organizations o on o.id = m.organization_id and o.status = 'active' and o.deleted_at is null
        where m.user_id = person and m.status = 'active' and (wanted is null or m.organization_id = wanted)
            and (account.password_organization_id is null or exists (
                select from app.organization_tree t
                where t.organization_id = account.password_organization_id and t.descendant_id = m.organization_id))
        order by m.organization_id is not distinct from account.default_organization_id desc, m.id
        limit 1;
    end if;
    if chosen is null then
        return null;
    end if;
    insert into app.sessions (id, user_id, organization_id, method, is_confined, ip, agent, expires_at)
    values (
        session, person, coalesce(account.password_organization_id, chosen), sign_in_method,
        account.password_organization_id is not null, address, left(user_agent, 500), session_expires_at);
    insert into app.refresh_tokens (token_hash, session_id, expires_at) values (refresh_hash, session, session_expires_at);
    delete from app.login_throttle t where t.bucket_hash = any (buckets);
    if new_password_hash is not null then
        update app.users u set password_hash = new_password_hash where u.id = person;
    end if;
    return chosen;
end
$$;

/* Gives a person their first password, chosen by an administrator of this organization, of which they must be a member.
   Nothing happens to an account that has one, and the answer does not tell. */
create or replace function app.user_password_give(person uuid, hash text) returns void
language sql volatile security definer
set search_path = pg_catalog
as $$
    update app.users u set password_hash = hash, password_organization_id = app.organization_id()
    where u.id = person and u.password_hash is null and u.status = 'unverified' and u.deleted_at is null
        and exists (
            select from app.memberships m where m.organization_id = app.organization_id() and m.user_id = person)
$$;

/* Uses a refresh token; without a new one only says what using it would do: `live` instead of `rotated`, and everything else
   the same. outcome: `rotated` (the new one is in place), `replayed` (used up to `grace_seconds` ago: the
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
        select from app.users u where u.id = session.user_id and u.status <> 'locked' and u.deleted_at is null) then
        outcome := 'revoked';
    elsif token.used_at is not null and token.used_at + make_interval(secs => grace_seconds) >= now() then
        outcome := 'replayed';
        successor_sealed := token.successor_sealed;
    elsif token.used_at is not null then
        update app.sessions s set revoked_at = now() where s.id = session.id;
        perform app.invalidate_for(session.organization_id, 'session', session.id);
        outcome := 'reused';
    elsif token.expires_at <= now() or session.expires_at <= now() then
        outcome := 'expired';
    elsif new_hash is null then
        outcome := 'live';
    else
        update app.refresh_tokens t set used_at = now(), successor_sealed = new_sealed where t.token_hash = presented_hash;
        insert into app.refresh_tokens (token_hash, session_id, expires_at) values (new_hash, session.id, new_expires_at);
        update app.sessions s set seen_at = now(), expires_at = greatest(s.expires_at, new_expires_at)
        where s.id = session.id;
        outcome := 'rotated';
        successor_sealed := new_sealed;
    end if;
    return next;
end
$$;

/* Ends `ended`, if it is live and belongs to the person of the live session `session`; true when it did. */
create or replace function auth.end_session_by(session uuid, ended uuid) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
    organization uuid;
begin
    update app.sessions s set revoked_at = now()
    from app.sessions own
    where own.id = session and own.revoked_at is null and own.expires_at > now()
        and s.id = ended and s.user_id = own.user_id and s.revoked_at is null
    returning s.organization_id into organization;
    if not found then
        return false;
    end if;
    perform app.invalidate_for(organization, 'session', ended);
    return true;
end
$$;

/* Ends all sessions of a person, but for one when `kept` names it; answers how many. */
create or replace function auth.end_sessions_of(person uuid, kept uuid default null) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
    ended integer;
begin
    update app.sessions s set revoked_at = now()
    where s.user_id = person and s.revoked_at is null and s.id is distinct from kept;
    get diagnostics ended = row_count;
    if ended > 0 then
        perform app.invalidate_for(null, 'sessions_of', person);
    end if;
    return ended;
end
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

grant execute on function auth.record_failure(bytea[], integer[], integer, integer, uuid, uuid, jsonb, text),
    auth.record_login(uuid, uuid, uuid, text, inet, text, timestamptz, bytea, bytea[], text),
    auth.rotate_refresh(bytea, bytea, bytea, timestamptz, integer), auth.end_session_by(uuid, uuid),
    auth.end_sessions_of(uuid, uuid), auth.consume_user_token(bytea, text), app.user_password_give(uuid, text)
    to rookery_api;
reset role;
