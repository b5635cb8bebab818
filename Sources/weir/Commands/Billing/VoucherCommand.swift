import ArgumentParser
import WeirModel

struct VoucherCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "voucher", abstract: "Codes that recharge a workspace once.",
        subcommands: [Create.self, List.self, Revoke.self, Redeem.self])

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make codes, for the operator; they are shown this once (BIL-21).",
            discussion: "EXAMPLES:\n  weir voucher create 50 --count 20 --expires 2027-01-01T00:00:00Z --note 'Spring course'")

        @Argument(help: "Points that each pays.") var amount: AmountArgument
        @Option(help: "How many.") var count: Int64 = 1
        @Option(help: "A time as 2027-01-01T00:00:00Z; never when left out.") var expires: String?
        @Option(help: "What they are for.") var note: String?
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let body = JSONValue.members([
                "amount": amount.json, "count": .integer(count), "expires_at": expires.map { .string($0) },
                "note": note.map { .string($0) },
            ])
            let answer = try await session.api.list(.create("/api/v1/vouchers", body), of: Records.Voucher.self)
            let table = Table(.text("CODE"), .number("POINTS"), .text("EXPIRES"), .text("ID"))
            try session.output.list(answer, table, identifier: { $0.code ?? $0.id }) {
                [$0.code ?? "", $0.amount.description, $0.expiresAt?.short ?? "", $0.id]
            }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the codes that were made, for the operator.", discussion: "EXAMPLES:\n  weir voucher list",
            aliases: ["ls"])

        @Option(help: "How many at most.") var limit = 200
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.list(.get("/api/v1/vouchers"), of: Records.Voucher.self, most: limit)
            let table = Table(
                .text("ID"), .number("POINTS"), .text("STATE"), .text("EXPIRES"), .text("CREATED"), .text("NOTE"))
            try session.output.list(answer, table, identifier: \.id) {
                [
                    $0.id, $0.amount.description, state($0), $0.expiresAt?.short ?? "", $0.createdAt.short, $0.note,
                ]
            }
        }

        private func state(_ voucher: Records.Voucher) -> String {
            if let usedBy = voucher.usedBy { return "used by \(usedBy)" }
            return voucher.revokedAt == nil ? "good" : "revoked"
        }
    }

    struct Revoke: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a code worthless that has not been used, for the operator.",
            discussion: "EXAMPLES:\n  weir voucher revoke vch_01k8x2m4d5e6f7g8h9jkmnpqrs")

        @Argument(help: "Its id in `weir voucher list`.") var voucher: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.answer(
                .send(.post, "/api/v1/vouchers/\(voucher.percentEncoded)/revoke"), as: Records.Voucher.self)
            try session.output.done("Revoked.", json: answer.json, identifier: answer.value.id)
        }
    }

    struct Redeem: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Recharge a workspace by a code, for an administrator (BIL-21).",
            discussion: "EXAMPLES:\n  weir voucher redeem WEIR-7K2M-0000-0000-0000-0000")

        @Argument(help: "The code; case, hyphens and spaces do not matter.") var code: String
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let answer = try await session.api.answer(
                .send(.post, "/api/v1/workspaces/\(workspace.id)/vouchers/redeem", .object(["code": .string(code)])),
                as: Records.Posted.self)
            try session.output.done(
                Self.sentence(answer.value, workspace: workspace.name), json: answer.json, identifier: "\(answer.value.sequence)")
        }

        /// A code pays once, however often it is typed.
        static func sentence(_ posted: Records.Posted, workspace: String) -> String {
            let done = posted.isNew ? "Recharged" : "This code was redeemed before, and paid"
            return "\(done) \(posted.amount) points; the balance of \(workspace) is \(posted.balance)."
        }
    }
}
