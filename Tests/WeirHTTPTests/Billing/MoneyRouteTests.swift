import Foundation
import TestSupport
import Testing
import WeirModel
import WeirPlatform
import WeirStore

@testable import WeirHTTP

@Suite struct MoneyRouteTests {
    @Test("a recharge under a key is entered once, another one under it is refused, and one without a key is not taken (BIL-01)")
    func recharge() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let (root, path) = (server.operatorAccount, "workspaces/\(workspace)/recharges")
            let key = [("Idempotency-Key", "k-1")]
            let first = try await server.api(root, "POST", path, ["amount": "100.5", "reference": "bank 1"], headers: key)
            #expect(first.status == 201)
            #expect(first["balance"].text == "1100.500000")
            let second = try await server.api(root, "POST", path, ["amount": "100.5", "reference": "bank 1"], headers: key)
            #expect(second["sequence"] == first["sequence"])
            #expect(second["is_new"] == .bool(false))
            func refused(_ json: JSONText, _ headers: [(String, String)], _ user: TestServer.User) async throws -> String {
                try await server.client.send("POST", "/api/v1/" + path, json: json, secret: user.secret, headers: headers).code
            }
            #expect(try await refused(["amount": "200"], key, root) == "ledger_key_taken")
            #expect(try await refused(["amount": "200"], [], root) == "missing_field")
            #expect(try await refused(["amount": "0"], [("Idempotency-Key", "k-2")], root) == "malformed")
            #expect(try await refused(["amount": "1.2345678"], [("Idempotency-Key", "k-2")], root) == "malformed")
            #expect(try await refused(["amount": "200"], [("Idempotency-Key", "k-2")], ada) == "operator_only")
            let balance = try await server.api(ada, "GET", "workspaces/\(workspace)/balance")
            #expect(balance["balance"].text == "1100.500000")
            #expect(balance["hours_left"] == .null)
            #expect(balance["is_used_up"] == .bool(false))
            let down = try await server.api(
                root, "POST", "workspaces/\(workspace)/corrections",
                ["amount": "-1100.5", "counter": "payments", "note": "Entered wrongly"], headers: [("Idempotency-Key", "c-1")])
            #expect(down["balance"].text == "0.000000")
            let usedUp = try await server.api(ada, "GET", "workspaces/\(workspace)/balance")
            #expect(usedUp["is_used_up"] == .bool(true))
            #expect(!usedUp["stops_at"].text.isEmpty)
        }
    }

    @Test("a member sees balance and bills and changes nothing; an administrator sets budgets and warnings; both see no other's")
    func permissions() async throws {
        try await TestServer.with { server in
            let (ada, bob) = (try await server.user("ada"), try await server.user("bob"))
            let (workspace, project) = try await server.project(of: ada)
            try await server.api(ada, "PUT", "workspaces/\(workspace)/members/bob", ["role": "member"])
            let budget: JSONText = ["limit": "5", "warnings": [50], "at_limit": "stop"]
            for path in ["balance", "balance/warnings", "bills", "entries", "why-charged", "budgets", "notices", "invoices", "storage"] {
                try await server.api(bob, "GET", "workspaces/\(workspace)/\(path)")
            }
            for (method, path, body) in [
                ("PUT", "budgets/workspace", budget), ("PUT", "balance/warnings", ["amounts": ["5"]]),
                ("POST", "vouchers/redeem", ["code": "WEIR-0000-0000-0000-0000-0000"]),
                ("POST", "invoices", ["title": "Lab", "tax_number": "1", "amount": "1"]),
            ] as [(String, String, JSONText)] {
                let answer = try await server.client.send(
                    method, "/api/v1/workspaces/\(workspace)/\(path)", json: body, secret: bob.secret)
                #expect(answer.status == 403 && answer.code == "forbidden", "\(path)")
            }
            let set = try await server.api(ada, "PUT", "workspaces/\(workspace)/budgets/\(project)", budget)
            #expect(set["limit"].text == "5.000000")
            #expect(set["at_limit"].text == "stop")
            let list = try await server.api(bob, "GET", "workspaces/\(workspace)/budgets")
            #expect(list["items"].items.map { $0["scope"].text } == [project])
            #expect(try await server.api(ada, "DELETE", "workspaces/\(workspace)/budgets/\(project)").status == 204)
            let warnings = try await server.api(
                ada, "PUT", "workspaces/\(workspace)/balance/warnings", ["amounts": ["2000"], "hours": [12]])
            #expect(warnings["amounts"].items == ["2000.000000"])
            let notices = try await server.api(bob, "GET", "workspaces/\(workspace)/notices")
            #expect(notices["items"].items.map { $0["code"].text } == ["balance_low"])
        }
    }

    @Test("the operator finds every workspace by a part of its name, with its balance; nobody else does")
    func allWorkspaces() async throws {
        try await TestServer.with { server in
            let (ada, eve) = (try await server.user("ada"), try await server.user("eve"))
            let (own, _) = try await server.project(of: ada)
            let (other, _) = try await server.project(of: eve)
            let root = server.operatorAccount
            let all = try await server.api(root, "GET", "operator/workspaces")["items"].items
            #expect(Set(all.map { $0["id"].text }) == [own, other])
            #expect(all.allSatisfy { $0["members"].int == 1 && $0["balance"].text == "1000.000000" && $0["used_up_since"] == .null })
            let name = try #require(all.first { $0["id"].text == own })["name"].text
            let found = try await server.api(root, "GET", "operator/workspaces?name=\(name.uppercased())&limit=1")["items"].items
            #expect(found.contains { $0["id"].text == own })
            let first = try await server.api(root, "GET", "operator/workspaces?limit=1")
            let second = try await server.api(root, "GET", "operator/workspaces?limit=1&after=\(first["next"].text)")
            #expect(Set([first, second].map { $0["items"][0]["id"].text }) == [own, other])
            #expect(try await server.client.send("GET", "/api/v1/operator/workspaces", secret: ada.secret).code == "operator_only")
        }
    }

    @Test("a deletion after arrears is approved and taken back by the operator; the members see how far it is (BIL-20)")
    func arrearsDeletion() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let (root, path) = (server.operatorAccount, "workspaces/\(workspace)/arrears-deletion")
            #expect(try await server.api(ada, "GET", path)["pending"] == .null)
            let none = try await server.client.send("POST", "/api/v1/\(path)/approve", secret: root.secret)
            #expect(none.code == "no_deletion_pending")
            let id = try #require(Identifier<Workspace>(workspace))
            let now = server.clock.now()
            try await server.platform.store.write { db in
                var record = ArrearsDeletionRecord(workspace: id, since: now)
                try db.beginArrearsDeletion(record)
                record.announced[14] = now
                try db.update(record)
            }
            #expect(try await server.api(root, "GET", "arrears-deletions")["items"][0]["workspace"].text == workspace)
            for user in [ada] {
                for step in ["approve", "withdraw"] {
                    let refused = try await server.client.send("POST", "/api/v1/\(path)/\(step)", secret: user.secret)
                    #expect(refused.code == "operator_only")
                }
            }
            #expect(try await server.api(root, "POST", path + "/approve")["approved_by"]["login"].text == "root")
            let pending = try await server.api(ada, "GET", path)["pending"]
            #expect(pending["approved_by"]["login"].text == "root")
            #expect(pending["announced"][0]["days"].int == 14)
            #expect(try await server.api(root, "POST", path + "/withdraw")["approved_by"] == .null)
            #expect(try await server.api(ada, "GET", path + "/deleted")["items"].items.isEmpty)
        }
    }

    @Test("a code is made once, recharges one workspace, and a revoked one none (BIL-21)")
    func vouchers() async throws {
        try await TestServer.with { server in
            let (ada, eve) = (try await server.user("ada"), try await server.user("eve"))
            let root = server.operatorAccount
            let (own, _) = try await server.project(of: ada)
            let (other, _) = try await server.project(of: eve)
            let key = [("Idempotency-Key", "v-1")]
            let made = try await server.api(root, "POST", "vouchers", ["count": 2, "amount": "50"], headers: key)["items"].items
            let again = try await server.client.send(
                "POST", "/api/v1/vouchers", json: ["count": 2, "amount": "50"], secret: root.secret, headers: key)
            #expect(again.code == "vouchers_made")
            let code = made[0]["code"].text
            let paid = try await server.api(
                ada, "POST", "workspaces/\(own)/vouchers/redeem", ["code": .text(code.lowercased())])
            #expect(paid["balance"].text == "1050.000000")
            let used = try await server.client.send(
                "POST", "/api/v1/workspaces/\(other)/vouchers/redeem", json: ["code": .text(code)], secret: eve.secret)
            #expect(used.code == "voucher_used")
            try await server.api(root, "POST", "vouchers/\(made[1]["id"].text)/revoke")
            let revoked = try await server.client.send(
                "POST", "/api/v1/workspaces/\(other)/vouchers/redeem", json: ["code": made[1]["code"]], secret: eve.secret)
            #expect(revoked.code == "voucher_unknown")
            let list = try await server.api(root, "GET", "vouchers")["items"].items
            #expect(Set(list.map { $0["used_by"].text }) == [own, ""])
            #expect(list.allSatisfy { $0["code"] == .null })
        }
    }

    @Test("the price is shown before a submission, with its warning and why it would be refused (BIL-23, BIL-29)")
    func quotes() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            var body = WorkloadRouteTests.job()
            if case .object(var fields) = body {
                fields["time_limit"] = 5400
                body = .object(fields)
            }
            let job = try await server.api(ada, "POST", "projects/\(project)/jobs/quote", body)
            #expect(job["per_hour"].text == "1.000000")
            #expect(job["per_day"].text == "24.000000")
            #expect(job["longest"]["minutes"].int == 90)
            #expect(job["longest"]["amount"].text == "1.500000")
            #expect(job["warning"] == .null)
            #expect(job["hours"].int == 1000)
            // The points that it leaves of the balance (N3).
            #expect(job["leaves"]["after"].text == "run")
            #expect(job["leaves"]["balance"]["left"].text == "1000.000000")
            #expect(job["leaves"]["balance"]["leaves"].text == "998.500000")
            #expect(job["leaves"]["budgets"].items.isEmpty)
            #expect(job["refusal"] == .null)
            let environment: JSONText = ["name": "lab", "image": "weir/notebook", "flavor": "cpu-small"]
            let quoted = try await server.api(ada, "POST", "projects/\(project)/environments/quote", environment)
            #expect(quoted["price"]["items"].items.map { $0["part"].text } == ["cpu", "memory", "scratch"])
            #expect(quoted["warning"].text.contains("points a day"))
            let list = try await server.api(ada, "GET", "workspaces/\(workspace)/workloads")
            #expect(list["items"].items.isEmpty)

            try await server.api(
                server.operatorAccount, "POST", "workspaces/\(workspace)/corrections",
                ["amount": "-1000", "counter": "grants", "note": "Over"], headers: [("Idempotency-Key", "c")])
            let refused = try await server.api(ada, "POST", "projects/\(project)/environments/quote", environment)
            #expect(refused["refusal"]["code"].text == "balance_used_up")
        }
    }

    @Test("a stop for money shows its cause and its remedy on the workload itself, in both languages (TRN-13)")
    func stopCause() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, project) = try await server.project(of: ada)
            let job = try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job())
            #expect(job["stop_cause"] == .null)
            let id = try #require(Identifier<Workload>(job["id"].text))
            let now = server.clock.now()
            try await server.platform.store.write { db in
                guard let workload = try db.read.workload(id) else { throw WeirError.notFound("workload") }
                try db.apply(.stopWanted, to: workload, cause: Cause("balance_used_up"), at: now)
            }
            let path = "workloads/\(job["id"].text)"
            let stopped = try await server.api(ada, "GET", path)
            #expect(stopped["stop_cause"]["code"].text == "balance_used_up")
            #expect(stopped["stop_cause"]["message"].text.contains("balance"))
            #expect(stopped["stop_cause"]["remedy"].text.contains("Recharge"))
            let chinese = try await server.api(ada, "GET", path, headers: [("Accept-Language", "zh")])
            #expect(chinese["stop_cause"]["remedy"].text.contains("充值"))
        }
    }

    @Test("what runs now and is not charged yet is in the answer to why something was charged (BIL-27)")
    func whyNow() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let job = try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job())
            let id = try #require(Identifier<Workload>(job["id"].text))
            try await server.platform.wait(for: id) { $0?.state == .running }
            let why = try await server.api(ada, "GET", "workspaces/\(workspace)/why-charged")
            #expect(why["running"].items.map { $0["workload"].text } == [id.text])
            #expect(why["running"].items.first?["per_hour"].text == "1.000000")
            let past = try await server.api(ada, "GET", "workspaces/\(workspace)/why-charged?month=2020-01")
            #expect(past["running"].items.isEmpty)
        }
    }

    @Test("an invoice is asked for up to what was paid, issued with its PDF, or rejected with a reason (BIL-24, X10)")
    func invoices() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let root = server.operatorAccount
            let (workspace, _) = try await server.project(of: ada)
            try await server.api(
                root, "POST", "workspaces/\(workspace)/recharges", ["amount": "100"], headers: [("Idempotency-Key", "k")])
            let path = "workspaces/\(workspace)/invoices"
            let body: JSONText = ["title": "Vision Lab", "tax_number": "9111-X", "amount": "60"]
            let key = [("Idempotency-Key", "i-1")]
            let first = try await server.api(ada, "POST", path, body, headers: key)
            #expect(first["id"] == (try await server.api(ada, "POST", path, body, headers: key))["id"])
            let list = try await server.api(ada, "GET", path)
            #expect(list["invoiceable"].text == "40.000000")
            #expect(list["items"].items.count == 1)
            let more = try await server.client.send("POST", "/api/v1/" + path, json: body, secret: ada.secret)
            #expect(more.code == "invoice_too_large")
            let issue = "/api/v1/invoices/\(first["id"].text)/issue?number=2026-1"
            let pdf = [("Content-Type", "application/pdf")]
            let none = try await server.client.send("POST", issue, secret: root.secret, headers: pdf, body: Array("no".utf8))
            #expect(none.code == "no_pdf")
            let file = Array("%PDF-1.7 paper".utf8)
            #expect(try await server.client.send("POST", issue, secret: ada.secret, headers: pdf, body: file).status == 403)
            let issued = try await server.client.send("POST", issue, secret: root.secret, headers: pdf, body: file)
            #expect(issued["state"].text == "issued")
            #expect(issued["number"].text == "2026-1")
            let twice = try await server.client.send("POST", issue, secret: root.secret, headers: pdf, body: file)
            #expect(twice.code == "invoice_answered")
            let got = try await server.api(ada, "GET", "invoices/\(first["id"].text)/file")
            #expect(got.bytes == file)
            #expect(got.header("Content-Type") == "application/pdf")
            let second = try await server.api(ada, "POST", path, ["title": "Lab", "tax_number": "1", "amount": "40"])
            let rejected = try await server.api(
                root, "POST", "invoices/\(second["id"].text)/reject", ["reason": "Unknown tax number"])
            #expect(rejected["reason"].text == "Unknown tax number")
            #expect(try await server.api(ada, "GET", path)["invoiceable"].text == "40.000000")
            let queue = try await server.api(root, "GET", "invoices?state=requested")
            #expect(queue["items"].items.isEmpty)
        }
    }

    @Test("the operator publishes the next price list from a date on; what runs keeps its own (BIL-06)")
    func tariffs() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let now = try await server.api(ada, "GET", "tariff")
            #expect(now["number"].int == 1)
            #expect(now["flavors"].items.map { $0["flavor"].text } == ["cpu-small", "cpu-large"])
            guard case .object(var next) = now.json else { return }
            next["number"] = nil
            next["starts_at"] = "2099-01-01T00:00:00Z"
            let published = try await server.api(server.operatorAccount, "POST", "tariffs", .object(next))
            #expect(published["number"].int == 2)
            #expect(try await server.api(ada, "GET", "tariffs")["items"].items.map { $0["number"].int } == [2, 1])
            #expect(try await server.api(ada, "GET", "tariff")["number"].int == 1)
            next["starts_at"] = "2020-01-01T00:00:00Z"
            let past = try await server.client.send(
                "POST", "/api/v1/tariffs", json: .object(next), secret: server.operatorAccount.secret)
            #expect(past.code == "tariff_in_the_past")
            let refused = try await server.client.send("POST", "/api/v1/tariffs", json: .object(next), secret: ada.secret)
            #expect(refused.code == "operator_only")
        }
    }
}
