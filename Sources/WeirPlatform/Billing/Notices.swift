public import WeirModel
public import WeirStore

/// What the people of a workspace are told about its money: warnings before a balance or a budget is used up, each once.
public struct Notices: Sendable {
    /// Workspaces that are looked at in one transaction.
    static let mostAtOnce = 100

    let store: Store
    let clock: any WallClock
    let calendar: BillingCalendar
    let signals: WorkloadSignals
    let isEnforced: Bool
    let storage: StorageUsages

    /// The newest first.
    public func list(
        in workspace: Identifier<Workspace>, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<NoticeRecord> {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            return try db.notices(of: workspace, page)
        }
    }

    /// When a workspace is warned.
    public func warnings(of workspace: Identifier<Workspace>, for caller: Caller) async throws -> BalanceWarnings {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            return try db.warnings(of: workspace).warnings
        }
    }

    /// Warns at these amounts and remaining hours from now on; what is reached already is told at once.
    public func setWarnings(
        _ warnings: BalanceWarnings, of workspace: Identifier<Workspace>, by caller: Caller
    ) async throws {
        let now = clock.now()
        try await store.write { db in
            try db.read.requireBilling(of: workspace, for: caller, .setLimits)
            guard try db.read.warnings(of: workspace).warnings != warnings else { return }
            let name = try db.read.workspace(workspace)?.name ?? ""
            try db.record(AuditEvent(.warningsSet, of: workspace.text, named: name, in: workspace, by: caller.id, at: now))
            try db.setBalanceWarning(BalanceWarningRecord(workspace: workspace, warnings: warnings, seen: .neverSeen))
        }
        try await look(at: [workspace])
    }

    /// Looks at balances and budgets after something was charged, and gives the notices that are due.
    /// - Parameter perHour: what all that runs costs, of workspaces where it is known; it is looked up for others.
    func look(at workspaces: some Collection<Identifier<Workspace>>, perHour: [Identifier<Workspace>: Points] = [:]) async throws {
        var rest = workspaces.sorted()[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.mostAtOnce)
            rest = rest.dropFirst(part.count)
            var costs = try await store.read { db in
                try part.reduce(into: [:]) { costs, workspace in
                    costs[workspace] = try perHour[workspace] ?? db.costPerHour(of: workspace)
                }
            }
            for workspace in part { costs[workspace] = try (costs[workspace] ?? 0).adding(await storage.perHour(of: workspace)) }
            let perHour = costs
            let now = clock.now()
            let month = try calendar.month(of: now)
            let told = try await store.write { db in
                try part.filter { try look(at: $0, perHour: perHour[$0] ?? 0, month, now, db) }
            }
            for workspace in told { signals.changed(in: workspace) }
        }
    }

    /// Looks at all whose balance is another one than at the last look: charges of storage and recharges came in between.
    func lookAtChanged() async throws {
        try await look(at: try await store.read { try $0.workspacesWithUnseenBalance(limit: 10_000) })
    }

    /// Whether a notice was given.
    private func look(
        at workspace: Identifier<Workspace>, perHour: Points, _ month: BillMonth, _ now: Timestamp, _ db: Writing
    ) throws -> Bool {
        let record = try db.read.warnings(of: workspace)
        let standing = try db.read.balance(of: workspace)
        let outlook = Outlook(balance: standing.balance, perHour: perHour)
        var isTold = false
        for warning in record.warnings.due(before: record.seen, now: outlook) where standing.balance > 0 {
            let isNew = try db.give(
                .balanceLow(warning, outlook), to: workspace,
                key: "balance/\(workspace)/\(warning.key)/\(now.milliseconds)", at: now)
            isTold = isTold || isNew
        }
        if let since = standing.usedUpSince {
            let stopsAt = isEnforced ? calendar.minuteText(Arrears.stopsAt(usedUpSince: since)) : nil
            let isNew = try db.give(
                .balanceUsedUp(standing.balance, stopsAt: stopsAt), to: workspace,
                key: "arrears/\(workspace)/\(since.milliseconds)", at: now)
            isTold = isTold || isNew
        }
        if outlook != record.seen {
            try db.setBalanceWarning(BalanceWarningRecord(workspace: workspace, warnings: record.warnings, seen: outlook))
        }
        for budget in try db.read.budgets(of: workspace, in: month) {
            let isNew = try look(at: budget, month, now, db)
            isTold = isTold || isNew
        }
        return isTold
    }

    /// The key holds the limit: a budget that was raised warns anew. Whether a notice was given.
    private func look(at record: BudgetRecord, _ month: BillMonth, _ now: Timestamp, _ db: Writing) throws -> Bool {
        let key = "budget/\(record.workspace)/\(record.scope)/\(month)/\(record.budget.limit.micro)"
        var isTold = false
        // Of all that are passed at once, as when a limit is lowered, the highest is told, and none when the end is.
        let passed =
            record.budget.isReached(charged: record.charged)
            ? nil : record.budget.warnings(before: Points(micro: -1), now: record.charged).max()
        if let percent = passed {
            let isNew = try db.give(
                .budgetWarning(percent: percent, record.budget, charged: record.charged, month), to: record.workspace,
                key: "\(key)/\(percent)", subject: record.scope, at: now)
            isTold = isTold || isNew
        }
        if record.budget.isReached(charged: record.charged) {
            let isNew = try db.give(
                .budgetReached(record.budget, month), to: record.workspace, key: "\(key)/reached", subject: record.scope, at: now)
            isTold = isTold || isNew
        }
        return isTold
    }
}

