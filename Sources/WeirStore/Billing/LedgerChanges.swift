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
        let entry = try ledger.append(PreparedPosting(posting))
        let changes = try ledger.finish()
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
    private let statement: Statement
    private var head: LedgerHead
    private var totals = LedgerTotals()

    init(_ db: Database, at moment: Timestamp) throws {
        self.db = db
        at = moment
        head = try Reading(db: db).ledgerHead()
        statement = try db.cachedStatement(
            sql: """
                INSERT INTO ledger_entry (sequence, workspace, kind, counter, amount, key, at, month, project, account, workload, run,
                minutes_before, minutes_after, corrections, run_ended_at, basis, actor, reference, note, hash)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
    }

    mutating func append(_ prepared: PreparedPosting) throws -> LedgerEntry {
        let posting = prepared.posting
        guard posting.amount.micro.magnitude <= Points.most.micro.magnitude else { throw WeirError.amountTooLarge() }
        let next = LedgerHead(sequence: head.sequence + 1, hash: prepared.hash(after: head, at: at))
        try statement.execute(arguments: [
            next.sequence, posting.workspace.text, posting.kind.rawValue, posting.counter.rawValue, posting.amount.micro,
            posting.key, at.milliseconds, posting.month?.description, posting.project?.text, posting.account?.text,
            posting.run?.workload.text, posting.run?.number, posting.minutes?.before, posting.minutes?.after,
            posting.minutes?.corrections, posting.minutes?.end?.milliseconds, posting.basis, posting.actor?.text,
            posting.reference, posting.note, next.hash,
        ])
        head = next
        totals.add(posting)
        return LedgerEntry(sequence: next.sequence, at: at, posting: posting, hash: next.hash)
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
