import Foundation
import NIOHTTP1
import TestSupport
import Testing
import WeirModel
import WeirStore

@Suite("The commands about money, against a server that runs")
struct BillingCommandSystemTests {
    @Test(
        "the operator enters, corrects and gives back; codes, budgets, invoices and deletions are taken back; a bill is verified as a file")
    func commands() async throws {
        try await WeirProcess.with { weir in
            var person = Conversation(weir: weir)
            try await person.logInForTheFirstTime()
            let cli = Commands(weir: weir, token: person.token)
            let workspace = try await cli.made("workspace", "create", "vision", "--use")
            _ = try await cli.done("project", "create", "digits", "--use")

            // What is entered by the operator, by the workspace's name.
            let balance = try await cli.balance()
            _ = try await cli.done("recharge", "100", "-w", "vision", "--reference", "bank 1", "--key", "r-1")
            _ = try await cli.done("recharge", "100", "-w", "vision", "--reference", "bank 1", "--key", "r-1")
            _ = try await cli.done("ledger", "grant", "5", "-w", "vision", "--note", "Spring course")
            _ = try await cli.done("ledger", "correct", "--of", "payments", "--note", "Entered twice", "-w", "vision", "--", "-50")
            #expect(try await cli.balance() == balance.adding(55))
            #expect(try await cli.done("workspace", "list", "--all", "--name", "visi").contains("vision"))

            // Codes that are revoked pay nothing.
            let codes = try await cli.json("voucher", "create", "50", "--count", "2")["items"].list
            let (used, revoked) = (try #require(codes.first), try #require(codes.last))
            _ = try await cli.done("voucher", "revoke", revoked["id"].text)
            let refused = try await cli.run("voucher", "redeem", revoked["code"].text)
            #expect(refused.status != 0 && refused.error.contains("revoked"), "\(refused)")
            _ = try await cli.done("voucher", "redeem", used["code"].text)
            #expect(try await cli.balance() == balance.adding(105))

            // A budget is taken away again.
            _ = try await cli.done("budget", "set", "100", "--project", "digits", "--warn", "80")
            #expect(try await cli.done("budget", "list").contains("digits"))
            _ = try await cli.done("budget", "remove", "--project", "digits")
            #expect(try await !cli.done("budget", "list").contains("digits"))

            // An invoice is rejected, and what was asked for can be asked for again.
            let request = ["invoice", "request", "60", "--title", "Lab", "--tax-number", "91110000MA01"]
            let invoice = try await cli.made(request)
            #expect(try await cli.run(request).status != 0)
            _ = try await cli.done("invoice", "reject", invoice, "The tax number is unknown")
            #expect(try await cli.done("invoice", "list", "--state", "rejected").contains("Lab"))
            _ = try await cli.made(request)

            #expect(try await cli.done("quote", "job", "--flavor", "nano", "--time-limit", "90m").contains("0.150000 for"))
            #expect(try await cli.done("quote", "board", "--flavor", "nano").contains("an hour"))

            try await deletion(cli, weir, workspace)
            let records = try await cli.done("records", "--kind", "money", "--limit", "2")
            #expect(records.contains("approval of a deletion withdrawn") && records.split(separator: "\n").count == 3, "\(records)")
            #expect(try await cli.done("records", "--by", "operator", "--kind", "member").contains("workspace created"))
            #expect(try await cli.done("records", "--all", "--kind", "account").contains("account created"))
            try await bill(cli, person, weir)
            #expect(try await cli.done("ledger", "verify").contains("right"))
        }
    }

    /// Approved by the operator, and the approval taken back.
    private func deletion(_ cli: Commands, _ weir: WeirProcess, _ workspace: String) async throws {
        #expect(try await cli.run("storage", "approve", "--yes").error.contains("not used up"))
        let id = try #require(Identifier<Workspace>(workspace))
        let store = try Store(path: weir.folder.path + "/data/weir.sqlite")
        let now = SystemClock().now()
        try await store.write { try $0.beginArrearsDeletion(ArrearsDeletionRecord(workspace: id, since: now)) }
        #expect(try await cli.done("storage", "deletions").contains(workspace))
        _ = try await cli.done("storage", "approve", "-w", "vision", "--yes")
        #expect(try await store.read { try $0.arrearsDeletion(of: id) }?.approvedBy != nil)
        _ = try await cli.done("storage", "withdraw", "-w", "vision")
        #expect(try await store.read { try $0.arrearsDeletion(of: id) }?.approvedBy == nil)
        try await store.write { try $0.endArrearsDeletion(of: id) }
        try store.close()
    }

    /// A job is charged, given back in part, and its exported bill checked without the server.
    private func bill(_ cli: Commands, _ person: Conversation, _ weir: WeirProcess) async throws {
        let job = try await cli.made(
            "job", "submit", "train", "--flavor", "nano", "--image", TestImage.reference, "--", "true")
        _ = try await person.workload(job) { $0["state"].text == "completed" }
        var entries: [TestSupport.JSON] = []
        for _ in 0..<300 where entries.isEmpty {
            entries = try await cli.json("ledger", "list", "--kind", "charge")["items"].list
            if entries.isEmpty { try await Task.sleep(for: .milliseconds(100)) }
        }
        let entry = try #require(entries.first)
        let number = "\(try #require(entry["sequence"].int))"
        #expect(try await cli.done("ledger", "show", number).contains("points"))
        _ = try await cli.done("ledger", "refund", number, "0.000001", "--note", "The machine was slow")
        #expect(try await cli.run("ledger", "refund", number, "1", "--note", "too much").status != 0)
        #expect(try await cli.done("why-charged").contains("train"))

        let good = try await cli.done("bill", "--json")
        let path = weir.folder.path + "/bill.json"
        try good.write(toFile: path, atomically: true, encoding: .utf8)
        // Without a server and without a login.
        let stranger = Commands(weir: weir, token: nil)
        let right = try await stranger.run("bill", "verify", path)
        #expect(right.status == 0, "\(right)")
        let amount = entry["amount"].text
        #expect(good.contains(amount))
        try good.replacing("\"\(amount)\"", with: "\"-9.000000\"").write(toFile: path, atomically: true, encoding: .utf8)
        let wrong = try await stranger.run("bill", "verify", path)
        #expect(wrong.status == 1, "\(wrong)")
        #expect((wrong.output + wrong.error).contains("amount"))
        try "{}".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try await stranger.run("bill", "verify", path).status != 0)
    }
}

