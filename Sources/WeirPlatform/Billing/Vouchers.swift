public import WeirModel
public import WeirStore

/// What a provider took: an amount, under a reference that it uses once.
public struct Payment: Hashable, Sendable {
    public let provider: String
    public let reference: String
    public let amount: Points

    public init(provider: String, reference: String, amount: Points) {
        self.provider = provider
        self.reference = reference
        self.amount = amount
    }

    /// The ledger holds it once, so a payment is credited once.
    public var key: String { "payment/\(provider)/\(reference)" }
}

/// Turns what a person shows — a code, a receipt — into a payment (BIL-21).
public protocol PaymentProvider: Sendable {
    /// Short and never changed: part of the ledger's keys.
    var name: String { get }

    /// Looks the proof up, by whatever it takes. Throws why it is no payment.
    func payment(for proof: String) async throws -> Payment

    /// The last look, in the transaction that credits it. Throws why it no longer holds.
    func confirm(_ payment: Payment, in db: Reading, at now: Timestamp) throws
}

/// Codes that pay an amount once: the provider that needs nobody else.
public struct Vouchers: PaymentProvider {
    public static let mostAtOnce = 1000
    public var name: String { "voucher" }

    let store: Store
    let clock: any WallClock
    let identifiers: any IdentifierSource

    init(store: Store, clock: any WallClock, identifiers: any IdentifierSource) {
        self.store = store
        self.clock = clock
        self.identifiers = identifiers
    }

    /// Makes codes, by the operator. This is the only time that they are shown: what is repeated under a key is refused.
    public func create(
        count: Int, amount: Points, note: String, expiresAt: Timestamp?, key: IdempotencyKey? = nil, by caller: Caller
    ) async throws -> [(voucher: VoucherRecord, code: VoucherCode)] {
        try caller.requireOperator()
        guard (1...Self.mostAtOnce).contains(count) else {
            throw WeirError.malformed("count", "1 to \(Self.mostAtOnce)", rule: "BIL-21")
        }
        guard amount > 0, amount <= Ledger.mostAtOnce else {
            throw WeirError.malformed("amount", "more than 0 and at most \(Ledger.mostAtOnce) points", rule: "BIL-21")
        }
        let (note, now) = (try Note.checked(note), clock.now())
        if let expiresAt, expiresAt <= now { throw WeirError.malformed("expires_at", "a moment to come", rule: "BIL-21") }
        var random = SystemRandomNumberGenerator()
        let made = (0..<count).map { _ in
            (
                voucher: VoucherRecord(
                    id: identifiers.next(Voucher.self, at: now), amount: amount, note: note, createdBy: caller.id, createdAt: now,
                    expiresAt: expiresAt), code: VoucherCode(using: &random)
            )
        }
        let rows = made.map { ($0.voucher, Secrets.hash($0.code.description)) }
        try await store.write { db in
            if try db.read.made(under: key, by: caller) != nil { throw WeirError.vouchersMade() }
            for (voucher, hash) in rows { try db.insert(voucher, secretHash: hash) }
            try db.record(
                AuditEvent(.vouchersMade, of: "", named: "\(count) × \(amount) \(note)", in: nil, by: caller.id, at: now))
            try db.remember("vouchers", under: key, by: caller, at: now)
        }
        return made
    }

    public func list(
        _ standing: VoucherRecord.Standing? = nil, _ page: PageRequest, by caller: Caller
    ) async throws -> Page<VoucherRecord> {
        try caller.requireOperator()
        let now = clock.now()
        return try await store.read { try $0.vouchers(standing, at: now, page) }
    }

    /// Makes a code worthless that has not been used. Throws `voucher_used`.
    public func revoke(_ id: Identifier<Voucher>, by caller: Caller) async throws -> VoucherRecord {
        try caller.requireOperator()
        let now = clock.now()
        return try await store.write { db in
            guard let voucher = try db.read.voucher(id) else { throw WeirError.notFound("voucher") }
            guard voucher.usedAt == nil else { throw WeirError.voucherUsed() }
            guard voucher.revokedAt == nil else { return voucher }
            try db.revoke(id, at: now)
            try db.record(
                AuditEvent(
                    .voucherRevoked, of: id.text, named: voucher.note, before: "\(voucher.amount)", in: nil, by: caller.id, at: now))
            return try db.read.voucher(id) ?? voucher
        }
    }

    public func payment(for proof: String) async throws -> Payment {
        let hash = Secrets.hash(try VoucherCode(proof).description)
        guard let voucher = try await store.read({ try $0.voucher(secretHash: hash) }) else { throw WeirError.noSuchVoucher() }
        return Payment(provider: name, reference: voucher.id.text, amount: voucher.amount)
    }

    public func confirm(_ payment: Payment, in db: Reading, at now: Timestamp) throws {
        guard let id = Identifier<Voucher>(payment.reference), let voucher = try db.voucher(id) else {
            throw WeirError.noSuchVoucher()
        }
        guard voucher.revokedAt == nil else { throw WeirError.noSuchVoucher() }
        if let expiresAt = voucher.expiresAt, expiresAt <= now { throw WeirError.voucherExpired(at: expiresAt) }
    }
}

extension Ledger {
    /// Credits what a provider took for a workspace, once. Who repeats it is told the entry that is there; anybody else that the
    /// payment was used.
    public func pay(
        _ proof: String, through provider: any PaymentProvider, for workspace: Identifier<Workspace>, by caller: Caller
    ) async throws -> Posted {
        try await store.read { try $0.requireBilling(of: workspace, for: caller, .pay) }
        let payment = try await provider.payment(for: proof)
        let now = clock.now()
        let posting = Posting(
            workspace: workspace, kind: .recharge, counter: .payments, amount: payment.amount, key: payment.key, actor: caller.id,
            reference: payment.reference)
        let posted = try await store.write { db in
            try db.read.requireBilling(of: workspace, for: caller, .pay)
            if let entry = try db.read.entry(key: payment.key) {
                guard entry.posting == posting else { throw WeirError.voucherUsed() }
            } else {
                try provider.confirm(payment, in: db.read, at: now)
            }
            return try db.post(posting, at: now)
        }
        signals.send(.money(workspace))
        return posted
    }
}

extension WeirError {
    static func noSuchVoucher() -> WeirError {
        WeirError(
            "voucher_unknown", .notFound, subject: "code", rule: "BIL-21",
            LocalizedText("There is no such code, or it was revoked.", zh: "兑换码不存在或已被撤销。"),
            remedy: LocalizedText("Compare it with what you were given, letter by letter.", zh: "请逐字核对收到的兑换码。"))
    }

    static func vouchersMade() -> WeirError {
        WeirError(
            "vouchers_made", .conflict, subject: "Idempotency-Key", rule: "BIL-21",
            LocalizedText(
                "These codes were made already, and are shown only once.", zh: "该批兑换码已生成，且只显示一次。"),
            remedy: LocalizedText(
                "If the answer was lost, revoke them and make new ones under another key.",
                zh: "若未收到，请撤销后使用新的幂等键重新生成。"))
    }

    static func voucherUsed() -> WeirError {
        WeirError(
            "voucher_used", .conflict, subject: "code", rule: "BIL-21",
            LocalizedText("This code or payment has been used already.", zh: "该兑换码或支付凭证已被使用。"))
    }

    static func voucherExpired(at moment: Timestamp) -> WeirError {
        WeirError(
            "voucher_expired", .gone, subject: "code", rule: "BIL-21",
            LocalizedText("This code was good until \(moment).", zh: "该兑换码已于 \(moment) 过期。"))
    }
}
