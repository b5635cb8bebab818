import Foundation
import WeirModel
import WeirStore

/// The bare loop: the same statements on the same tables with finished values, and nothing around them; belongs to one thread.
final class BareLedger {
    private let database: RawDatabase
    private let moveOn, insert, balance, spending: RawDatabase.Statement
    private var sequence: Int64

    /// Goes on behind the `entries` that are there.
    init(path: String, entries: Int64) throws {
        let database = try RawDatabase(path: path)
        try database.execute("PRAGMA foreign_keys = ON")
        self.database = database
        sequence = entries
        moveOn = try database.prepare(
            """
            UPDATE run SET settled_minutes = ?, corrections = ? WHERE workload = ? AND number = ?
            AND settled_minutes = ? AND corrections = ? AND running_at = ? AND ended_at IS ? AND price IS NOT NULL
            """)
        insert = try database.prepare(
            """
            INSERT INTO ledger_entry (sequence, workspace, kind, counter, amount, key, at, month, project, account, workload, run,
            minutes_before, minutes_after, corrections, run_ended_at, basis, actor, reference, note, hash)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        balance = try database.prepare(
            """
            INSERT INTO ledger_account (id, balance, used_up_since) VALUES (?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET balance = excluded.balance, used_up_since = excluded.used_up_since
            """)
        spending = try database.prepare(
            """
            INSERT INTO spending (workspace, month, scope, amount) VALUES (?, ?, ?, ?)
            ON CONFLICT (workspace, month, scope) DO UPDATE SET amount = amount + excluded.amount
            """)
    }

    /// An hour of each of the runs, in groups and in the order that they are given.
    func settle(_ runs: [(id: String, number: Int)], hour: Int, tenants: [TenantNames]) throws {
        let hash = [UInt8](repeating: 7, count: 32)
        let at = LedgerPopulation.start.milliseconds + Int64(hour + 1) * 3_600_000
        for first in stride(from: 0, to: runs.count, by: Writing.mostSettlements) {
            try database.execute("BEGIN IMMEDIATE")
            for (id, number) in runs[first..<min(first + Writing.mostSettlements, runs.count)] {
                let names = tenants[number % tenants.count]
                try moveOn.run([
                    .number(Int64(hour + 1) * 60), .number(0), .text(id), .number(1), .number(Int64(hour) * 60), .number(0),
                    .number(LedgerPopulation.start.milliseconds), .null,
                ])
                sequence += 1
                try insert.run([
                    .number(sequence), .text(names.workspace), .text("charge"), .text("revenue"), .number(-1_000_000),
                    .text("run/\(id)/1/0/\(hour * 60)"), .number(at), .text("2026-01"), .text(names.project), .text(names.account),
                    .text(id), .number(1), .number(Int64(hour) * 60), .number(Int64(hour + 1) * 60), .number(0), .null, .null, .null,
                    .null, .null, .bytes(hash),
                ])
            }
            for names in tenants {
                try balance.run([.text(names.workspace), .number(-1_000_000 * sequence), .number(at)])
                for scope in ["workspace", names.project, names.account] {
                    try spending.run([.text(names.workspace), .text("2026-01"), .text(scope), .number(1_000_000)])
                }
            }
            try balance.run([.text("revenue"), .number(1_000_000 * sequence), .null])
            try database.execute("COMMIT")
        }
    }

    struct TenantNames: Sendable {
        let workspace: String
        let project: String
        let account: String
    }
}