/// `weir` as a process of its own, with a folder of its own for what it remembers.
struct Commands: Sendable {
    let weir: WeirProcess
    let token: String?

    struct Outcome: Sendable {
        let status: Int32
        let output: String
        let error: String
    }

    func run(_ arguments: String...) async throws -> Outcome { try await run(arguments) }

    func run(_ arguments: [String]) async throws -> Outcome {
        let folder = try TemporaryFolder("weir-command")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: weir.executable)
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("WEIR_") }
        environment["XDG_CONFIG_HOME"] = weir.folder.path + "/client"
        environment["LANG"] = "C.UTF-8"
        if let token {
            environment["WEIR_SERVER"] = "http://\(weir.api)"
            environment["WEIR_TOKEN"] = token
        }
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        func file(_ name: String) throws -> FileHandle {
            try Data().write(to: URL(fileURLWithPath: folder.path + "/" + name))
            return try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path + "/" + name))
        }
        process.standardOutput = try file("out")
        process.standardError = try file("err")
        let (ended, end) = AsyncStream<Void>.makeStream()
        process.terminationHandler = { _ in end.finish() }
        try process.run()
        for await _ in ended {}
        return Outcome(
            status: process.terminationStatus, output: try String(contentsOfFile: folder.path + "/out", encoding: .utf8),
            error: try String(contentsOfFile: folder.path + "/err", encoding: .utf8))
    }

    /// What it says. Throws when it fails.
    func done(_ arguments: String...) async throws -> String { try await done(arguments) }

    private func done(_ arguments: [String]) async throws -> String {
        let outcome = try await run(arguments)
        guard outcome.status == 0 else {
            throw WeirProcess.Failure("weir \(arguments.joined(separator: " ")) ended with \(outcome.status): \(outcome.error)")
        }
        return outcome.output
    }

    /// The identifier of what it made.
    func made(_ arguments: String...) async throws -> String { try await made(arguments) }

    func made(_ arguments: [String]) async throws -> String {
        // What follows on `--` is a program.
        let place = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return try await done(Array(arguments[..<place]) + ["--quiet"] + arguments[place...]).trimmingCharacters(
            in: .whitespacesAndNewlines)
    }

    func json(_ arguments: String...) async throws -> TestSupport.JSON {
        try TestSupport.JSON(Data(await done(arguments + ["--json"]).utf8))
    }

    func balance() async throws -> Points {
        let text = try await json("balance")["balance"].text
        guard let points = Points(text) else { throw WeirProcess.Failure("no balance: \(text)") }
        return points
    }
}
