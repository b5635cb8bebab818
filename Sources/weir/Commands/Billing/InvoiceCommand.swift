import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import WeirModel

struct InvoiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoice", abstract: "Invoices: asked for by a workspace, issued by the operator.",
        subcommands: [List.self, Request.self, Download.self, Issue.self, Reject.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the invoices of a workspace; with --all those of every workspace, for the operator (BIL-24).",
            discussion: "EXAMPLES:\n  weir invoice list\n  weir invoice list --all --state requested", aliases: ["ls"])

        @Flag(help: "Those of every workspace.") var all = false
        @Option(help: "Only requested, issued or rejected.") var state: String?
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let path = all ? "/api/v1/invoices" : "/api/v1/workspaces/\(try await session.workspace(choice).id)/invoices"
            let answer = try await session.api.list(.get(path, [("state", state)]), of: Records.Invoice.self)
            let table = Table(
                .text("ID"), .text("TITLE"), .text("TAX NUMBER"), .number("POINTS"), .text("STATE"), .text("NUMBER"),
                .text("ASKED FOR"), .text("BY"))
            try session.output.list(answer, table, identifier: \.id) {
                [
                    $0.id, $0.title, $0.taxNumber, $0.amount.description,
                    $0.state + ($0.reason.map { " (\($0))" } ?? ""), $0.number ?? "", $0.requestedAt.short, $0.requestedBy.login,
                ]
            }
        }
    }

    struct Request: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask for an invoice on what was paid, for an administrator (BIL-24).",
            discussion: "EXAMPLES:\n  weir invoice request 1000 --title 'Vision Laboratory' --tax-number 91110000MA01")

        @Argument(help: "Points.") var amount: AmountArgument
        @Option(help: "To whom it is made out.") var title: String
        @Option(help: "Their tax number.") var taxNumber: String
        @Option(help: "What the operator should know.") var note: String?
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let body = JSONValue.members([
                "amount": amount.json, "title": .string(title), "tax_number": .string(taxNumber), "note": note.map { .string($0) },
            ])
            let answer = try await session.api.answer(
                .create("/api/v1/workspaces/\(workspace.id)/invoices", body), as: Records.Invoice.self)
            try session.output.done("Asked for.", json: answer.json, identifier: answer.value.id)
        }
    }

    struct Download: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch the PDF of an issued invoice.",
            discussion: "EXAMPLES:\n  weir invoice download inv_01k8x2m4d5e6f7g8h9jkmnpqrs --to invoice.pdf")

        @Argument(help: "Its id.") var invoice: String
        @Option(help: "The file to write.") var to = "invoice.pdf"
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            var file = Data()
            for try await part in try await session.api.response(.get("/api/v1/invoices/\(invoice.percentEncoded)/file")).body {
                file.append(contentsOf: part.readableBytesView)
            }
            do {
                try file.write(to: URL(filePath: to), options: .atomic)
            } catch {
                throw WeirError.unreadableFile(to)
            }
            try session.output.done("Wrote \(to).", identifier: to)
        }
    }

    struct Issue: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Issue an invoice with its number and its PDF, for the operator (X10).",
            discussion: "EXAMPLES:\n  weir invoice issue inv_01k8x2m4d5e6f7g8h9jkmnpqrs 2026-0815 invoice.pdf")

        @Argument(help: "Its id.") var invoice: String
        @Argument(help: "The number on the paper.") var number: String
        @Argument(help: "The PDF, 5 MiB at most.") var file: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            guard let data = FileManager.default.contents(atPath: file) else { throw WeirError.unreadableFile(file) }
            var call = APICall.raw(.post, "/api/v1/invoices/\(invoice.percentEncoded)/issue", [("number", number)])
            call.headers = [(name: "Content-Type", value: "application/pdf")]
            call.body = .bytes(ByteBuffer(bytes: data))
            let answer = try await session.api.answer(call, as: Records.Invoice.self)
            try session.output.done("Issued as \(number).", json: answer.json, identifier: answer.value.id)
        }
    }

    struct Reject: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reject an invoice with a reason, for the operator.",
            discussion: "EXAMPLES:\n  weir invoice reject inv_01k8x2m4d5e6f7g8h9jkmnpqrs 'The tax number is unknown'")

        @Argument(help: "Its id.") var invoice: String
        @Argument(help: "Why.") var reason: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.answer(
                .send(.post, "/api/v1/invoices/\(invoice.percentEncoded)/reject", .object(["reason": .string(reason)])),
                as: Records.Invoice.self)
            try session.output.done("Rejected.", json: answer.json, identifier: answer.value.id)
        }
    }
}
