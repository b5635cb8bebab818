import HTTPTypes
import Hummingbird
import NIOCore
import WeirModel
import WeirPlatform
import WeirStore

/// What the operator enters into the ledger, and how it is checked (BIL-01, BIL-06, BIL-21).
struct OperatorBillingRoutes {
    let ledger: Ledger
    let vouchers: Vouchers
    let accounts: Accounts

    func add(to routes: Routes) {
        addEntering(to: routes)
        addVouchers(to: routes)
        addVerification(to: routes)
    }

    private func addEntering(to routes: Routes) {
        let ledger = ledger

        routes.post("workspaces/{workspace}/recharges", "recharge") { call in
            try call.caller.requireOperator()
            let workspace = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(Entering.self)
            let posted = try await ledger.recharge(
                workspace, by: input.amount, reference: input.reference ?? "", note: input.note ?? "",
                key: call.neededIdempotencyKey(for: input), caller: call.caller)
            return call.answer(posted.json, status: .created)
        }

        routes.post("workspaces/{workspace}/grants", "grant") { call in
            try call.caller.requireOperator()
            let workspace = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(Entering.self)
            let posted = try await ledger.grant(
                workspace, amount: input.amount, reference: input.reference ?? "", note: input.note ?? "",
                key: call.neededIdempotencyKey(for: input), caller: call.caller)
            return call.answer(posted.json, status: .created)
        }

        routes.post("workspaces/{workspace}/corrections", "correct") { call in
            try call.caller.requireOperator()
            let workspace = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(Correcting.self)
            let posted = try await ledger.correct(
                workspace, by: input.amount, of: input.counter, reference: input.reference ?? "", note: input.note,
                key: call.neededIdempotencyKey(for: input), caller: call.caller)
            return call.answer(posted.json, status: .created)
        }

        routes.post("entries/{entry}/refunds", "refund") { call in
            try call.caller.requireOperator()
            let entry = Int64(try call.number("entry"))
            let input = try await call.input(Refunding.self)
            let posted = try await ledger.refund(
                entry: entry, amount: input.amount, note: input.note, key: call.neededIdempotencyKey(for: input),
                caller: call.caller)
            return call.answer(posted.json, status: .created)
        }
    }

    private func addVouchers(to routes: Routes) {
        let (vouchers, accounts) = (vouchers, accounts)

        routes.get("vouchers", "listVouchers") { call in
            let standing = try call.query("state", as: VoucherRecord.Standing.self)
            let page = try await vouchers.list(standing, call.page(), by: call.caller)
            let names = try await accounts.names(of: Set(page.items.compactMap(\.usedBy?.text)))
            return call.answer(page, names: names) { $0.json }
        }

        routes.post("vouchers", "createVouchers") { call in
            try call.caller.requireOperator()
            let input = try await call.input(NewVouchers.self)
            let made = try await vouchers.create(
                count: input.count ?? 1, amount: input.amount, note: input.note ?? "", expiresAt: input.expiresAt,
                key: call.idempotencyKey(for: input), by: call.caller)
            let items = made.map { $0.voucher.json.adding(["code": $0.code.description]) }
            return call.answer(["items": items, "next": JSON.null], status: .created)
        }

        routes.post("vouchers/{voucher}/revoke", "revokeVoucher") { call in
            try call.caller.requireOperator()
            return call.answer(try await vouchers.revoke(call.id("voucher"), by: call.caller).json)
        }
    }

    private func addVerification(to routes: Routes) {
        let ledger = ledger

        routes.post("ledger/verify", "verifyLedger") { call in
            let caller = try call.caller
            try caller.requireOperator()
            let noted = try await call.inputOrNone(Noted.self).head
            if try call.query("progress", as: Switch.self) == .off {
                return call.answer(try await ledger.verify(noted: noted, by: caller) { _ in }.json(in: call.language))
            }
            let body = ResponseBody { writer in
                // Of progress only the last word counts.
                let (lines, source) = AsyncStream<JSON>.makeStream(bufferingPolicy: .bufferingNewest(2))
                try await withThrowingTaskGroup(of: JSON.self) { group in
                    group.addTask {
                        defer { source.finish() }
                        do {
                            let found = try await ledger.verify(noted: noted, by: caller) { source.yield(["entries": $0]) }
                            return found.json(in: call.language)
                        } catch {
                            let failure = ErrorAnswer.weirError(for: error, logger: call.information.logger)
                            return ErrorAnswer.json(of: failure, in: call.language, requestID: call.information.requestID)
                        }
                    }
                    for await line in lines {
                        try await writer.write(ByteBuffer(bytes: JSONWriter.bytes(of: line) + [10]))
                    }
                    for try await result in group {
                        try await writer.write(ByteBuffer(bytes: JSONWriter.bytes(of: result) + [10]))
                    }
                }
                try await writer.finish(nil)
            }
            return Response(status: .ok, headers: [.contentType: "application/x-ndjson", .accelBuffering: "no"], body: body)
        }
    }

    fileprivate enum Switch: String, CaseIterable {
        case on = "true"
        case off = "false"
    }

    struct Entering: Input, Encodable {
        let amount: Points
        let reference: String?
        let note: String?

        enum CodingKeys: String, CodingKey, CaseIterable { case amount, reference, note }
    }

    struct Correcting: Input, Encodable {
        let amount: Points
        let counter: LedgerCounter
        let reference: String?
        let note: String

        enum CodingKeys: String, CodingKey, CaseIterable { case amount, counter, reference, note }
    }

    struct Refunding: Input, Encodable {
        let amount: Points
        let note: String

        enum CodingKeys: String, CodingKey, CaseIterable { case amount, note }
    }

    struct NewVouchers: Input, Encodable {
        let count: Int?
        let amount: Points
        let note: String?
        let expiresAt: Timestamp?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case count, amount, note
            case expiresAt = "expires_at"
        }
    }

    struct Noted: Input {
        let sequence: Int64?
        let hash: String?

        enum CodingKeys: String, CodingKey, CaseIterable { case sequence, hash }

        var head: LedgerHead? {
            get throws(WeirError) {
                guard sequence != nil || hash != nil else { return nil }
                guard let sequence, sequence > 0 else { throw .malformed("sequence", "the place of an entry") }
                guard let hash, let bytes = Hex.bytes(hash), bytes.count == 32 else {
                    throw .malformed("hash", "64 hexadecimal digits")
                }
                return LedgerHead(sequence: sequence, hash: bytes)
            }
        }
    }
}

extension LedgerVerification {
    fileprivate func json(in language: Language) -> JSON {
        [
            "entries": entries, "ok": difference == nil,
            "head": ["sequence": head.sequence, "hash": Hex.text(head.hash)] as JSON,
            "difference": difference.map { difference in
                [
                    "sequence": difference.sequence, "subject": difference.subject, "field": difference.field,
                    "expected": difference.expected, "found": difference.found, "text": difference.text[language],
                ] as JSON
            },
            "findings": findings.map { finding in
                [
                    "code": finding.code.rawValue, "subject": finding.subject, "workspace": finding.workspace, "amount": finding.amount,
                    "reference": finding.reference, "text": finding.text[language],
                ] as JSON
            },
        ]
    }
}

extension Call {
    /// Where money moves, a retry must never move it twice, so the key is not left to chance.
    func neededIdempotencyKey(for body: some Encodable & Sendable) throws -> IdempotencyKey {
        guard let key = try idempotencyKey(for: body) else { throw WeirError.missing("Idempotency-Key") }
        return key
    }
}
