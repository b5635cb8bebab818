import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import WeirModel

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Every entry of a balance, and whether all of them are right.",
        subcommands: [List.self, Show.self, Verify.self, Grant.self, Correct.self, Refund.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what was added to and taken from the balance.",
            discussion: "EXAMPLES:\n  weir ledger list\n  weir ledger list --kind recharge --limit 20", aliases: ["ls"])

        @Option(help: "Only recharge, charge, refund, grant or correction.") var kind: String?
        @Option(help: "Only those on the bill of this month.") var month: MonthArgument?
        @Option(help: "How many at most.") var limit = 50
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let answer = try await session.api.list(
                .get(
                    "/api/v1/workspaces/\(workspace.id)/entries",
                    [("kind", kind), ("month", month?.month.description), ("limit", "\(max(1, min(limit, 200)))")]),
                of: Records.LedgerEntry.self, most: limit)
            let table = Table(
                .number("ENTRY"), .text("AT"), .text("KIND"), .number("POINTS"), .text("MONTH"), .text("KEY"), .text("NOTE"))
            try session.output.list(answer, table, identifier: { "\($0.sequence)" }) { entry in
                [
                    "\(entry.sequence)", entry.at.short, entry.kind, entry.amount.description, entry.month ?? "", entry.key,
                    [entry.reference, entry.note].compactMap(\.self).joined(separator: ": "),
                ]
            }
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one entry with its arithmetic (BIL-27).", discussion: "EXAMPLES:\n  weir ledger show 4711")

        @Argument(help: "Its number in `weir ledger list`.") var entry: Int64
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let answer = try await session.api.answer(
                .get("/api/v1/workspaces/\(workspace.id)/entries/\(entry)"), as: Records.LedgerEntry.self)
            let explanation = answer.json["charge"]?["explanation"]?.text
            try session.output.details(answer, identifier: { "\($0.sequence)" }) { entry in
                [
                    ("entry", "\(entry.sequence)"), ("at", entry.at.short), ("kind", entry.kind),
                    ("points", entry.amount.description), ("key", entry.key), ("month", entry.month), ("why", explanation),
                    ("reference", entry.reference), ("note", entry.note),
                ]
            }
        }
    }

    struct Verify: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compute the whole ledger again, for the operator; says the first thing that differs (BIL-27).",
            discussion: """
                The end of the ledger that it prints can be noted outside of the installation, and given the next time: then nothing
                before it can have been changed.

                EXAMPLES:
                  weir ledger verify
                  weir ledger verify --noted 812:0f3c5e…
                """)

        @Option(help: "SEQUENCE:HASH that an earlier verification printed.") var noted: String?
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            var body: [String: JSONValue] = [:]
            if let noted {
                let parts = noted.split(separator: ":")
                guard parts.count == 2, let sequence = Int64(parts[0]) else {
                    throw WeirError.malformed("noted", "SEQUENCE:HASH")
                }
                body = ["sequence": .integer(sequence), "hash": .string(String(parts[1]))]
            }
            var call = try APICall.send(.post, "/api/v1/ledger/verify", .object(body))
            call.timeout = nil
            var last: JSONValue = .null
            var line = Data()
            for try await buffer in try await session.api.response(call).body {
                for byte in buffer.readableBytesView {
                    guard byte == 10 else {
                        line.append(byte)
                        continue
                    }
                    last = (try? JSONDecoder().decode(JSONValue.self, from: line)) ?? .null
                    line.removeAll(keepingCapacity: true)
                    if session.output.isWatched, last["ok"] == nil, case .integer(let count)? = last["entries"] {
                        session.output.note("\(count) entries …")
                    }
                }
            }
            if last["error"] != nil { throw APIFailure(httpStatus: 500, body: last) }
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            guard let found = try? decoder.decode(Records.Verification.self, from: try JSONEncoder().encode(last)) else {
                throw WeirError.connectionBroke("the verification ends before its result")
            }
            if let difference = found.difference {
                let text = LocalizedText(difference.text, zh: difference.text)
                throw WeirError("ledger_differs", .failed, subject: difference.subject, rule: "BIL-27", text)
            }
            for finding in found.findings {
                session.output.note(finding.isOverdue ? finding.text : "\(finding.text) Settle it with --reference \(finding.reference)")
            }
            let end = "\(found.head.sequence):\(found.head.hash)"
            try session.output.done(
                "All \(found.entries) entries are right. The end of the ledger: \(end)", json: last, identifier: end)
        }
    }

    struct Grant: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give points to a workspace, for the operator.",
            discussion: "EXAMPLES:\n  weir ledger grant 100 -w vision --note 'Spring course'")

        @Argument(help: "Points.") var amount: AmountArgument
        @OptionGroup var entering: EnteringOptions
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            try await entering.enter("grants", amount, [:], choice, session) { "Gave \($0)" }
        }
    }

    struct Correct: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put right what was entered wrongly, by an entry of its own, for the operator.",
            discussion: "EXAMPLES:\n  weir ledger correct --of payments --note 'Entered twice' -w vision -- -50")

        @Argument(help: "Points, added to the balance.") var amount: AmountArgument
        @Option(help: "What it corrects: payments, grants or revenue.") var of: String
        @OptionGroup var entering: EnteringOptions
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            try await entering.enter("corrections", amount, ["counter": .string(of)], choice, session) { "Corrected by \($0)" }
        }
    }

    struct Refund: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give back a charge or a part of it, for the operator (BIL-27).",
            discussion: "EXAMPLES:\n  weir ledger refund 4711 0.5 --note 'The machine was slow'")

        @Argument(help: "The charge, by its number in `weir ledger list`.") var entry: Int64
        @Argument(help: "Points.") var amount: AmountArgument
        @Option(help: "Why.") var note: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let body: JSONValue = .object(["amount": amount.json, "note": .string(note)])
            let answer = try await session.api.answer(
                .create("/api/v1/entries/\(entry)/refunds", body), as: Records.Posted.self)
            try session.output.done(
                "Gave back \(answer.value.amount) points; the balance is \(answer.value.balance).", json: answer.json,
                identifier: "\(answer.value.sequence)")
        }
    }
}

