import Crypto
import Foundation
import GRDB
public import WeirModel

/// What became of a posting.
public struct Posted: Hashable, Sendable {
    public let entry: LedgerEntry
    /// False when the same was entered before.
    public let isNew: Bool
    public let balance: WorkspaceBalance
}

extension Writing {
    /// Enters it with its balances and spendings, or finds that the same was entered before under its key.
    /// Throws `ledger_key_taken` when the key holds something else; `amount_too_large`.
    @discardableResult
    public func post(_ posting: Posting, at now: Timestamp) throws -> Posted {
        if let entry = try read.entry(key: posting.key) {
            guard entry.posting == posting else { throw WeirError.ledgerKeyTaken(posting.key) }
            return Posted(entry: entry, isNew: false, balance: try read.balance(of: posting.workspace))
        }
        var ledger = try LedgerWriter(db, at: now)
        try ledger.append(PreparedPosting(posting))
        let changes = try ledger.finish()
        let entry = LedgerEntry(sequence: ledger.head.sequence, at: now, posting: posting, hash: ledger.head.hash)
        guard let balance = changes[posting.workspace]?.after else { throw WeirError.internalFailure() }
        return Posted(entry: entry, isNew: true, balance: balance)
    }

    /// Enters the daily charge of a storage meter (BIL-15).
    @discardableResult
    public func post(storage charge: Charge, at now: Timestamp) throws -> Posted {
        try post(Posting(storage: charge), at: now)
    }
}

/// Appends entries in one transaction: the end of the chain is read once, and each balance is written once.
struct LedgerWriter {
    private let db: Database
    private let at: Timestamp
    private let statement: DirectStatement
    private let line: DirectStatement
    private var sequence: Int64
    private var hash: [UInt8]
    private var totals = LedgerTotals()
    private var place = CanonicalFields()

    /// What of an entry follows on its place, time and hash, in the order of its canonical bytes.
    private static let columns: [(name: String, isNumber: Bool)] = [
        ("workspace", false), ("kind", false), ("counter", false), ("amount", true), ("key", false), ("month", false),
        ("project", false), ("account", false), ("workload", false), ("run", true), ("minutes_before", true),
        ("minutes_after", true), ("corrections", true), ("run_ended_at", true), ("basis", false), ("actor", false),
        ("reference", false), ("note", false), ("run_started_at", true),
    ]
    private static let insert = """
        INSERT INTO ledger_entry (sequence, at, hash, \(columns.map(\.name).joined(separator: ", ")))
        VALUES (?, ?, ?\(String(repeating: ", ?", count: columns.count)))
        """

    init(_ db: Database, at moment: Timestamp) throws {
        self.db = db
        at = moment
        let head = try Reading(db: db).ledgerHead()
        (sequence, hash) = (head.sequence, [UInt8](head.hash))
        statement = try DirectStatement(db, sql: Self.insert)
        line = try DirectStatement(
            db,
            sql: """
                INSERT INTO bill_line (workspace, month, first, subject, workload, run, project, account)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (workspace, month, subject) DO NOTHING
                """)
    }

    /// The last entry's place and hash.
    var head: LedgerHead { LedgerHead(sequence: sequence, hash: Data(hash)) }

    /// The row is written from the very bytes that are hashed. Throws what SQLite says of a key that is taken.
    mutating func append(_ prepared: PreparedPosting) throws {
        guard prepared.posting.amount.micro.magnitude <= Points.most.micro.magnitude else { throw WeirError.amountTooLarge() }
        let digest = hash.withUnsafeBytes { prepared.hash(after: $0, sequence: sequence + 1, at: at, &place) }
        statement.bind(sequence + 1, at: 1)
        statement.bind(at.milliseconds, at: 2)
        try digest.withUnsafeBytes { digest in
            statement.bindBlob(kept: digest, at: 3)
            try prepared.content.withUnsafeBytes { content in
                var fields = CanonicalReader(content)
                for (index, column) in Self.columns.enumerated() {
                    let place = Int32(index + 4)
                    if column.isNumber {
                        statement.bind(fields.nextNumber(), at: place)
                    } else if let text = fields.next() {
                        statement.bindText(kept: text, at: place)
                    } else {
                        statement.bindNull(at: place)
                    }
                }
                try statement.run()
            }
            hash.withUnsafeMutableBytes { $0.copyMemory(from: digest) }
        }
        sequence += 1
        totals.add(prepared.posting)
        if prepared.mayBeginLine, let month = prepared.posting.month { try beginLine(prepared.posting, month) }
    }

    /// Nothing happens when the line is there: most charges of a run come after others of its month.
    private func beginLine(_ posting: Posting, _ month: BillMonth) throws {
        line.bind(posting.workspace.text, at: 1)
        line.bind(month.description, at: 2)
        line.bind(sequence, at: 3)
        line.bind(posting.billSubject, at: 4)
        line.bind(posting.run?.workload.text, at: 5)
        line.bind(posting.run.map { Int64($0.number) }, at: 6)
        line.bind(posting.project?.text, at: 7)
        line.bind(posting.account?.text, at: 8)
        try line.run()
    }

    /// Writes the balances and spendings of what was appended. Throws `amount_too_large`, and nothing of it may then be kept.
    func finish() throws -> [Identifier<Workspace>: BalanceChange] {
        var changes: [Identifier<Workspace>: BalanceChange] = [:]
        for (account, amount) in totals.balances {
            let change = try add(amount, to: account)
            if let workspace = Identifier<Workspace>(account) { changes[workspace] = change }
        }
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO spending (workspace, month, scope, amount) VALUES (?, ?, ?, ?)
                ON CONFLICT (workspace, month, scope) DO UPDATE SET amount = amount + excluded.amount
                """)
        for (key, amount) in totals.spendings {
            try statement.execute(arguments: [
                key.workspace.text, key.month.description, key.scope.description, try Points(exactly: amount).micro,
            ])
        }
        return changes
    }

    /// A workspace is used up from the moment its balance comes to zero or below until it is above (BIL-18, BIL-19).
    private func add(_ amount: Int128, to account: String) throws -> BalanceChange {
        let before = try Reading(db: db).balance(ofAccount: account)
        let balance = try Points(exactly: Int128(before.balance.micro) + amount)
        let isWorkspace = LedgerCounter(rawValue: account) == nil
        let usedUp = isWorkspace && Arrears.isUsedUp(balance) ? before.usedUpSince ?? at : nil
        try db.cachedStatement(
            sql: """
                INSERT INTO ledger_account (id, balance, used_up_since) VALUES (?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET balance = excluded.balance, used_up_since = excluded.used_up_since
                """
        ).execute(arguments: [account, balance.micro, usedUp?.milliseconds])
        if amount > 0, isWorkspace {
            // What comes in arms the warnings anew that lie below it, also when it is spent before anybody looks again.
            try db.cachedStatement(
                sql: "UPDATE balance_warning SET seen_balance = max(seen_balance, ?) WHERE workspace = ?"
            ).execute(arguments: [balance.micro, account])
        }
        return BalanceChange(before: before, after: WorkspaceBalance(balance: balance, usedUpSince: usedUp))
    }
}

extension WeirError {
    public static func ledgerKeyTaken(_ key: String) -> WeirError {
        WeirError(
            "ledger_key_taken", .conflict, subject: key, rule: "BIL-05",
            LocalizedText(
                "The ledger holds something else under the key \(key); nothing was entered.",
                zh: "账本中键 \(key) 已对应其他内容，未做任何记账。"))
    }
}
