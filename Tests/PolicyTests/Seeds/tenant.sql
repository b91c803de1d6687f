-- One row at least in every table that the API role may see, in the organization of app.organization_id(). Whoever adds a
-- tenant table adds a row here; WallTests fails by name until then. Names repeat between organizations on purpose.
insert into app.sites (organization_id, name, code_key) values (app.organization_id(), 'North farm', 'N1');
insert into app.zones (organization_id, site_id, name, kind)
select organization_id, id, 'Barn 1', 'barn' from app.sites;

insert into app.memberships (organization_id, user_id, email_key, name, status)
values (app.organization_id(), app.user_id(), 'member@example.test', 'Member', 'active');
insert into app.membership_roles (organization_id, membership_id, role_id)
select m.organization_id, m.id, r.id from app.memberships m join app.roles r on r.builtin_key = 'org_admin';
insert into app.roles (organization_id, name, permissions) values (app.organization_id(), 'Auditor', '{audit:read}');
insert into app.service_accounts (organization_id, name, role_id)
select organization_id, 'Milk book', id from app.roles where name = 'Auditor';
insert into app.api_keys (organization_id, service_account_id, name, prefix, secret_hash)
select organization_id, id, 'Nightly', 'rk_live_seed', sha256(uuid_send(app.organization_id())) from app.service_accounts;

insert into app.device_models (organization_id, name) values (app.organization_id(), 'Flow meter 2');
insert into app.datapoints (organization_id, model_id, key_no, label, kind)
select organization_id, id, app.telemetry_key('flow'), 'Flow', 'number' from app.device_models;
insert into app.model_commands (organization_id, model_id, name_key, input)
select organization_id, id, 'restart', 'none' from app.device_models;
insert into app.device_products (organization_id, model_id, name, sku_key)
select organization_id, id, 'Flow meter 2, brass', 'FM2-B' from app.device_models;
insert into app.devices (organization_id, device_key, serial_number, name, type_id, model_id, site_id, status)
select m.organization_id, 'meter-1', 'SD-MM-2026-000001', 'Meter 1', t.id, m.id, s.id, 'active'
from app.device_models m, app.sites s, app.device_types t where t.code_key = 'MM';
insert into app.device_presence (organization_id, device_id, connection, seen_at)
select organization_id, id, 'online', now() from app.devices;
insert into app.device_credentials (organization_id, device_id, kind, secret_hash)
select organization_id, id, 'token', sha256(uuid_send(id)) from app.devices;
insert into app.device_shadows (organization_id, device_id) select organization_id, id from app.devices;

insert into app.alarm_rules (organization_id, name, scope, key_nos, rule, severity)
values (app.organization_id(), 'Flow too low', 'organization', '{1}', '{"schema": 1}', 'warning');

select app.number_next('work_order');
select app.count_usage(now(), '{1}', '{1}', 0::smallint);
insert into app.outbox (organization_id, topic_key, payload) values (app.organization_id(), 'seed', '{"secret": true}');
insert into app.timeline_entries (organization_id, subject_kind, subject_id, kind, actor_id, body)
values (app.organization_id(), 'alarm', app.uuid_v7(), 'comment', app.user_id(), 'Seen.');
insert into app.revisions (organization_id, subject_kind, subject_id, revision_no, document, created_by)
values (app.organization_id(), 'rule', app.uuid_v7(), 1, '{}', app.user_id());
insert into app.search_fields (organization_id, field_no, entity, name, kind)
values (app.organization_id(), 1, 'device', 'tag', 'text');
insert into app.search_entries (organization_id, field_no, value, entity_id)
select organization_id, 1, 'brass', id from app.devices;
insert into app.idempotency_keys (organization_id, principal_id, key, request_hash, status, answer)
values (app.organization_id(), app.user_id(), 'once', '\x00', 201, '{}');

select app.audit_append(
    '{"kind": "user", "label": "member@example.test", "request_id": "seed"}',
    '[{"action": "create", "resource_kind": "site"}, {"action": "create", "resource_kind": "device"}]');
