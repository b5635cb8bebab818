import Foundation
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirPlatform

@testable import WeirHTTP

@Suite struct BillRouteTests {
    @Test(
        "a job that ran stands on the bill with its arithmetic, and the exported file is right without the server (BIL-22)",
        arguments: TestDay.all)
    func exportedBill(day: TestDay) async throws {
        // Long before the hour ends: nothing here waits for it.
        try await TestServer.with(clock: FastClock(factor: 1, from: day.moment(.seconds(600)))) { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let job = try await server.charged(ada, workspace, project)
            let month = try await server.api(ada, "GET", "workspaces/\(workspace)/bills")["items"][0]["month"].text
            let bill = try await server.api(ada, "GET", "workspaces/\(workspace)/bills/\(month)")
            let line = bill["items"][0]
            #expect(line["subject"]["workload"].text == job)
            #expect(line["kind"].text == "job")
            #expect(line["name"].text == "train")
            #expect(line["project"]["id"].text == project)
            #expect(line["account"]["login"].text == "ada")
            #expect(line["minutes"].int == 1)
            #expect(line["amount"].text == "0.016666")
            #expect(line["explanation"].text.contains("1.000000 per hour × 1 min ÷ 60 = 0.016666 points"))
            #expect(bill["total"].text == "0.016666")
            for (filter, count) in [("kind=job", 1), ("kind=storage", 0), ("workload=\(job)", 1), ("project=\(project)", 1)] {
                let part = try await server.api(ada, "GET", "workspaces/\(workspace)/bills/\(month)?\(filter)")
                #expect(part["items"].items.count == count, "\(filter)")
            }

            let file = try await server.api(ada, "GET", "workspaces/\(workspace)/bills/\(month)/export").bytes
            let right = try BillVerification(Data(file))
            #expect(right.difference == nil)
            #expect(right.entries == 1)
            #expect(right.total == Points("0.016666"))
            let text = String(decoding: file, as: UTF8.self)
            for (from, to, field) in [
                ("\"amount\":\"-0.016666\"", "\"amount\":\"-0.006666\"", "amount"),
                ("\"minutes_after\":1", "\"minutes_after\":2", "amount"), ("\"price\":\"1.000000\"", "\"price\":\"0.500000\"", "amount"),
                ("\"total\":\"0.016666\"", "\"total\":\"0.006666\"", "total"),
                ("\"account\":\"\(ada.id)\"", "\"account\":\"\(server.operatorAccount.id)\"", "hash"),
            ] {
                #expect(text.contains(from), "\(from)")
                let found = try BillVerification(Data(text.replacing(from, with: to).utf8))
                #expect(found.difference?.field == field, "\(from) → \(to)")
            }
            let start = try #require(text.firstMatch(of: #/"start":"([^"]+)"/#)?.1)
            let entered = "\"entered_start\":\"\(start)\","
            #expect(text.contains(entered))
            let moved = text.replacing("\"start\":\"\(start)\"", with: "\"start\":\"2020-01-01T00:00:00.000Z\"")
            #expect(try BillVerification(Data(moved.utf8)).difference?.field == "run.start")
            // A file of the first format has no start under its hashes; this one has.
            let older = text.replacing(entered, with: "").replacing("weir-bill/2", with: "weir-bill/1")
            #expect(try BillVerification(Data(older.utf8)).difference?.field == "hash")
            #expect(throws: WeirError.self) { try BillVerification(Data("{}".utf8)) }

            let csv = try await server.api(ada, "GET", "workspaces/\(workspace)/bills/\(month)/export?format=csv")
            #expect(csv.header("Content-Type") == "text/csv; charset=utf-8")
            let rows = csv.body.components(separatedBy: "\r\n").filter { !$0.isEmpty }
            #expect(rows.count == 2)
            #expect(rows[1].contains(",charge,job,train,digits,ada,"))
            #expect(rows[1].contains(",1,1,0.016666,"))
        }
    }

    @Test("an entry explains itself, why-charged names what is behind it, and a workload shows its price and cost (BIL-27, BIL-06)")
    func explained() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let job = try await server.charged(ada, workspace, project)
            let entries = try await server.api(ada, "GET", "workspaces/\(workspace)/entries")["items"].items
            #expect(entries.map { $0["kind"].text } == ["charge", "grant"])
            #expect(entries.map { $0["amount"].text } == ["-0.016666", "1000.000000"])
            let own = try await server.api(ada, "GET", "workspaces/\(workspace)/entries?kind=charge&workload=\(job)")
            #expect(own["items"].items.count == 1)
            for (id, name) in [(job, "train"), (project, "digits"), (ada.id, "ada")] {
                #expect(own["names"]["\(id)"].text == name)
            }
            let entry = try await server.api(ada, "GET", "workspaces/\(workspace)/entries/\(entries[0]["sequence"].int ?? 0)")
            #expect(entry["charge"]["price"]["items"][0]["part"].text == "flavor")
            #expect(entry["charge"]["explanation"].text.contains("0.016666"))

