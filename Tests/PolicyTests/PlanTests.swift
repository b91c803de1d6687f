import Foundation
import PostgresClient
import Testing

/// Under row-level security only btree comparisons use an index: the lists of the API read a page, not
/// the organization.
@Suite("A page of a large organization is read through an index")
struct PlanTests {
    private struct List {
        let name: String
        let query: String
    }

    private static func devices(_ name: String, where condition: String, order: String = "id") -> List {
        List(
            name: "devices \(name)",
            query:
                "select id, name from app.devices where deleted_at is null and \(condition) order by \(order) limit 50")
    }

    private static let lists = [
        devices("by id", where: "id > $id$"),
        devices("by status", where: "status = 'suspended' and id > $id$"),
        devices("by site", where: "site_id = $site$ and id > $id$"),
        devices("by type and status", where: "type_id = $type$ and status = 'active'"),
        devices("by name", where: "(name_key, id) > ('device 5', $id$)", order: "name_key, id"),
        devices("by prefix", where: "name_key >= 'device 12' and name_key < 'device 13'", order: "name_key, id"),
        devices("newest first", where: "(updated_at, id) < (now(), $id$)", order: "updated_at desc, id desc"),
        devices("by key", where: "device_key = 'dev-500'"),
        devices("by serial", where: "serial_number = 's-500'"),
        List(
            name: "devices by tag",
            query: """
                select d.id from app.search_entries s
                join app.devices d on d.organization_id = s.organization_id and d.id = s.entity_id
                where s.field_no = 1 and s.value = 'tag 7' and s.entity_id > $id$ order by s.entity_id limit 50
                """),
        List(name: "latest values", query: "select v from app.telemetry_latest where source_no = 5"),
        List(
            name: "raw range",
            query: """
                select ts, v from app.telemetry_hot
                where source_no = 5 and ts >= now() - interval '1 hour' and ts < now() order by ts limit 1000
                """),
        List(
            name: "open alarms",
            query: "select id from app.alarms where state = 'active' and id > $id$ order by id limit 50"),
        List(
            name: "alarms of a device",
            query: "select id from app.alarms where device_id = $id$ order by id desc limit 50"),
        List(
            name: "events of a device",
            query: "select id from app.events where device_id = $id$ order by id desc limit 50"),
        List(
            name: "audit of a resource",
            query: """
                select id from app.audit_entries
                where resource_kind = 'site' and resource_id = $id$ order by id desc limit 50
                """),
    ]

    @Test("no list of devices, alarms, events or measurements scans a table of 200,000")
    func lists() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let owner = try await database.console()
            let api = try await database.console(as: .api)
            defer {
                owner.close()
                api.close()
            }
            try await Self.fill(two.own.id, owner)
            try await api.run(script: two.own.begin)
            let id = try await api.uuid("select id from app.devices where device_key = 'dev-100000'")
            let site = try await api.uuid("select site_id from app.devices where id = \(id)")
            let type = try await api.uuid("select type_id from app.devices where id = \(id)")
            for list in Self.lists {
                let query = list.query.replacing("$id$", with: "'\(id)'").replacing("$site$", with: "'\(site)'")
                    .replacing("$type$", with: "'\(type)'")
                try await api.run(
                    script: """
                        create or replace function pg_temp.plan() returns setof text language plpgsql as $plan$
                        begin
                            return query execute $query$explain (analyze, buffers, costs off, timing off) \(query)$query$;
                        end
                        $plan$
                        """)
                let plan = try await api.strings("select * from pg_temp.plan()")
                #expect(!plan.contains { $0.contains("Seq Scan") }, "\(list.name):\n\(plan.joined(separator: "\n"))")
                let read =
                    plan.compactMap { line -> Int? in
                        let pages = /Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/
                        guard let found = line.firstMatch(of: pages) else { return nil }
                        return (found.1.flatMap { Int($0) } ?? 0) + (found.2.flatMap { Int($0) } ?? 0)
                    }.first ?? 0
                #expect(read < 600, "\(list.name) reads \(read) pages:\n\(plan.joined(separator: "\n"))")
            }
            try await api.run(script: "rollback")
        }
    }

    /// 200,000 devices, written by the owner around triggers and policies: this is about reading.
    private static func fill(_ organization: UUID, _ owner: PostgresConsole) async throws {
        try await owner.run(
            script: """
                set role rookery_owner;
                alter table app.devices no force row level security, disable trigger user;
                alter table app.sources no force row level security;
                alter table app.sites no force row level security, disable trigger user;
                alter table app.device_types no force row level security;
                alter table app.search_entries no force row level security;
                insert into app.sites (organization_id, name)
                select '\(organization)', 'Site ' || n from generate_series(1, 100) n;
                with source as (
                    insert into app.sources (organization_id, kind, subject_id)
                    select '\(organization)', 'device', app.uuid_v7() from generate_series(1, 200000)
                    returning source_no, subject_id
                ), numbered as (
                    select source_no, subject_id, row_number() over (order by source_no) as n from source
                )
                insert into app.devices (
                    organization_id, id, source_no, device_key, serial_number, name, type_id, site_id, status)
                select '\(organization)', subject_id, source_no, 'dev-' || n, 's-' || n, 'Device ' || n, types.ids[1 + n % 5],
                    sites.ids[1 + n % 100], case n % 7 when 0 then 'suspended' when 1 then 'maintenance' else 'active' end
                from numbered,
                    (select array_agg(id) as ids from app.device_types where organization_id = '\(organization)') types,
                    (select array_agg(id) as ids from app.sites where organization_id = '\(organization)') sites;
                insert into app.search_entries (organization_id, field_no, value, entity_id)
                select organization_id, 1, convert_to('tag ' || source_no % 50, 'UTF8'), id from app.devices
                where organization_id = '\(organization)' and device_key like 'dev-%';
                analyze app.devices, app.sources, app.sites, app.search_entries;
                reset role;
                """)
    }
}
