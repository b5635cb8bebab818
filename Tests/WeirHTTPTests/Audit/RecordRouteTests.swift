import Testing
import WeirModel

@testable import WeirHTTP

@Suite struct RecordRouteTests {
    @Test("operation records say who did what, part by part, each once, the newest first (ADM-04)")
    func records() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            _ = try await server.charged(ada, workspace, project)
            try await server.api(
                server.operatorAccount, "POST", "workspaces/\(workspace)/recharges", ["amount": "100", "note": "transfer 4711"],
                headers: [("Idempotency-Key", "k")])
            try await server.api(ada, "PUT", "workspaces/\(workspace)/quotas/everyone", ["weight": 150])
            try await server.api(ada, "DELETE", "workspaces/\(workspace)/quotas/everyone")

            let path = "workspaces/\(workspace)/records"
            let all = try await server.api(ada, "GET", path)["items"].items
            #expect(
                all.map { $0["action"].text } == [
                    "quota_removed", "quota_set", "recharge", "submitted", "project_created", "grant", "workspace_created",
                ])
            #expect(all.map { $0["by"]["login"].text } == ["ada", "ada", "root", "ada", "ada", "", "ada"])
            #expect(all[2]["amount"].text == "100.000000" && all[2]["note"].text == "transfer 4711")
            #expect(all[3]["subject"]["name"].text == "train" && all[3]["subject"]["kind"].text == "job")
            #expect(all[0]["subject"]["kind"].text == "everyone" && all[0]["subject"]["name"] == .null)
            #expect(all[4]["subject"]["id"].text == project && all[4]["workspace"]["id"].text == workspace)

            var parts: [String] = []
            var after = ""
            repeat {
                let part = try await server.api(ada, "GET", path + "?limit=1" + after)
                parts += part["items"].items.map { $0["action"].text }
                after = part["next"] == .null ? "" : "&after=\(part["next"].text)"
            } while !after.isEmpty && parts.count < 20
            #expect(parts == all.map { $0["action"].text })

            let money = try await server.api(ada, "GET", path + "?kind=money")["items"].items
            #expect(money.map { $0["action"].text } == ["recharge", "grant"])
            for person in [all[0]["by"], all[2]["by"]] {
                let own = try await server.api(ada, "GET", path + "?login=\(person["login"].text)")["items"].items
                #expect(own.map { $0["action"].text } == all.filter { $0["by"] == person }.map { $0["action"].text } && !own.isEmpty)
            }
            #expect(try await server.api(ada, "GET", path + "?login=nobody")["items"].items.isEmpty)
            let eve = try await server.user("eve")
            #expect(try await server.client.send("GET", "/api/v1/" + path, secret: eve.secret).status == 404)
        }
    }

    @Test("each change of projects, data, members, budgets and invoices leaves one record with what it was and is (ADM-04)")
    func changes() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let bob = try await server.user("bob")
            let root = server.operatorAccount
            let (workspace, project) = try await server.project(of: ada, "old")
            let base = "workspaces/\(workspace)"
            try await server.api(ada, "PATCH", "projects/\(project)", ["name": "new"])
            try await server.api(ada, "PATCH", "projects/\(project)", ["name": "new"])
            try await server.api(ada, "PATCH", "projects/\(project)", ["description": "digits"])
            try await server.api(ada, "PUT", base + "/members/bob", ["role": "member"])
            try await server.api(ada, "PUT", base + "/members/bob", ["role": "member"])
            try await server.api(ada, "PUT", base + "/members/bob", ["role": "administrator"])
            try await server.api(ada, "PUT", base + "/budgets/\(project)", ["limit": "10"])
            try await server.api(ada, "PUT", base + "/budgets/\(project)", ["limit": "20"])
            try await server.api(ada, "DELETE", base + "/budgets/\(project)")
            try await server.api(root, "POST", base + "/recharges", ["amount": "100"], headers: [("Idempotency-Key", "k")])
            try await server.api(ada, "POST", base + "/invoices", ["title": "Lab", "tax_number": "1", "amount": "40"])
            try await server.api(ada, "DELETE", base + "/members/bob")
            try await server.api(ada, "DELETE", "projects/\(project)")
            try await server.api(ada, "PUT", base + "/idle-policy", ["after": 3600])
            try await server.api(ada, "PUT", base + "/idle-policy", ["after": 3600])
            try await server.api(ada, "PUT", base + "/idle-policy", ["after": 3600, "cpu": 20])
            let foreign: JSONText = ["after": 3600, "exempt_accounts": [.text("\(root.id)")]]
            #expect(
                try await server.client.send("PUT", "/api/v1/" + base + "/idle-policy", json: foreign, secret: ada.secret).status == 404)
            try await server.api(ada, "PUT", base + "/balance/warnings", ["amounts": ["7"], "hours": [1]])
            try await server.api(ada, "PUT", base + "/balance/warnings", ["amounts": ["7"], "hours": [1]])
            try await server.api(ada, "PATCH", base, ["name": "laboratory"])

            let items = try await server.api(ada, "GET", base + "/records")["items"].items
            let said = items.reversed().map { item in
                [item["kind"].text, item["action"].text, item["subject"]["name"].text, item["before"].text, item["after"].text]
                    .joined(separator: " ")
            }
            #expect(
                said == [
                    "member workspace_created ada-old  ", "money grant   ", "project project_created old  ",
                    "project project_changed new old new",
                    "project project_changed new  ", "member member_added bob  member", "member role_changed bob member administrator",
                    "money budget_set new  10.000000", "money budget_set new 10.000000 20.000000", "money budget_removed new 20.000000 ",
                    "money recharge   ", "money invoice_requested Lab  40.000000", "member member_removed bob administrator ",
                    "project project_deleted new  ", "workload idle_policy_set ada-old – 60 min", "workload idle_policy_set ada-old  ",
                    "money warnings_set ada-old  ", "member workspace_renamed laboratory ada-old laboratory",
                ])
            let members = try await server.api(ada, "GET", base + "/records?kind=member&limit=2")
            #expect(members["items"].items.map { $0["action"].text } == ["workspace_renamed", "member_removed"])
            #expect(try await server.client.send("GET", "/api/v1/" + base + "/records", secret: bob.secret).status == 404)
        }
    }

    @Test(
        "what somebody keeps to themselves is in nobody else's records, not the operator's either, who sees what was done anywhere (DAT-14, ADM-04)"
    )
    func whoSees() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let bob = try await server.user("bob")
            let root = server.operatorAccount
            let (workspace, _) = try await server.project(of: ada)
            let base = "workspaces/\(workspace)"
            try await server.api(ada, "PUT", base + "/members/bob", ["role": "owner"])
            let hidden = try await server.api(ada, "POST", base + "/assets", ["kind": "dataset", "name": "hidden", "visibility": "owner"])[
                "id"
            ].text
            let shared = try await server.api(ada, "POST", base + "/assets", ["kind": "model", "name": "shared"])["id"].text
            func seen(_ user: TestServer.User, _ path: String) async throws -> [String] {
                try await server.api(user, "GET", path + "/records?kind=data")["items"].items.map { $0["subject"]["id"].text }
            }
            #expect(try await seen(ada, base) == [shared, hidden])
            #expect(try await seen(bob, base) == [shared])
            #expect(try await seen(root, "operator") == [shared])
            try await server.api(ada, "DELETE", "assets/\(hidden)")
            #expect(try await seen(bob, base) == [shared])

            let made = try await server.api(root, "POST", "accounts", ["login": "carol"])["account"]["id"].text
            try await server.api(root, "POST", "accounts/\(made)/disable")
            try await server.api(root, "POST", "accounts/\(made)/disable")
            try await server.api(root, "POST", "accounts/\(made)/password")
            let all = try await server.api(root, "GET", "operator/records?login=root")["items"].items
            #expect(all.prefix(3).map { $0["action"].text } == ["password_reset", "account_disabled", "account_created"])
            #expect(all[0]["subject"]["name"].text == "carol" && all[0]["workspace"] == .null && all[0]["kind"].text == "account")
            let elsewhere = try await server.api(root, "GET", "operator/records?kind=project")["items"].items
            #expect(elsewhere.map { $0["workspace"]["name"].text } == ["ada-digits"])
            #expect(try await server.client.send("GET", "/api/v1/operator/records", secret: ada.secret).code == "operator_only")
        }
    }

    @Test("accounts are found by a part of login or name, and the host's checks are the operator's to see")
    func operatorsLists() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let found = try await server.api(server.operatorAccount, "GET", "accounts?name=AD")["items"].items
            #expect(found.map { $0["login"].text } == ["ada"])
            #expect(try await server.client.send("GET", "/api/v1/operator/checks", secret: ada.secret).code == "operator_only")
            #expect(try await server.api(server.operatorAccount, "GET", "operator/checks")["ready"] == .bool(true))
        }
    }

    @Test("a form issues an invoice with its file, and the ledger is verified with one answer (BIL-24, BIL-27)")
    func formsOfTheOperator() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let root = server.operatorAccount
            let (workspace, _) = try await server.project(of: ada)
            try await server.api(
                root, "POST", "workspaces/\(workspace)/recharges", ["amount": "100"], headers: [("Idempotency-Key", "k")])
            let invoice = try await server.api(
                ada, "POST", "workspaces/\(workspace)/invoices", ["title": "Lab", "tax_number": "1", "amount": "40"])["id"].text
            func issue(_ parts: [(String, String)]) async throws -> TestClient.Answer {
                let form = parts.map { "--b\r\nContent-Disposition: form-data; \($0)\r\n\r\n\($1)\r\n" }.joined() + "--b--\r\n"
                return try await server.client.send(
                    "POST", "/api/v1/invoices/\(invoice)/issue", secret: root.secret,
                    headers: [("Content-Type", "multipart/form-data; boundary=b")], body: Array(form.utf8))
            }
            let file = (#"name="file"; filename="a.pdf""#, "%PDF-1.7 paper")
            #expect(try await issue([file]).code == "missing_field")
            #expect(try await issue([(#"name="number""#, "2026-1"), (#"name="other""#, "x")]).code == "unknown_field")
            #expect(try await issue([(#"name="number""#, "2026-1"), (#"name="file""#, "no")]).code == "no_pdf")
            let issued = try await issue([(#"name="number""#, "2026-1"), file])
            #expect(issued["number"].text == "2026-1" && issued["has_file"] == .bool(true))
            #expect(try await server.api(ada, "GET", "invoices/\(invoice)/file").body == "%PDF-1.7 paper")

            let verified = try await server.api(root, "POST", "ledger/verify?progress=false")
            #expect(verified["ok"] == .bool(true) && verified["entries"].int == 2)
        }
    }
}