extension Outlook {
    /// Before the first look nothing was reached, so that all that is gets told.
    fileprivate static let neverSeen = Outlook(balance: .most, perHour: 0)
}

extension BalanceWarnings.Warning {
    fileprivate var key: String {
        switch self {
        case .amount(let amount): "amount/\(amount)"
        case .hours(let hours): "hours/\(hours)"
        }
    }
}

extension Reading {
    fileprivate func warnings(of workspace: Identifier<Workspace>) throws -> BalanceWarningRecord {
        try balanceWarning(of: workspace)
            ?? BalanceWarningRecord(
                workspace: workspace, warnings: BalanceWarnings(amounts: [], hours: BalanceWarnings.standardHours), seen: .neverSeen)
    }

    /// What all that runs in a workspace costs an hour.
    func costPerHour(of workspace: Identifier<Workspace>) throws -> Points {
        try runningRuns(in: workspace).reduce(0) { try $0.adding($1.run.price.amount(minutes: 60)) }
    }
}

extension Writing {
    /// False when it was given before.
    @discardableResult
    func give(
        _ notice: BillingNotice, to workspace: Identifier<Workspace>, key: String, subject: SpendingScope = .workspace, at now: Timestamp
    ) throws -> Bool {
        let text = notice.text
        let whose = try whose(subject, of: workspace, notice)
        return try addNotice(
            notice.code, key: key, to: workspace, subject: subject == .workspace ? "" : subject.description,
            whose.map { LocalizedText("\($0.en) – \(text.en)", zh: "\($0.zh)：\(text.zh)") } ?? text, at: now)
    }

    /// Whose budget a notice is about (ux 17); nil where it is about no budget.
    private func whose(_ scope: SpendingScope, of workspace: Identifier<Workspace>, _ notice: BillingNotice) throws -> LocalizedText? {
        guard notice.isOfBudget else { return nil }
        switch scope {
        case .workspace:
            let name = try read.workspace(workspace)?.name ?? workspace.text
            return LocalizedText("Workspace \(name)", zh: "空间 \(name)")
        case .project(let id):
            let name = try read.names(of: [id.text])[id.text] ?? id.text
            return LocalizedText("Project \(name)", zh: "项目 \(name)")
        case .account(let id):
            let login = try read.names(of: [id.text])[id.text] ?? id.text
            return LocalizedText("Member \(login)", zh: "成员 \(login)")
        }
    }
}

extension StorageUsages {
    /// What all that is kept costs an hour, as it was measured last.
    func perHour(of workspace: Identifier<Workspace>) async throws -> Points {
        Points(micro: try await perDay(of: workspace).micro / 24)
    }

    func perDay(of workspace: Identifier<Workspace>) async throws -> Points {
        let usage = try await usage(of: workspace)
        return try usage.people.reduce(usage.perDay) { try $0.adding($1.perDay) }
    }
}
