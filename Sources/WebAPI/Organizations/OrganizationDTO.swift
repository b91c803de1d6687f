import JSON
import Kernel
import Organizations
import Resources

/// The tree below an organization, nested.
struct OrganizationHierarchy: JSONWritable {
    private let root: OrganizationNode
    private let children: [OrganizationNode]
    private let nodes: [OrganizationNode]

    /// Nil without nodes. The first is the root.
    init?(_ nodes: [OrganizationNode]) {
        guard let root = nodes.first else { return nil }
        self.init(root, nodes)
    }

    private init(_ root: OrganizationNode, _ nodes: [OrganizationNode]) {
        self.root = root
        self.nodes = nodes
        children = nodes.filter { $0.parentID == root.id && $0.depth == root.depth + 1 }
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", root.id)
            json.field("parent_id", root.parentID)
            json.field("name", root.name)
            json.field("slug", root.slug)
            json.field("kind", root.kind.rawValue)
            json.field("status", root.status.rawValue)
            json.field("children", children.map { OrganizationHierarchy($0, nodes) })
        }
    }
}

extension Tier: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("name", name)
            fields.writeMembers(to: &json)
            revision.writeMembers(to: &json)
        }
    }
}

extension QuotaReport: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("organization_id", organization.id)
            json.field("tier", organization.tier)
            json.field("overrides", Allowances(stored: organization.overrides).document)
            json.field("items", quotas)
        }
    }
}

extension Quota: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("resource", resource)
            json.field("scope", scope)
            json.field("used", used)
            json.field("limit", limit)
            json.field("level", level)
            json.field("grace_until", graceUntil)
        }
    }
}
