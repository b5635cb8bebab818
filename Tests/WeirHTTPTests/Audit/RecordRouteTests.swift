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
            #expect(all.map { $0["action"].text } == ["quota_removed", "quota_set", "recharge", "submitted", "grant"])
            #expect(all.map { $0["by"]["login"].text } == ["ada", "ada", "root", "ada", ""])
            #expect(all[2]["amount"].text == "100.000000" && all[2]["note"].text == "transfer 4711")
            #expect(all[3]["workload"]["name"].text == "train" && all[3]["workload"]["kind"].text == "job")
            #expect(all[0]["subject"].text == "everyone")

            var parts: [String] = []
            var after = ""
            repeat {
                let part = try await server.api(ada, "GET", path + "?limit=1" + after)
                parts += part["items"].items.map { $0["action"].text }
                after = part["next"] == .null ? "" : "&after=\(part["next"].text)"
            } while !after.isEmpty && parts.count < 10
            #expect(parts == all.map { $0["action"].text })

            let money = try await server.api(ada, "GET", path + "?kind=money")["items"].items
            #expect(money.map { $0["action"].text } == ["recharge", "grant"])
            for person in [all[0]["by"], all[2]["by"]] {
                let own = try await server.api(ada, "GET", path + "?account=\(person["id"].text)")["items"].items
                #expect(own.map { $0["action"].text } == all.filter { $0["by"] == person }.map { $0["action"].text } && !own.isEmpty)
            }
            let eve = try await server.user("eve")
            #expect(try await server.client.send("GET", "/api/v1/" + path, secret: eve.secret).status == 404)
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
