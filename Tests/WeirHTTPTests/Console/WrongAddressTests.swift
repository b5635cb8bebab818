import Testing
import WeirModel

@testable import WeirHTTP

/// What the console says to an address that somebody typed, kept too long, or was sent.
@Suite struct WrongAddressTests {
    /// Filters that take any word: what has none of it is an empty list.
    private static let words: Set<String> = ["name", "login", "path", "tool", "class", "group", "/flavors kind", "/operator/flavors kind"]

    @Test("an address with an identifier of nothing is a page that says so, on every page that has one")
    func unknownObjects() async throws {
        let pages = try ConsoleFiles().pages.all
        try await TestServer.with { server in
            let objects = try await Self.objects(in: server)
            var asked = 0
            for page in pages {
                let named = page.parts.indices.filter { page.parts[$0].first == "{" }
                for wrong in named {
                    let own = objects[String(page.parts[wrong].dropFirst().dropLast())] ?? ""
                    for text in ["nonsense", own.first?.isLetter == true ? String(own.dropLast(4)) + "0000" : "99999"] {
                        let path = try Self.path(of: page, objects, but: wrong, is: text)
                        let answer = try await Browser(server: server, user: server.operatorAccount).open(path)
                        #expect(page.parts[wrong] == "{month}" ? [400, 404].contains(answer.status) : answer.status == 404, "\(path)")
                        #expect(answer.header("Content-Type")?.hasPrefix("text/html") == true && answer.body.contains(#"role="alert""#))
                        asked += 1
                    }
                }
            }
            #expect(asked > 60)
        }
    }

    @Test("a filter with a value that is none is a page that says what it may be, on every page that has one")
    func wrongFilters() async throws {
        let pages = try ConsoleFiles().pages.all
        try await TestServer.with { server in
            let objects = try await Self.objects(in: server)
            let browser = Browser(server: server, user: server.operatorAccount)
            var asked = 0
            for page in pages {
                let path = try Self.path(of: page, objects)
                let filters = Self.filters(of: page)
                for name in filters {
                    // Of the size of a model nothing is asked before it is said what for.
                    let first = filters.contains("purpose") && name != "purpose" ? "purpose=training&" : ""
                    let answer = try await browser.open("\(path)?\(first)\(name)=nonsense")
                    if Self.words.contains(name) || Self.words.contains("\(page.path) \(name)") {
                        #expect(name == "path" ? answer.status < 500 : answer.status == 200, "\(path)?\(name)")
                    } else {
                        #expect([400, 404].contains(answer.status), "\(path)?\(name): \(answer.status)")
                    }
                    asked += 1
                }
                // Whatever stands where the list is to go on, it is no failure of Weir's.
                for cursor in Set(page.needs.joined().map(\.cursor)) {
                    for text in ["nonsense", "%7C", "99999999999999999999", "%00", "%F0%9F%A6%AB"] {
                        let answer = try await browser.open("\(path)?\(cursor)=\(text)")
                        #expect(answer.status < 500, "\(path)?\(cursor)=\(text): \(answer.status)")
                    }
                }
            }
            #expect(asked > 60)
        }
    }

    /// Of the operator's own, so that nothing is hidden for another reason.
    private static func objects(in server: TestServer) async throws -> [String: String] {
        let ada = server.operatorAccount
        var objects = try await TenantTests.objects(of: ada, in: server)
        (objects["ws"], objects["flavor"]) = (objects["workspace"], "cpu-small")
        let (type, body) = FileRouteTests.form([("a.csv", "1,2")])
        let asset = objects["asset"] ?? ""
        _ = try await server.client.send(
            "POST", "/api/v1/assets/\(asset)/draft/files", secret: ada.secret, headers: [("Content-Type", type)], body: body)
        try await server.api(ada, "POST", "assets/\(asset)/versions")
        try await server.api(ada, "PUT", "workspaces/\(objects["workspace"] ?? "")/budgets/workspace", ["limit": "10"])
        return objects
    }

    private static func path(
        of page: ConsolePage, _ objects: [String: String], but wrong: Int? = nil, is text: String = ""
    ) throws -> String {
        try "/"
            + page.parts.enumerated().map { place, part in
                guard part.first == "{" else { return String(part) }
                return place == wrong ? text : try #require(objects[String(part.dropFirst().dropLast())], "no object for \(page.path)")
            }.joined(separator: "/")
    }

    /// What a page takes from its own address and passes on.
    private static func filters(of page: ConsolePage) -> Set<String> {
        var names: Set<String> = []
        for need in page.needs.joined() {
            for part in need.request.split(separator: "?").dropFirst().joined().split(separator: "&") where !part.contains("=") {
                if part != "after", !part.hasPrefix("after:") { names.insert(String(part.prefix { $0 != ":" })) }
            }
            for match in need.request.matches(of: /\{query\.([a-z_]+)\}/) { names.insert(String(match.output.1)) }
        }
        return names
    }
}
