import Logging
public import WeirModel
public import WeirStore

/// Who leaves a workspace strands nothing (IDW-03, STO-10): what they keep to themselves there goes to an owner after a grace time, their
/// environments are stopped at once, and their home and netdisk are paid for by another workspace of theirs, or by nobody.
///
/// Who is back before the grace time is over finds everything as it was.
public struct Departures: Sendable {
    static let mostAtOnce = 200
    /// Things of one person that one transaction hands over.
    static let mostThings = 500
    public static let mostListed = 50

    let store: Store
    let clock: any WallClock
    let files: FileStore
    let signals: WorkloadSignals
    let calendar: BillingCalendar
    let grace: Duration
    let logger: Logger

    // MARK: Leaving

    /// To be called in the transaction that takes somebody out, or disables their account. Gives what was stopped, to be told.
    func note(_ account: AccountRecord, from workspace: Identifier<Workspace>, at now: Timestamp, _ db: Writing) throws -> [WorkloadRecord]
    {
        let due = now + grace
        try db.noteDeparture(of: account.id, from: workspace, at: now, due: due)
        try db.addNotice(
            "member_left", key: "left/\(workspace)/\(account.id)/\(now.milliseconds)", to: workspace,
            .left(account.login, due: calendar.minuteText(due)), at: now)
        try db.abandonUploads(of: account.id, in: workspace)
        return try stop(environmentsOf: account.id, in: workspace, at: now, db)
    }

    /// Stops their own environments, and those of colleagues that run on their account: nobody is charged for what they no longer enter.
    private func stop(
        environmentsOf account: Identifier<Account>, in workspace: Identifier<Workspace>, at now: Timestamp, _ db: Writing
    ) throws -> [WorkloadRecord] {
        var stopped: [WorkloadRecord] = []
        while true {
            let part = try db.read.environmentsGoingOn(of: account, in: workspace, most: Self.mostAtOnce)
            for environment in part {
                let cause = environment.isOwn && environment.createdBy == account ? "member_left" : "starter_left"
                try db.apply(.stopWanted, to: environment, cause: Cause(cause), at: now)
            }
            stopped += part
            if part.count < Self.mostAtOnce { return stopped }
        }
    }

    func tell(_ stopped: [WorkloadRecord]) {
        for workload in stopped { signals.send(.workload(workload.id)) }
        for workspace in Set(stopped.map(\.workspace)) { signals.changed(in: workspace) }
    }

    // MARK: What is left behind

    /// What somebody left, as an owner sees it: before it is handed over neither names nor identifiers of what they kept to themselves.
    public struct LeftBehind: Sendable {
        public let record: DepartureRecord
        public let login: String
        public let things: [(kind: AssetKind, bytes: Bytes)]
        public let environments: [WorkloadRecord]
        /// Their home and netdisk, as long as this workspace pays for them.
        public let personal: Bytes
        public let heir: String?
    }

    /// For owners: who left, the last first.
    public func leftBehind(in workspace: Identifier<Workspace>, for caller: Caller) async throws -> [LeftBehind] {
        try await store.read { db in
            try db.role(of: caller, in: workspace, for: .changeOwners)
            return try db.departures(from: workspace, most: Self.mostListed).map { record in
                LeftBehind(
                    record: record, login: try db.account(record.account)?.login ?? "",
                    things: try record.handedAt == nil
                        ? db.assetsKept(by: record.account, in: workspace, most: Self.mostThings).map {
                            (kind: $0.asset.kind, bytes: $0.bytes)
                        }
                        : [],
                    environments: try db.environments(by: record.account, in: workspace, most: Self.mostListed).filter(\.isOwn),
                    personal: try db.personalStorage(paidBy: workspace, of: record.account, most: 1).first?.1 ?? 0,
                    heir: try record.handedTo.flatMap { try db.account($0)?.login })
            }
        }
    }

    // MARK: The loop's part

    /// Hands over what is due. Can be cut off at any point and repeated.
    public func tick() async throws {
        var cursor: DepartureRecord?
        while true {
            let (now, after) = (clock.now(), cursor)
            let part = try await store.read { try $0.departuresDue(by: now, after: after, most: Self.mostAtOnce) }
            guard let last = part.last else { return }
            for departure in part {
                do {
                    while try await !handOver(departure) {}
                } catch  where !Task.isCancelled {
                    logger.error(
                        "what somebody left could not be handed over",
                        metadata: ["workspace": "\(departure.workspace)", "account": "\(departure.account)", "error": "\(error)"])
                }
            }
            cursor = last
        }
    }

    /// A workspace whose last owner is away belongs to somebody who is there; else nobody could close it or pay for it. Nil when nobody is.
    private func succeed(
        _ account: Identifier<Account>, _ login: String, in workspace: Identifier<Workspace>, at now: Timestamp, _ db: Writing
    ) throws -> Identifier<Account>? {
        guard let id = try db.read.successor(of: account, in: workspace), let successor = try db.read.account(id),
            let before = try db.read.role(of: id, in: workspace)
        else { return nil }
        try db.setRole(.owner, of: id, in: workspace, at: now)
        try db.record(
            AuditEvent(
                .roleChanged, of: id.text, named: successor.login, before: before.rawValue, after: Role.owner.rawValue, in: workspace,
                by: account, at: now))
        try db.addNotice(
            "owner_followed", key: "followed/\(workspace)/\(account)/\(now.milliseconds)", to: workspace,
            .followed(login, by: successor.login), at: now)
        return id
    }

    /// False when there is more of it.
    private func handOver(_ departure: DepartureRecord) async throws -> Bool {
        let now = clock.now()
        let (workspace, account) = (departure.workspace, departure.account)
        let deletableAt = now + grace
        return try await store.write { db in
            guard try db.read.isAway(account, from: workspace) else {
                try db.removeDeparture(of: account, from: workspace)
                return true
            }
            guard let login = try db.read.account(account)?.login,
                let heir = try db.read.heir(of: account, in: workspace) ?? succeed(account, login, in: workspace, at: now, db)
            else { return true }
            let kept = try db.read.assetsKept(by: account, in: workspace, most: Self.mostThings)
            for (asset, _) in kept {
                let handed = try db.handOver(asset, from: login, to: heir, at: now)
                try db.record(
                    AuditEvent(
                        .assetHandedOver, of: handed.id.text, named: handed.name, before: login,
                        after: try db.read.account(heir)?.login, in: workspace, by: account, at: now))
            }
            guard kept.count < Self.mostThings else { return false }
            try db.endPersonalStorage(of: account, paidBy: workspace, at: now, deletableAt: deletableAt)
            try db.setHanded(departure, to: heir, at: now)
            return true
        }
    }
}

extension WorkloadRecord {
    /// An environment that nobody but its maker works in: it ends with their leaving. Jobs and services go on, and administrators stop them.
    fileprivate var isOwn: Bool { kind == .environment && !spec.isShared }
}

extension LocalizedText {
    fileprivate static func followed(_ login: String, by successor: String) -> LocalizedText {
        LocalizedText(
            "\(login) was the last owner and is away for good: \(successor) is an owner of the workspace now.",
            zh: "最后一位所有者 \(login) 已离开，\(successor) 现为空间所有者。")
    }

    fileprivate static func left(_ login: String, due: String) -> LocalizedText {
        LocalizedText(
            "\(login) is away. What they keep to themselves here goes to an owner on \(due), unless they are back before.",
            zh: "\(login) 已离开。若未在 \(due) 前返回，其仅自己可见的数据将移交给所有者。")
    }
}
