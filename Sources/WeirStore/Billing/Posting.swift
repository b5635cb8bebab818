import Foundation
public import WeirModel

/// Why an amount came to a workspace or left it.
public enum EntryKind: String, Sendable, Codable, CaseIterable {
    case recharge, charge, refund, grant, correction
}

/// The other side of an entry: where the amount came from, or where it went.
public enum LedgerCounter: String, Sendable, Codable, CaseIterable {
    /// What was charged, less what was given back.
    case revenue
    /// What people paid.
    case payments
    /// What the installation gave away.
    case grants
}

/// What is to stand in the ledger: all of an entry but its place and its time.
public struct Posting: Hashable, Sendable {
    public let workspace: Identifier<Workspace>
    public let kind: EntryKind
    public let counter: LedgerCounter
    /// Added to the workspace's balance: negative for what is charged.
    public let amount: Points
    /// The ledger holds each key once, so that what is repeated is entered once.
    public let key: String
    /// The bill on which it stands; nil for what is on none.
    public let month: BillMonth?
    public let project: Identifier<Project>?
    /// Who caused it.
    public let account: Identifier<Account>?
    public let run: RunIdentity?
    public let minutes: ChargedMinutes?
    /// JSON of the `StorageCharge` from which the amount follows; its text is part of the hash.
    public let basis: String?
    /// Who entered it; nil when Weir did.
    public let actor: Identifier<Account>?
    public let reference: String?
    public let note: String?

    public init(
        workspace: Identifier<Workspace>, kind: EntryKind, counter: LedgerCounter, amount: Points, key: String,
        month: BillMonth? = nil, project: Identifier<Project>? = nil, account: Identifier<Account>? = nil,
        run: RunIdentity? = nil, minutes: ChargedMinutes? = nil, basis: String? = nil, actor: Identifier<Account>? = nil,
        reference: String? = nil, note: String? = nil
    ) {
        self.workspace = workspace
        self.kind = kind
        self.counter = counter
        self.amount = amount
        self.key = key
        self.month = month
        self.project = project
        self.account = account
        self.run = run
        self.minutes = minutes
        self.basis = basis
        self.actor = actor
        self.reference = reference
        self.note = note
    }

    /// The daily charge of a storage meter; a netdisk's is caused by its owner.
    public init(storage charge: Charge) throws {
        guard case .storage(let basis) = charge.basis else { throw WeirError.chargeDiffers(charge.key, "basis") }
        var owner: Identifier<Account>?
        if case .netdisk(_, let account) = basis.meter { owner = account }
        self.init(
            workspace: basis.meter.workspace, kind: .charge, counter: .revenue, amount: Points(micro: -charge.amount.micro),
            key: charge.key, month: charge.month, account: owner, basis: try jsonText(basis))
    }

    init(run charge: Charge, of due: UnsettledRun) throws {
        guard case .run(let basis) = charge.basis, basis.run == due.run.run else {
            throw WeirError.chargeDiffers(charge.key, "basis")
        }
        self.init(
            workspace: due.workspace, kind: .charge, counter: .revenue, amount: Points(micro: -charge.amount.micro),
            key: charge.key, month: charge.month, project: due.project, account: due.account, run: basis.run,
            minutes: ChargedMinutes(
                start: basis.start, before: basis.before.minutes, after: basis.after.minutes, corrections: basis.before.corrections,
                end: basis.end))
    }

    /// The key of a refund begins with the charge's, so that both are found together.
    public static func refundKey(ofCharge key: String, _ idempotency: String) -> String { "\(key)/refund/\(idempotency)" }

    /// What a charge stands for on its bill: `wld_…/1`, or the storage meter.
    var billSubject: String {
        if let run { return run.description }
        // `storage/METER/2026-11-30`
        return String(key.dropFirst("storage/".count).dropLast("/2026-11-30".count))
    }

    public func storageCharge() throws -> StorageCharge? {
        guard let basis else { return nil }
        return try JSONDecoder().decode(StorageCharge.self, from: Data(basis.utf8))
    }
}

/// The minutes of a run that an entry charges: from `before` to `after`, counted from the run's start.
public struct ChargedMinutes: Hashable, Sendable {
    /// From which they are counted; nil in an entry from before starts stood in the ledger.
    public let start: Timestamp?
    public let before: Int64
    public let after: Int64
    /// How many charges of the run had taken minutes back before.
    public let corrections: Int
    /// The end of the run, as it was known then.
    public let end: Timestamp?

    public init(start: Timestamp?, before: Int64, after: Int64, corrections: Int, end: Timestamp?) {
        self.start = start
        self.before = before
        self.after = after
        self.corrections = corrections
        self.end = end
    }

    public var basis: (before: Settled, after: Settled) {
        (
            Settled(minutes: before, corrections: corrections),
            Settled(minutes: after, corrections: corrections + (after < before ? 1 : 0))
        )
    }
}
