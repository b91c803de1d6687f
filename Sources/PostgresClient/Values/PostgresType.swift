/// A data type by its object id in `pg_type` (the built-in ones are the same in every database), with that of its array.
package struct PostgresType: Hashable, Sendable {
    package let oid: UInt32
    /// 0: arrays of it are not supported here.
    package let arrayOID: UInt32

    package init(oid: UInt32, arrayOID: UInt32 = 0) {
        self.oid = oid
        self.arrayOID = arrayOID
    }

    package static let bool = PostgresType(oid: 16, arrayOID: 1000)
    package static let bytea = PostgresType(oid: 17, arrayOID: 1001)
    package static let char = PostgresType(oid: 18, arrayOID: 1002)
    package static let name = PostgresType(oid: 19, arrayOID: 1003)
    package static let int8 = PostgresType(oid: 20, arrayOID: 1016)
    package static let int2 = PostgresType(oid: 21, arrayOID: 1005)
    package static let int4 = PostgresType(oid: 23, arrayOID: 1007)
    package static let text = PostgresType(oid: 25, arrayOID: 1009)
    package static let objectID = PostgresType(oid: 26, arrayOID: 1028)
    package static let json = PostgresType(oid: 114, arrayOID: 199)
    package static let cidr = PostgresType(oid: 650, arrayOID: 651)
    package static let float4 = PostgresType(oid: 700, arrayOID: 1021)
    package static let float8 = PostgresType(oid: 701, arrayOID: 1022)
    package static let unknown = PostgresType(oid: 705)
    package static let inet = PostgresType(oid: 869, arrayOID: 1041)
    package static let bpchar = PostgresType(oid: 1042, arrayOID: 1014)
    package static let varchar = PostgresType(oid: 1043, arrayOID: 1015)
    package static let date = PostgresType(oid: 1082, arrayOID: 1182)
    package static let timestamp = PostgresType(oid: 1114, arrayOID: 1115)
    package static let timestamptz = PostgresType(oid: 1184, arrayOID: 1185)
    package static let numeric = PostgresType(oid: 1700, arrayOID: 1231)
    package static let uuid = PostgresType(oid: 2950, arrayOID: 2951)
    package static let jsonb = PostgresType(oid: 3802, arrayOID: 3807)
    package static let xid8 = PostgresType(oid: 5069, arrayOID: 271)

    /// For error messages.
    static func name(ofOID oid: UInt32) -> String {
        for (type, name) in names {
            if type.oid == oid { return name }
            if type.arrayOID == oid { return "\(name)[]" }
        }
        return "type \(oid)"
    }

    private static let names: [(PostgresType, String)] = [
        (.bool, "boolean"), (.bytea, "bytea"), (.char, "\"char\""), (.name, "name"), (.int8, "bigint"),
        (.int2, "smallint"), (.int4, "integer"), (.text, "text"), (.objectID, "oid"), (.json, "json"),
        (.cidr, "cidr"), (.float4, "real"), (.float8, "double precision"), (.unknown, "unknown"), (.inet, "inet"),
        (.bpchar, "character"), (.varchar, "character varying"), (.date, "date"), (.timestamp, "timestamp"),
        (.timestamptz, "timestamptz"), (.numeric, "numeric"), (.uuid, "uuid"), (.jsonb, "jsonb"), (.xid8, "xid8"),
    ]
}
