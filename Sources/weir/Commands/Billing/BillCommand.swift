import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import WeirModel
import WeirPlatform

struct BillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bill", abstract: "Monthly bills: what was charged, how it was computed, and whether that is right.",
        subcommands: [Show.self, List.self, Verify.self], defaultSubcommand: Show.self)

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the bill of a month; --json and --csv export it (BIL-22).",
            discussion: """
                What --json prints holds all from which its amounts follow: `weir bill verify` computes it again without the server.

                EXAMPLES:
                  weir bill
                  weir bill 2026-11 --explain
                  weir bill 2026-11 --kind job
                  weir bill 2026-11 --csv > bill.csv
                  weir bill 2026-11 --json > bill.json && weir bill verify bill.json
                """)

        @Argument(help: "As 2026-11; this month when left out.") var month: MonthArgument?
        @Flag(help: "Export it for a spreadsheet.") var csv = false
        @Flag(help: "Show the arithmetic of each line.") var explain = false
        @Option(help: "Only environment, job, service, board or storage.") var kind: String?
        @Option(help: "How many lines at most.") var limit = 1000
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let path = "/api/v1/workspaces/\(workspace.id)/bills"
            let month = try await chosenMonth(workspace.id, session)
            if csv || session.output.json {
                return try await export("\(path)/\(month)/export", session)
            }
            var call = APICall.get("\(path)/\(month)")
            call.query = kind.map { [(name: "kind", value: $0)] } ?? []
            let bill = try await session.api.answer(call, as: Records.Bill.self)
            let lines = try await session.api.list(call, of: Records.BillLine.self, most: limit)
            let table = Table(
                .text("WHAT"), .text("KIND"), .text("PROJECT"), .text("BY"), .text("FROM"), .text("TO"), .number("MINUTES"),
                .number("POINTS"))
            try session.output.list(lines, table, identifier: { "\($0.firstEntry)" }) {
                [
                    $0.title, $0.kind, $0.project?.name ?? "", $0.account?.login ?? "", $0.from.short, $0.to.short,
                    $0.minutes.map(String.init) ?? "", $0.amount.description,
                ]
            }
            if explain, !session.output.quiet {
                for line in lines.value { print("\n\(line.title): \(line.explanation)") }
            }
            session.output.closing("Total of \(bill.value.month) (\(bill.value.timeZone)): \(bill.value.total) points.")
        }

        private func chosenMonth(_ workspace: String, _ session: ClientSession) async throws -> String {
            if let month { return month.month.description }
            return try await session.api.answer(.get("/api/v1/workspaces/\(workspace)/balance"), as: Records.Balance.self).value.month
        }

        private func export(_ path: String, _ session: ClientSession) async throws {
            var call = APICall.get(path)
            call.query = [(name: "format", value: csv ? "csv" : "json")]
            call.timeout = nil
            for try await part in try await session.api.response(call).body {
                try FileHandle.standardOutput.write(contentsOf: Data(part.readableBytesView))
            }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the months with what each was charged.", discussion: "EXAMPLES:\n  weir bill list", aliases: ["ls"])

        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let answer = try await session.api.list(
                .get("/api/v1/workspaces/\(workspace.id)/bills"), of: Records.MonthTotal.self)
            try session.output.list(answer, Table(.text("MONTH"), .number("POINTS")), identifier: \.month) {
                [$0.month, $0.total.description]
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compute an exported bill again, without the server; says the first thing that differs (BIL-22).",
            discussion: "EXAMPLES:\n  weir bill verify bill.json\n  weir bill verify bill.json --lang zh")

        /// More than any bill of a month that can be checked in memory.
        static let largestFile = 2 << 30

        @Argument(help: "What `weir bill --json` or the console exported.") var file: String
        @OptionGroup var global: GlobalOptions

        func run() async throws {
            let output = Output(
                json: global.json, quiet: global.quiet, language: global.language(ProcessInfo.processInfo.environment))
            do {
                try check(output)
            } catch {
                throw output.report(error)
            }
        }

        private func check(_ output: Output) throws {
            let size = (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0
            guard size <= Self.largestFile, let data = FileManager.default.contents(atPath: file) else {
                throw WeirError.unreadableFile(file)
            }
            let found = try BillVerification(data)
            let language = output.language
            if let difference = found.difference {
                throw WeirError.billDiffers(difference.key, difference.text)
            }
            let sentence = LocalizedText(
                "The bill of \(found.month) is right: \(Phrase.count(found.entries, "entry", "entries")), \(found.total) points.",
                zh: "\(found.month) 账单无误：\(found.entries) 条记录，共 \(found.total) 算力点。")
            try output.done(
                sentence[language],
                json: .object([
                    "ok": true, "month": .string(found.month.description), "entries": .integer(Int64(found.entries)),
                    "total": .string(found.total.description),
                ]), identifier: found.month.description)
        }
    }
}

extension WeirError {
    fileprivate static func billDiffers(_ key: String, _ text: LocalizedText) -> WeirError {
        WeirError("bill_differs", .failed, subject: key.isEmpty ? "total" : key, rule: "BIL-22", text)
    }
}
