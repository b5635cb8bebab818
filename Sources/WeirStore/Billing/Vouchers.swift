import GRDB
public import WeirModel

/// A code that pays an amount once; of the code itself only a hash is kept.
public struct VoucherRecord: Hashable, Sendable {
    public var id: Identifier<Voucher>
    public var amount: Points
    public var note: String
    public var createdBy: Identifier<Account>
    public var createdAt: Timestamp
    public var expiresAt: Timestamp?
    public var revokedAt: Timestamp?
    /// The workspace that it was paid to, and when; nil while it is good.
    public var usedBy: Identifier<Workspace>?
    public var usedAt: Timestamp?

    public init(
        id: Identifier<Voucher>, amount: Points, note: String, createdBy: Identifier<Account>, createdAt: Timestamp,
        expiresAt: Timestamp?
    ) {
        self.id = id
        self.amount = amount
        self.note = note
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    /// What became of a code.
    public enum Standing: String, CaseIterable, Sendable {
        case unused, used, revoked, expired
    }

    init(_ row: Row) {
        id = row["id"]
        amount = Points(micro: row["amount"])
        note = row["note"]
        createdBy = row["created_by"]
        createdAt = row["created_at"]
        expiresAt = row["expires_at"]
        revokedAt = row["revoked_at"]
        usedBy = row["used_by"]
        usedAt = row["used_at"]
    }

    /// The key of the entry that the voucher pays.
    public static func key(of id: Identifier<Voucher>) -> String { "payment/voucher/\(id)" }
}

extension Reading {
    private static let vouchers = """
        SELECT voucher.*, ledger_entry.workspace AS used_by, ledger_entry.at AS used_at FROM voucher
        LEFT JOIN ledger_entry ON ledger_entry.key = 'payment/voucher/' || voucher.id
        """

    public func voucher(secretHash: String) throws -> VoucherRecord? {
        try Row.fetchOne(db.cachedStatement(sql: Self.vouchers + " WHERE secret_hash = ?"), arguments: [secretHash])
            .map(VoucherRecord.init)
    }

    public func voucher(_ id: Identifier<Voucher>) throws -> VoucherRecord? {
        try Row.fetchOne(db.cachedStatement(sql: Self.vouchers + " WHERE voucher.id = ?"), arguments: [id]).map(VoucherRecord.init)
    }

    public func vouchers(
        _ standing: VoucherRecord.Standing? = nil, at now: Timestamp, _ page: PageRequest
    ) throws -> Page<VoucherRecord> {
        let open = "voucher.revoked_at IS NULL AND ledger_entry.at IS NULL"
        let condition =
            switch standing {
            case nil: "?1 = ?1"
            case .unused: "\(open) AND (voucher.expires_at IS NULL OR voucher.expires_at > ?1)"
            case .expired: "\(open) AND voucher.expires_at <= ?1"
            case .used: "?1 = ?1 AND ledger_entry.at IS NOT NULL"
            case .revoked: "?1 = ?1 AND voucher.revoked_at IS NOT NULL"
            }
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: Self.vouchers + " WHERE \(condition) AND voucher.id < ?2 ORDER BY voucher.id DESC LIMIT ?3"),
            arguments: [now, page.bound, page.limit + 1])
        return Page(rows: rows.map(VoucherRecord.init), request: page) { $0.id.text }
    }
}

extension Writing {
    public func insert(_ voucher: VoucherRecord, secretHash: String) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO voucher (id, secret_hash, amount, note, created_by, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            voucher.id, secretHash, voucher.amount.micro, voucher.note, voucher.createdBy, voucher.createdAt, voucher.expiresAt,
        ])
    }

    public func revoke(_ voucher: Identifier<Voucher>, at now: Timestamp) throws {
        try db.execute(sql: "UPDATE voucher SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?", arguments: [now, voucher])
    }
}