/// What the operator says about an entry.
struct EnteringOptions: ParsableArguments {
    @Option(help: "Of the payment, as the bank has it.") var reference: String?
    @Option(help: "What is said about it.") var note: String?
    @Option(help: "The same key enters the same once, however often it is sent; a new one when left out.") var key: String?

    func enter(
        _ path: String, _ amount: AmountArgument, _ more: [String: JSONValue], _ choice: WorkspaceOptions, _ session: ClientSession,
        _ done: (Points) -> String
    ) async throws {
        let workspace = try await session.workspace(choice)
        var body: [String: JSONValue?] = ["amount": amount.json, "reference": reference.map { .string($0) }]
        body["note"] = note.map { .string($0) }
        for (name, value) in more { body[name] = value }
        var call = try APICall.create("/api/v1/workspaces/\(workspace.id)/\(path)", .members(body))
        if let key {
            call.headers.removeAll { $0.name == "Idempotency-Key" }
            call.headers.append((name: "Idempotency-Key", value: key))
        }
        let answer = try await session.api.answer(call, as: Records.Posted.self)
        let sentence = answer.value.isNew ? done(answer.value.amount) : "It was entered before"
        try session.output.done(
            "\(sentence); the balance of \(workspace.name) is \(answer.value.balance).", json: answer.json,
            identifier: "\(answer.value.sequence)")
    }
}

struct RechargeCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "recharge", abstract: "Enter what was paid for a workspace, for the operator (BIL-21).",
        discussion: """
            EXAMPLES:
              weir recharge 1000 -w vision --reference 'transfer 4711'
              weir recharge 1000 -w vision --key transfer-4711 --note Spring
            """)

    @Argument(help: "Points.") var amount: AmountArgument
    @OptionGroup var entering: EnteringOptions
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        try await entering.enter("recharges", amount, [:], choice, session) { "Recharged \($0)" }
    }
}
