import ArgumentParser
import WeirModel

struct StorageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage", abstract: "What is kept, what that costs, and what may be deleted after 60 days in arrears.",
        subcommands: [Show.self, Payer.self, Deletions.self, Approve.self, Withdraw.self], defaultSubcommand: Show.self)

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a workspace keeps by kind, as it was measured last (STO-07, BIL-13).",
            discussion: "EXAMPLES:\n  weir storage\n  weir storage show -w vision")

        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let answer = try await session.api.answer(
                .get("/api/v1/workspaces/\(workspace.id)/storage"), as: Records.Storage.self)
            try session.output.details(answer, identifier: { "\($0.held)" }) { storage in
                let kinds = StorageKind.allCases.map { kind in
                    (name: kind.rawValue, value: storage.byKind[kind.rawValue].map { Phrase.size($0) })
                }
                return kinds + [
                    ("in sum", "\(Phrase.size(storage.held)), of which \(Phrase.size(storage.free)) are free"),
                    ("a day", "\(storage.perDay) points at \(storage.perGbDay) per GB"), ("today", "\(storage.today) points so far"),
                    (
                        "largest",
                        storage.largest.prefix(5).map { "\(Phrase.size($0.size))  \($0.kind)  \($0.name)" }.joined(separator: "\n")
                    ),
                ]
            }
        }
    }

    struct Payer: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show which workspace pays for your home and netdisk, or choose another from tomorrow on (BIL-28).",
            discussion: "EXAMPLES:\n  weir storage payer\n  weir storage payer --choose -w vision")

        @Flag(help: "Let the workspace pay.") var choose = false
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            var call = APICall.get("/api/v1/account/storage")
            if choose {
                call = try .send(.put, "/api/v1/account/storage", .object(["workspace": .string(try await session.workspace(choice).id)]))
            }
            let answer = try await session.api.answer(call, as: Records.OwnStorage.self)
            try session.output.details(answer, identifier: { $0.payer?.id ?? "" }) { storage in
                [
                    ("held", Phrase.size(storage.held)), ("paid by", storage.payer?.name),
                    ("then by", storage.from.map { "\(storage.chosen?.name ?? "") from \($0.short) on" }),
                ]
            }
        }
    }

    struct Deletions: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the workspaces whose data may be deleted, for the operator (BIL-20).",
            discussion: "EXAMPLES:\n  weir storage deletions")

        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.list(.get("/api/v1/arrears-deletions"), of: Records.ArrearsDeletion.self)
            let table = Table(.text("WORKSPACE"), .text("SINCE"), .text("NOT BEFORE"), .text("APPROVED BY"))
            try session.output.list(answer, table, identifier: \.workspace) {
                [$0.workspace, $0.since.short, $0.earliest.short, $0.approvedBy?.login ?? ""]
            }
        }
    }

    struct Approve: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let data above the free amount be deleted when its time has come, for the operator (BIL-20).",
            discussion: "EXAMPLES:\n  weir storage approve -w wsp_01k8x2m4d5e6f7g8h9jkmnpqrs --yes")

        @Flag(name: .shortAndLong, help: "Ask nothing.") var yes = false
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            try Prompt.confirm("Let data of \(workspace.name) be deleted?", yes: yes)
            let answer = try await session.api.answer(
                .send(.post, "/api/v1/workspaces/\(workspace.id)/arrears-deletion/approve"), as: Records.ArrearsDeletion.self)
            try session.output.done(
                "Approved; nothing is deleted before \(answer.value.earliest.short).", json: answer.json,
                identifier: answer.value.workspace)
        }
    }

    struct Withdraw: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take an approval back, for the operator.",
            discussion: "EXAMPLES:\n  weir storage withdraw -w wsp_01k8x2m4d5e6f7g8h9jkmnpqrs")

        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let answer = try await session.api.answer(
                .send(.post, "/api/v1/workspaces/\(workspace.id)/arrears-deletion/withdraw"), as: Records.ArrearsDeletion.self)
            try session.output.done("Withdrawn.", json: answer.json, identifier: answer.value.workspace)
        }
    }
}
