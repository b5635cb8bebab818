import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirHTTP

/// What all lists have in common: parts, narrowing, orders.
@Suite struct ListTests {
    private static func names(
        of path: String, _ field: String = "name", parts limit: Int = 3, _ user: TestServer.User, _ server: TestServer
    ) async throws -> [String] {
        var names: [String] = []
        var after = ""
        repeat {
            let mark = path.contains("?") ? "&" : "?"
            let part = try await server.api(user, "GET", "\(path)\(mark)limit=\(limit)\(after)")
            #expect(part["items"].items.count <= limit)
            names += part["items"].items.map { $0[field].text }
            let next = part["next"].text
            after = next.isEmpty ? "" : "&after=" + Address.escaped(next)
        } while !after.isEmpty && names.count < 100
        return names
    }

    @Test("members come by login in parts, narrowed by a part of login or name and by role (IDW-05)")
    func members() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let logins = (1...7).map { "user\($0)" }
            for login in logins.shuffled() {
                _ = try await server.user(login)
                try await server.api(
                    ada, "PUT", "workspaces/\(workspace)/members/\(login)", ["role": .text(login == "user3" ? "administrator" : "member")])
            }
            let path = "workspaces/\(workspace)/members"
            #expect(try await Self.names(of: path, "login", ada, server) == ["ada"] + logins)
            #expect(try await Self.names(of: path + "?name=USER", "login", ada, server) == logins)
            #expect(try await Self.names(of: path + "?role=administrator", "login", ada, server) == ["user3"])
            #expect(try await Self.names(of: path + "?name=nobody", "login", ada, server).isEmpty)
            let wrong = try await server.client.send("GET", "/api/v1/\(path)?role=king", secret: ada.secret)
            #expect(wrong.status == 400)
        }
    }

    @Test("what people hold comes by login in parts, with those who have left and still hold something in their places (QUO-03)")
    func quotas() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let logins = (1...7).map { "user\($0)" }
            var people: [String: TestServer.User] = [:]
            for login in logins {
                people[login] = try await server.user(login)
                try await server.api(ada, "PUT", "workspaces/\(workspace)/members/\(login)", ["role": "member"])
            }
            let gone = try #require(people["user5"])
            try await server.api(gone, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job("left"))
            try await server.api(ada, "DELETE", "workspaces/\(workspace)/members/user5")
            let path = "workspaces/\(workspace)/quotas"
            for parts in [1, 2, 3, 5, 50] {
                var found: [String] = []
                var after = ""
                repeat {
                    let part = try await server.api(ada, "GET", "\(path)?limit=\(parts)\(after)")
                    found += part["items"].items.map { $0["account"]["login"].text }
                    after = part["next"].text.isEmpty ? "" : "&after=" + part["next"].text
                } while !after.isEmpty && found.count < 100
                #expect(found == ["ada"] + logins, "\(parts)")
            }
            let id = try #require(people["user2"]).id
            try await server.api(ada, "PUT", "\(path)/\(id)", ["quota": ["cpu": 2000]])
            func found(_ query: String) async throws -> [String] {
                try await server.api(ada, "GET", "\(path)?\(query)")["items"].items.map { $0["account"]["login"].text }
            }
            #expect(try await found("own=true") == ["user2"])
            #expect(try await found("own=false&name=user") == ["user1", "user3", "user4", "user5", "user6", "user7"])
            #expect(try await found("role=owner") == ["ada"])
            let one = try await server.api(ada, "GET", "\(path)/\(id)")
            #expect(one["account"]["login"].text == "user2" && one["quota"]["cpu"] == 2000 && one["is_own"] == true)
            #expect(try await server.api(ada, "GET", "\(path)/\(gone.id)")["role"] == .null)
            #expect(try await server.api(ada, "GET", "\(path)/everyone")["held"] == .null)
            let stranger = try await server.user("eve")
            let none = try await server.client.send("GET", "/api/v1/\(path)/\(stranger.id)", secret: ada.secret)
            #expect(none.status == 404)
            #expect(try await Self.names(of: "workspaces/\(workspace)/quota-changes", "subject", ada, server) == [id])
        }
    }

    @Test("a list that can come in several orders has each thing once in every one, whatever the parts")
    func orders() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada, "m")
            // Two of the same name: one is of another kind.
            for name in ["b", "Z", "a|c", "ä", "k"] {
                try await server.api(ada, "POST", "workspaces/\(workspace)/projects", ["name": .text(name)])
                try await server.api(ada, "POST", "workspaces/\(workspace)/assets", ["name": .text(name), "kind": "model"])
                try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job(name))
            }
            try await server.api(ada, "PATCH", "projects/\(project)", ["description": "changed last"])
            let byName = ["a|c", "b", "k", "m", "Z", "ä"]
            let newest = ["k", "ä", "a|c", "Z", "b", "m"]
            for parts in [1, 2, 3, 50] {
                let path = "workspaces/\(workspace)/projects?sort="
                #expect(try await Self.names(of: path + "name", parts: parts, ada, server) == byName)
                #expect(try await Self.names(of: path + "newest", parts: parts, ada, server) == newest)
                #expect(try await Self.names(of: path + "oldest", parts: parts, ada, server) == newest.reversed())
                #expect(try await Self.names(of: path + "changed", parts: parts, ada, server) == ["m", "k", "ä", "a|c", "Z", "b"])
                for path in ["workspaces/\(workspace)/workloads?kind=job", "workspaces/\(workspace)/assets?kind=model"] {
                    let own = try await Self.names(of: path + "&sort=name", parts: parts, ada, server)
                    #expect(own == byName.filter { $0 != "m" }, "\(path)")
                    #expect(try await Self.names(of: path + "&sort=oldest", parts: parts, ada, server) == newest.dropLast().reversed())
                }
            }
            let wrong = try await server.client.send(
                "GET", "/api/v1/workspaces/\(workspace)/workloads?sort=changed", secret: ada.secret)
            #expect(wrong.status == 400 && wrong["error"]["subject"].text == "sort")
            for path in ["accounts", "operator/workspaces", "quotas", "images"] {
                let root = server.operatorAccount
                let field = path == "accounts" ? "login" : path == "images" ? "reference" : "name"
                let names = try await Self.names(of: path + "?sort=name", field, parts: 1, root, server)
                #expect(names == names.sorted() && Set(names).count == names.count && !names.isEmpty, "\(path)")
            }
        }
    }

    @Test("budgets, versions and changes of flavors come in parts, codes by what became of them")
    func others() async throws {
        try await TestServer.with { server in
            let ada = server.operatorAccount
            let (workspace, project) = try await server.project(of: ada)
            let budgets = "workspaces/\(workspace)/budgets"
            for scope in ["workspace", project, ada.id] { try await server.api(ada, "PUT", "\(budgets)/\(scope)", ["limit": "5"]) }
            #expect(try await Set(Self.names(of: budgets, "scope", parts: 1, ada, server)) == ["workspace", project, ada.id])
            #expect(try await Self.names(of: budgets + "?name=DIG", "scope", ada, server) == [project])
            #expect(try await server.api(ada, "GET", "\(budgets)/\(project)")["limit"].text == "5.000000")
            try await server.api(ada, "DELETE", "\(budgets)/\(project)")
            #expect(try await server.client.send("GET", "/api/v1/\(budgets)/\(project)", secret: ada.secret).status == 404)

            let asset = try await server.api(
                ada, "POST", "workspaces/\(workspace)/assets", ["kind": "dataset", "name": "digits"])["id"].text
            for number in 1...4 {
                let (type, body) = FileRouteTests.form([("a.csv", "\(number)")])
                _ = try await server.client.send(
                    "POST", "/api/v1/assets/\(asset)/draft/files", secret: ada.secret, headers: [("Content-Type", type)], body: body)
                try await server.api(ada, "POST", "assets/\(asset)/versions", ["note": .text("n\(number)")])
            }
            #expect(try await Self.names(of: "assets/\(asset)/versions", "note", ada, server) == ["n4", "n3", "n2", "n1"])

            for cpu in [2000, 3000, 4000] {
                try await server.api(
                    ada, "PUT", "flavors/cpu-small", ["cpu": .number(Double(cpu)), "memory": 1_073_741_824, "scratch": 0])
            }
            #expect(try await Self.names(of: "flavors/cpu-small/changes", "subject", parts: 2, ada, server).count == 4)
            // The list of flavors has no parts.
            #expect(try await server.api(ada, "GET", "flavors?name=LARGE")["items"].items.map { $0["name"].text } == ["cpu-large"])

            let made = try await server.api(ada, "POST", "vouchers", ["amount": "1", "count": 3])["items"].items
            try await server.api(ada, "POST", "vouchers/\(made[0]["id"].text)/revoke")
            try await server.api(ada, "POST", "workspaces/\(workspace)/vouchers/redeem", ["code": .text(made[1]["code"].text)])
            for (state, of) in [("revoked", 0), ("used", 1), ("unused", 2)] {
                let found = try await Self.names(of: "vouchers?state=\(state)", "id", ada, server)
                #expect(found == [made[of]["id"].text], "\(state)")
            }
            #expect(try await Self.names(of: "vouchers?state=expired", "id", ada, server).isEmpty)
            #expect(try await Self.names(of: "tariffs", "number", ada, server).count == 1)
        }
    }

    @Test("the list of what runs has the ports of the services among it, asked for at once (INF-05)")
    func ports() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let text = try await server.api(ada, "GET", "workspaces/\(workspace)/commitments/port")["text_version"].int ?? 0
            try await server.api(ada, "POST", "workspaces/\(workspace)/commitments/port", ["text_version": .number(Double(text))])
            var ports: [String: String] = [:]
            for name in ["one", "two"] {
                let service = try await server.api(
                    ada, "POST", "projects/\(project)/services",
                    ["name": .text(name), "image": "weir/notebook", "flavor": "cpu-small", "command": "serve", "port": 8000])
                ports[name] = service["port"]["address"].text
            }
            let list = try await server.api(ada, "GET", "workspaces/\(workspace)/workloads")["items"].items
            #expect(list.count == 2)
            for item in list {
                #expect(item["port"]["address"].text == ports[item["name"].text] && item["port"]["mode"].text == "http")
            }
        }
    }

    @Test("a page with two lists goes on in each by itself")
    func twoLists() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            for weight in 101...145 {
                try await server.api(ada, "PUT", "workspaces/\(workspace)/quotas/everyone", ["weight": .number(Double(weight))])
            }
            let browser = Browser(server: server, user: ada)
            let first = try await browser.open("/quotas?name=ad")
            let next = try #require(first.body.firstMatch(of: /href="(\/quotas\?name=ad&(?:amp;)?changes=\d+)"/)?.output.1)
            let second = try await browser.open(String(next).replacing("&amp;", with: "&"))
            #expect(second.status == 200 && second.body.contains(#"href="/quotas?name=ad""#) && second.body.contains("ada"))
            let narrow = try await browser.open("/members?name=nobody")
            #expect(narrow.status == 200 && narrow.body.contains("Nothing fits") && narrow.body.contains(#"href="/members""#))
        }
    }
}
