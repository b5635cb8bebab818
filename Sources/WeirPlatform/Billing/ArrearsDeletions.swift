import Logging
public import WeirModel
public import WeirStore

/// The way from arrears to a deletion (BIL-20): 60 days with the balance used up and data above the free amount, both without a break;
/// three announcements; the operator's approval. A recharge, or less data, ends it at any point.
///
/// It is about a workspace's libraries. Homes and netdisks are a person's, and are not touched.
public struct ArrearsDeletions: Sendable {
    let store: Store
    let clock: any WallClock
    let calendar: BillingCalendar
    let tariffs: Tariffs
    let cleaning: ArrearsCleaning
    let signals: WorkloadSignals
    /// Without it, nothing begins and nothing is deleted.
    let isEnforced: Bool
    let logger: Logger

    // MARK: For people

    /// How far a workspace is on the way; nil when it is not.
    public func record(of workspace: Identifier<Workspace>, for caller: Caller) async throws -> ArrearsDeletionRecord? {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            return try db.arrearsDeletion(of: workspace)
        }
    }

    /// The workspaces that are on the way, for the operator.
    public func records(_ page: PageRequest, by caller: Caller) async throws -> Page<ArrearsDeletionRecord> {
        try caller.requireOperator()
        return try await store.read { db in
            let cursor = page.after.flatMap { Identifier<Workspace>($0) }
            let found = try db.arrearsDeletions(after: cursor, limit: page.limit + 1)
            let items = Array(found.prefix(page.limit))
            return Page(items: items, next: found.count > items.count ? items.last?.workspace.text : nil)
        }
    }

    /// What was deleted, the last first; what somebody kept to themselves is told to them alone (DAT-14).
    public func deleted(
        of workspace: Identifier<Workspace>, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<ArrearsDeletedRecord> {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            return try db.arrearsDeleted(of: workspace, seenBy: caller.id, page)
        }
    }

    /// The operator lets the deletion happen when its time has come. Throws `no_deletion_pending`.
    public func approve(_ workspace: Identifier<Workspace>, by caller: Caller) async throws -> ArrearsDeletionRecord {
        try await setApproval(of: workspace, .deletionApproved, by: caller) { ($0.approvedBy, $0.approvedAt) = ($1, $2) }
    }

    /// Takes an approval back. Throws `no_deletion_pending`.
    public func withdraw(_ workspace: Identifier<Workspace>, by caller: Caller) async throws -> ArrearsDeletionRecord {
        try await setApproval(of: workspace, .deletionWithdrawn, by: caller) { record, _, _ in
            (record.approvedBy, record.approvedAt) = (nil, nil)
        }
    }

    private func setApproval(
        of workspace: Identifier<Workspace>, _ action: AuditEvent.Action, by caller: Caller,
        _ change: @escaping @Sendable (inout ArrearsDeletionRecord, Identifier<Account>, Timestamp) -> Void
    ) async throws -> ArrearsDeletionRecord {
        try caller.requireOperator()
        let now = clock.now()
        return try await store.write { db in
            guard var record = try db.read.arrearsDeletion(of: workspace) else { throw WeirError.noDeletionPending() }
            change(&record, caller.id, now)
            try db.update(record)
            try db.record(
                AuditEvent(
                    action, of: workspace.text, named: try db.read.workspace(workspace)?.name ?? "", in: workspace, by: caller.id, at: now))
            return record
        }
    }

    // MARK: The loop's part

    /// Begins, ends, announces and deletes whatever is due.
    func tick() async throws {
        guard isEnforced else { return }
        let now = clock.now()
        let history = try await tariffs.history()
        guard let tariff = try? history.inForce(at: now) else { return }
        let free = tariff.storage.freeLibrary
        try await begin(free: free, now)
        var cursor: Identifier<Workspace>?
        while true {
            let after = cursor
            let records = try await store.read { try $0.arrearsDeletions(after: after) }
            guard let last = records.last else { return }
            for record in records { try await goOn(record, free: free) }
            cursor = last.workspace
        }
    }

    private func begin(free: Bytes, _ now: Timestamp) async throws {
        var cursor: Identifier<Workspace>?
        while true {
            let after = cursor
            let usedUp = try await store.read { try $0.workspacesUsedUp(since: now, after: after).map(\.workspace) }
            guard let last = usedUp.last else { return }
            try await store.write { db in
                for workspace in usedUp where try db.read.libraryHeld(by: workspace) > free {
                    try db.beginArrearsDeletion(ArrearsDeletionRecord(workspace: workspace, since: now))
                }
            }
            cursor = last
        }
    }

    private func goOn(_ record: ArrearsDeletionRecord, free: Bytes) async throws {
        let now = clock.now()
        let (calendar, workspace) = (calendar, record.workspace)
        let step = try await store.write { db -> ArrearsDeletion.Step? in
            guard var record = try db.read.arrearsDeletion(of: workspace) else { return nil }
            let held = try db.read.libraryHeld(by: workspace)
            guard held > free, try db.read.balance(of: workspace).usedUpSince != nil else {
                try db.endArrearsDeletion(of: workspace)
                return nil
            }
            while case .announce(let days) = record.rule.step(now: now) {
                record.announced[days] = now
                let excess = ArrearsDeletion.deletable(held: held, free: free)
                try db.addNotice(
                    "deletion_announced", key: "deletion/\(workspace)/\(record.since)/\(days)", to: workspace,
                    .deletionAnnounced(excess, earliest: calendar.minuteText(record.rule.earliest)), at: now)
                try db.update(record)
            }
            return record.rule.step(now: now)
        }
        if step == .mayDelete { try await cleaning.clean(workspace, free: free) }
        if step != nil { signals.changed(in: workspace) }
    }
}

extension Reading {
    func libraryHeld(by workspace: Identifier<Workspace>) throws -> Bytes {
        try storageHeld(by: workspace).values.reduce(0, +)
    }
}

extension LocalizedText {
    fileprivate static func deletionAnnounced(_ excess: Bytes, earliest: String) -> LocalizedText {
        LocalizedText(
            "The balance is used up, and \(excess) are kept above the free amount. From \(earliest) on they may be deleted, when the operator approves. Recharge, or delete what you do not need.",
            zh: "余额已用尽，且有 \(excess) 数据超出免费额度。自 \(earliest) 起，经运营管理员批准后可能删除超出部分。请充值或清理不需要的数据。")
    }
}

extension WeirError {
    static func noDeletionPending() -> WeirError {
        WeirError(
            "no_deletion_pending", .notFound, subject: "workspace", rule: "BIL-20",
            LocalizedText(
                "This workspace's balance is not used up, or nothing is kept above the free amount.",
                zh: "该空间余额未用尽，或没有超出免费额度的数据。"))
    }
}
