import Foundation
import JSON

/// What `rookery seed` hands to people and to the simulated fleet: sign-ins, keys and device tokens.
package struct FleetCredentials: Sendable {
    package struct SignIn: Sendable {
        package var organization: String
        package var role: String
        package var email: String
        package var password: String

        package init(organization: String, role: String, email: String, password: String) {
            self.organization = organization
            self.role = role
            self.email = email
            self.password = password
        }
    }

    package struct Device: Sendable {
        package var organization: String
        package var id: String
        package var deviceKey: String
        /// The code of its type, such as `milk_meter`.
        package var type: String
        package var token: String

        package init(organization: String, id: String, deviceKey: String, type: String, token: String) {
            self.organization = organization
            self.id = id
            self.deviceKey = deviceKey
            self.type = type
            self.token = token
        }
    }

    package var signIns: [SignIn]
    package var devices: [Device]

    package init(signIns: [SignIn] = [], devices: [Device] = []) {
        self.signIns = signIns
        self.devices = devices
    }

    /// Reads the file that ``write(to:)`` wrote.
    package init(contentsOf path: String) throws {
        let value = try JSONValue(parsing: Data(contentsOf: URL(fileURLWithPath: path)))
        func texts(_ list: String, _ names: [String]) throws -> [[String]] {
            try (value[list]?.array ?? []).enumerated().map { index, element in
                try names.map { name in
                    guard let text = element[name]?.string else {
                        throw JSONError("\(path): /\(list)/\(index)/\(name) is missing")
                    }
                    return text
                }
            }
        }
        signIns = try texts("sign_ins", ["organization", "role", "email", "password"])
            .map { SignIn(organization: $0[0], role: $0[1], email: $0[2], password: $0[3]) }
        devices = try texts("devices", ["organization", "id", "device_key", "type", "token"])
            .map { Device(organization: $0[0], id: $0[1], deviceKey: $0[2], type: $0[3], token: $0[4]) }
    }

    /// Writes a file that only its owner can read.
    package func write(to path: String) throws {
        let bytes = Data(jsonBytes)
        let manager = FileManager.default
        try? manager.removeItem(atPath: path)
        guard manager.createFile(atPath: path, contents: bytes, attributes: [.posixPermissions: 0o600]) else {
            throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: path])
        }
    }
}

extension FleetCredentials: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("sign_ins") { json in
                json.array { json in
                    for signIn in signIns {
                        json.object { json in
                            json.field("organization", signIn.organization)
                            json.field("role", signIn.role)
                            json.field("email", signIn.email)
                            json.field("password", signIn.password)
                        }
                    }
                }
            }
            json.field("devices") { json in
                json.array { json in
                    for device in devices {
                        json.object { json in
                            json.field("organization", device.organization)
                            json.field("id", device.id)
                            json.field("device_key", device.deviceKey)
                            json.field("type", device.type)
                            json.field("token", device.token)
                        }
                    }
                }
            }
        }
    }
}
