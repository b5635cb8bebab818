public import WeirModel
public import WeirStore

/// A month's bill as a file: all from which every amount and every hash on it follow, so that it can be checked without Weir (BIL-22).
public struct BillDocument: Codable, Hashable, Sendable {
    public static let format = "weir-bill/2"
    /// The first has no `entered_start`: its runs' starts are not under the hashes.
    static let readable: Set<String> = ["weir-bill/1", format]
    /// A file with more is not read: a month of a hundred thousand runs has fewer.
    public static let mostEntries = 2_000_000

    public let format: String
    public let workspace: Identifier<Workspace>
    public let month: BillMonth
    /// Whose midnight ends the month, from which entry on.
    public let timeZones: [Zone]
    public let exportedAt: Timestamp
    /// In the order of the ledger.
    public let entries: [Entry]
    public let count: Int
    /// What the month is charged.
    public let total: Points

    enum CodingKeys: String, CodingKey {
        case format, workspace, month, entries, count, total
        case timeZones = "time_zones"
        case exportedAt = "exported_at"
    }

    public struct Zone: Codable, Hashable, Sendable {
        public let from: Int64
        public let zone: String
    }

    /// An entry of the ledger: what of it is under its hash, and what is said about it for people.
    public struct Entry: Codable, Hashable, Sendable {
        public let sequence: Int64
        public let at: Timestamp
        public let previousHash: String
        public let hash: String
        public let workspace: Identifier<Workspace>
        public let kind: EntryKind
        public let counter: LedgerCounter
        /// Added to the balance: negative for what is charged.
        public let amount: Points
        public let key: String
        public let month: BillMonth?
        public let project: Identifier<Project>?
        public let account: Identifier<Account>?
        public let run: Run?
        /// JSON of the `StorageCharge`, as it is under the hash.
        public let storage: String?
        public let actor: Identifier<Account>?
        public let reference: String?
        public let note: String?

        public let name: String?
        public let workload: WorkloadKind?
        public let projectName: String?
        public let login: String?
        public let from: Timestamp?
        public let to: Timestamp?
        public let explanation: LocalizedText?

        enum CodingKeys: String, CodingKey {
            case sequence, at, hash, workspace, kind, counter, amount, key, month, project, account, run, storage, actor, reference
            case note, name, workload, login, from, to, explanation
            case previousHash = "previous_hash"
            case projectName = "project_name"
        }
    }

    /// The minutes of a run that an entry charges, and what they cost.
    public struct Run: Codable, Hashable, Sendable {
        public let workload: Identifier<Workload>
        public let number: Int
        public let start: Timestamp
        /// As it stands in the entry, under its hash; absent in an entry from before starts stood there.
        public let enteredStart: Timestamp?
        /// As it was known when the entry was made.
        public let end: Timestamp?
        public let price: RunPrice
        public let minutesBefore: Int64
        public let minutesAfter: Int64
        public let corrections: Int

        enum CodingKeys: String, CodingKey {
            case workload, number, start, end, price, corrections
            case enteredStart = "entered_start"
            case minutesBefore = "minutes_before"
            case minutesAfter = "minutes_after"
        }
    }
}

extension BillDocument.Entry {
    init(_ record: BillEntryRecord, calendar: BillingCalendar) throws {
        let entry = record.entry
        let charge = try record.charge?.charge(calendar: calendar)
        sequence = entry.sequence
        at = entry.at
        previousHash = Hex.text(record.previousHash)
        hash = Hex.text(entry.hash)
        workspace = entry.workspace
        kind = entry.kind
        counter = entry.counter
        amount = entry.amount
        key = entry.key
        month = entry.month
        project = entry.project
        account = entry.account
        if case .run(let basis) = record.charge?.basis {
            run = BillDocument.Run(
                workload: basis.run.workload, number: basis.run.number, start: basis.start,
                enteredStart: entry.minutes?.start, end: basis.end, price: basis.price,
                minutesBefore: basis.before.minutes, minutesAfter: basis.after.minutes, corrections: basis.before.corrections)
        } else {
            run = nil
        }
        storage = entry.basis
        actor = entry.actor
        reference = entry.reference
        note = entry.note
        name = record.name
        workload = record.kind
        projectName = record.projectName
        login = record.login
        from = charge?.from
        to = charge?.to
        explanation = try charge?.explained(calendar: calendar)
    }
}