            for query in ["", "?entry=\(entries[0]["sequence"].int ?? 0)", "?kind=job"] {
                let why = try await server.api(ada, "GET", "workspaces/\(workspace)/why-charged\(query)")
                #expect(why["total"].text == "0.016666", "\(query)")
                #expect(why["items"][0]["subject"]["workload"].text == job)
                #expect(why["rest"].text == "0.000000")
            }
            let workload = try await server.api(ada, "GET", "workloads/\(job)")
            #expect(workload["price_per_hour"].text == "1.000000")
            #expect(workload["cost"].text == "0.016666")
            let list = try await server.api(ada, "GET", "workspaces/\(workspace)/workloads")
            #expect(list["items"][0]["cost"].text == "0.016666")

            let answer = try await server.client.send(
                "GET", "/api/v1/workspaces/\(workspace)/bills/2026-13", secret: ada.secret)
            #expect(answer.status == 400)
            #expect(answer["error"]["rule"].text == "BIL-07")
        }
    }

    @Test("a refund stands on the same bill, and is at most what was charged (BIL-27)")
    func refund() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            _ = try await server.charged(ada, workspace, project)
            let entry = try await server.api(ada, "GET", "workspaces/\(workspace)/entries?kind=charge")["items"][0]
            let path = "entries/\(entry["sequence"].int ?? 0)/refunds"
            let key = [("Idempotency-Key", "r-1")]
            let refunded = try await server.api(
                server.operatorAccount, "POST", path, ["amount": "0.006666", "note": "Slow"], headers: key)
            #expect(refunded["kind"].text == "refund")
            let again = try await server.api(
                server.operatorAccount, "POST", path, ["amount": "0.006666", "note": "Slow"], headers: key)
            #expect(again["sequence"] == refunded["sequence"])
            #expect(again["is_new"] == .bool(false))
            let more = try await server.client.send(
                "POST", "/api/v1/" + path, json: ["amount": "0.02", "note": ""], secret: server.operatorAccount.secret,
                headers: [("Idempotency-Key", "r-2")])
            #expect(more.code == "refund_too_large")
            let month = entry["month"].text
            let bill = try await server.api(ada, "GET", "workspaces/\(workspace)/bills/\(month)")
            #expect(bill["items"][0]["amount"].text == "0.010000")
            #expect(bill["items"][0]["refunded"].text == "0.006666")
            let file = try await server.api(ada, "GET", "workspaces/\(workspace)/bills/\(month)/export").bytes
            let right = try BillVerification(Data(file))
            #expect(right.difference == nil, "\(right.difference?.text.en ?? "")")
            #expect(right.total == Points("0.010000"))
        }
    }

    @Test("the ledger's verification tells its progress and its result (BIL-27)")
    func verification() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            _ = try await server.charged(ada, workspace, project)
            let answer = try await server.api(server.operatorAccount, "POST", "ledger/verify")
            let last = try #require(answer.body.split(separator: "\n").last)
            let result = try JSONDecoder().decode(JSONText.self, from: Data(last.utf8))
            #expect(result["ok"] == .bool(true))
            #expect(result["entries"].int == 2)
            let noted = try await server.api(
                server.operatorAccount, "POST", "ledger/verify",
                ["sequence": 2, "hash": .text(String(repeating: "0", count: 64))])
            #expect(noted.body.contains("\"ok\":false"))
            let refused = try await server.client.send("POST", "/api/v1/ledger/verify", secret: ada.secret)
            #expect(refused.code == "operator_only")
        }
    }
}

extension TestServer {
    /// A job that ran for less than a minute and is charged for one. Its identifier.
    func charged(_ user: User, _ workspace: String, _ project: String) async throws -> String {
        let id = try await api(user, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job())["id"].text
        try await wait(for: id, "running", user)
        engine.endInstances(of: try #require(.init(id)), .succeeded)
        try await wait(for: id, "completed", user)
        // The settlement follows the end.
        for _ in 0..<600 {
            let bills = try await api(user, "GET", "workspaces/\(workspace)/bills")
            if !bills["items"].items.isEmpty { return id }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw NotCharged()
    }

    struct NotCharged: Error {}
}
