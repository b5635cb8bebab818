import Foundation
import Testing
import WeirModel

@testable import WeirHTTP

/// What the document of the API says of a field that is left out, and of the least and the most of a number, is so (issue 13).
@Suite struct DefaultTests {
    private static let document = String(decoding: PackageResources.openapi_yaml, as: UTF8.self).split(
        separator: "\n", omittingEmptySubsequences: false)

    /// The line that describes the field of a body or a schema.
    private static func line(_ name: String, _ field: String) throws -> Substring {
        let start = try #require(document.firstIndex { $0 == "    \(name):" })
        let lines = document[(start + 1)...].prefix { !($0.hasPrefix("    ") && $0.dropFirst(4).first?.isLetter == true) }
        return try #require(lines.first { $0.drop { $0 == " " }.hasPrefix("\(field): {") }, "\(name).\(field)")
    }

    private static func value(_ word: Substring) -> JSONText {
        let word = word.trimmingCharacters(in: CharacterSet(charactersIn: " '`"))
        return Double(word).map { .number($0) } ?? (word == "true" || word == "false" ? .bool(word == "true") : .text(word))
    }

    /// `default: 300`, or the word before "when left out".
    private static func standard(_ name: String, _ field: String) throws -> JSONText {
        let line = try line(name, field)
        if let match = line.firstMatch(of: /default: ([^ ,}]+)/) { return value(match.output.1) }
        let match = try #require(line.firstMatch(of: /([a-z0-9`]+) when left out/), "\(name).\(field) says no default")
        return value(match.output.1)
    }

    private static func range(_ name: String, _ field: String) throws -> ClosedRange<Int> {
        var text = try line(name, field)
        if let schema = text.firstMatch(of: /schemas\/([A-Za-z]+)/)?.output.1 {
            text = try #require(document.first { $0.hasPrefix("    \(schema): {") })
        }
        let match = try #require(text.firstMatch(of: /minimum: ([0-9]+), maximum: ([0-9]+)/), "\(name).\(field)")
        let (least, most) = (try #require(Int(match.output.1)), try #require(Int(match.output.2)))
        return least...most
    }

    @Test("each default that the document states is what comes of leaving the field out (issue 13)")
    func defaults() async throws {
        try await TestServer.with { server in
            let (ada, root) = (try await server.user("ada"), server.operatorAccount)
            let (workspace, project) = try await server.project(of: ada)
            let commitment = "workspaces/\(workspace)/commitments/port"
            let version = try await server.api(ada, "GET", commitment)["text_version"]
            try await server.api(ada, "POST", commitment, ["text_version": version])
            let plain: [String: JSONText] = ["name": "plain", "image": "weir/notebook", "flavor": "cpu-small"]
            func made(_ path: String, _ more: [String: JSONText] = [:]) async throws -> JSONText {
                try await server.api(ada, "POST", "projects/\(project)/\(path)", .object(plain.merging(more) { $1 })).json
            }
            let environment = try await made("environments")
            let job = try await made("jobs", ["command": "true"])
            let service = try await made("services", ["command": "true", "port": 8000])
            let board = try await made("boards")
            let size: [String: JSONText] = ["cpu": 1000, "memory": 1_073_741_824, "scratch": 0]
            let flavor = try await server.api(root, "POST", "flavors", .object(size.merging(["name": "plain"]) { $1 })).json
            let redefined = try await server.api(root, "PUT", "flavors/plain", .object(size)).json
            let allowance = try await server.api(root, "PUT", "workspaces/\(workspace)/quotas/workspace", [:]).json
            let budget = try await server.api(ada, "PUT", "workspaces/\(workspace)/budgets/workspace", ["limit": "500"]).json
            let idle = try await server.api(ada, "PUT", "workspaces/\(workspace)/idle-policy", [:]).json

            let given: [(String, String, JSONText)] = [
                ("NewEnvironment", "priority", environment["priority"]), ("NewEnvironment", "access", environment["access"]),
                ("NewEnvironment", "open_log", environment["environment"]["open_log"]),
                ("NewJob", "priority", job["priority"]), ("NewJob", "access", job["access"]),
                ("NewService", "priority", service["priority"]), ("NewService", "access", service["access"]),
                ("NewService", "start_limit", service["service"]["start_limit"]), ("NewService", "replicas", service["replicas"]),
                ("NewBoard", "priority", board["priority"]),
                ("NewFlavor", "processes", flavor["processes"]), ("NewFlavor", "group", flavor["group"]),
                ("NewFlavor", "preemptible", flavor["preemptible"]),
                ("FlavorDefinition", "processes", redefined["processes"]), ("FlavorDefinition", "group", redefined["group"]),
                ("FlavorDefinition", "preemptible", redefined["preemptible"]),
                ("Allowance", "weight", allowance["weight"]), ("Budget", "at_limit", budget["at_limit"]),
                ("Budget", "warnings", budget["warnings"][0]),
                ("IdlePolicyInput", "cpu", idle["cpu"]), ("IdlePolicyInput", "gpu_percent", idle["gpu_percent"]),
                ("IdlePolicyInput", "warning", idle["warning"]),
            ]
            for (name, field, value) in given {
                let standard = try Self.standard(name, field)
                #expect(standard == value, "\(name).\(field)")
            }
            #expect(budget["warnings"].items.count == 1 && idle["after"] == .null)
            #expect(board["board"]["log_path"] == "/gemini/output" && environment["environment"]["tool"] == "jupyterlab")
            #expect(service["service"]["mode"] == "http" && service["service"]["health_path"] == .null)
        }
    }

    @Test("the least and the most of a number are taken, and what is beyond them is refused by the field's name (issue 13)")
    func limits() async throws {
        try await TestServer.with { server in
            let (ada, root) = (try await server.user("ada"), server.operatorAccount)
            let (workspace, project) = try await server.project(of: ada)
            let plain: [String: JSONText] = ["image": "weir/notebook", "flavor": "cpu-small"]
            let program: [String: JSONText] = ["command": "true", "port": 8000]
            let size: [String: JSONText] = ["cpu": 1000, "memory": 1_073_741_824, "scratch": 0]
            try await server.api(root, "POST", "flavors", .object(size.merging(["name": "probe"]) { $1 }))
            let projects = "projects/\(project)"
            let policy = "workspaces/\(workspace)/idle-policy"
            let service = plain.merging(program) { $1 }
            // Where several rules refuse, the field's comes first: most of these would not fit into this zone.
            let fields: [(String, String, String, String, [String: JSONText], TestServer.User)] = [
                ("NewEnvironment", "auto_stop", "POST", "\(projects)/environments", plain, ada),
                ("NewJob", "time_limit", "POST", "\(projects)/jobs", plain.merging(["command": "true"]) { $1 }, ada),
                ("NewService", "port", "POST", "\(projects)/services", service, ada),
                ("NewService", "start_limit", "POST", "\(projects)/services", service, ada),
                ("NewService", "replicas", "POST", "\(projects)/services", service, ada),
                ("FlavorDefinition", "cpu", "PUT", "flavors/probe", size, root),
                ("FlavorDefinition", "memory", "PUT", "flavors/probe", size, root),
                ("FlavorDefinition", "scratch", "PUT", "flavors/probe", size, root),
                ("FlavorDefinition", "processes", "PUT", "flavors/probe", size, root),
                ("FlavorDefinition", "longest_run", "PUT", "flavors/probe", size, root),
                ("Allowance", "weight", "PUT", "workspaces/\(workspace)/quotas/workspace", [:], root),
                ("IdlePolicyInput", "after", "PUT", policy, ["warning": 0], ada),
                ("IdlePolicyInput", "cpu", "PUT", policy, [:], ada),
                ("IdlePolicyInput", "gpu_percent", "PUT", policy, [:], ada),
                ("IdlePolicyInput", "warning", "PUT", policy, [:], ada),
            ]
            var number = 0
            for (name, field, method, path, rest, user) in fields {
                let range = try Self.range(name, field)
                for value in [range.lowerBound - 1, range.lowerBound, range.upperBound, range.upperBound + 1] {
                    number += 1
                    var body = rest
                    body[field] = .number(Double(value))
                    if method == "POST" { body["name"] = .text("w\(number)") }
                    let answer = try await server.client.send(method, "/api/v1/\(path)", json: .object(body), secret: user.secret)
                    let isRefused = answer.status == 400
                    #expect(isRefused != range.contains(value), "\(name).\(field) = \(value): \(answer.status) \(answer.body)")
                    if isRefused { #expect(answer["error"]["subject"].text.contains(field), "\(answer.body)") }
                }
            }
        }
    }
}
