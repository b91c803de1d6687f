import Foundation
import Platform
import Testing

@Suite struct ConfigurationTests {
    private let good = [
        "DATABASE_URL": "postgres://owner@localhost/rookery", "ROOKERY_DATABASE_ROLE_PASSWORD": "secret",
        "ROOKERY_MASTER_KEY": String(repeating: "ab", count: 32),
    ]

    private func faults(_ environment: [String: String], files: [String: String] = [:]) -> [String] {
        let values = SettingValues(environment: environment) { path in
            guard let text = files[path] else { throw CocoaError(.fileReadNoSuchFile) }
            return text
        }
        do {
            _ = try Configuration(values)
            return []
        } catch { return (error as? ConfigurationError)?.faults ?? ["\(error)"] }
    }

    @Test("the three variables without a standard are enough")
    func minimal() { #expect(faults(good) == []) }

    @Test("every fault is named at once: missing, malformed, unknown")
    func allFaults() {
        let found = faults([
            "ROOKERY_PORT": "99999", "ROOKERY_COLOUR": "red", "ROOKERY_MASTER_KEY": "zz", "ROOKERY_TLS_KEY": "k",
        ])
        for name in [
            "DATABASE_URL", "ROOKERY_DATABASE_ROLE_PASSWORD", "ROOKERY_PORT", "ROOKERY_COLOUR", "ROOKERY_MASTER_KEY",
            "ROOKERY_TLS_KEY",
        ] {
            #expect(found.contains { $0.contains(name) }, "\(name)")
        }
    }

    @Test("secrets come from files too, but not from both places")
    func secretFiles() {
        var environment = good
        environment["ROOKERY_MASTER_KEY"] = nil
        environment["ROOKERY_MASTER_KEY_FILE"] = "/key"
        let files = ["/key": String(repeating: "0f", count: 32) + "\n"]
        #expect(faults(environment, files: files) == [])
        #expect(faults(environment).contains { $0.contains("ROOKERY_MASTER_KEY_FILE") })
        environment["ROOKERY_MASTER_KEY"] = String(repeating: "ab", count: 32)
        #expect(faults(environment, files: files).contains { $0.contains("both set") })
    }

    @Test("a file gives further settings; the environment wins; its faults have line numbers")
    func file() throws {
        let environment = good.merging(["ROOKERY_CONFIG": "/c", "ROOKERY_PORT": "1234"]) { $1 }
        let files = ["/c": "# comment\nROOKERY_PORT=1\nROOKERY_LANES = 4\n"]
        let values = SettingValues(environment: environment) { files[$0] ?? "" }
        let configuration = try Configuration(values)
        #expect(configuration.port == 1234)
        #expect(configuration.lanes == 4)
        #expect(faults(environment, files: ["/c": "ROOKERY_LANES\nROOKERY_SIZE=1"]).contains { $0.contains("line 1") })
        #expect(faults(environment, files: ["/c": "ROOKERY_SIZE=1"]).contains { $0.contains("ROOKERY_SIZE") })
    }

    @Test("every setting has a summary, and secrets have no standard")
    func documented() {
        for setting in Setting.all {
            #expect(setting.summary.count > 10, "\(setting.name)")
            #expect(!setting.isSecret || setting.standard == nil, "\(setting.name)")
        }
        #expect(Set(Setting.all.map(\.name)).count == Setting.all.count)
    }
}
