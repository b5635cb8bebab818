public import WeirModel
public import WeirStore

/// Monthly budgets of a workspace, its projects and its people.
public struct Budgets: Sendable {
    let store: Store
    let clock: any WallClock
    let calendar: BillingCalendar
    let notices: Notices

    /// The budgets, with what each was charged this month; those of whom or what has `name` in its name.
    public func list(
        in workspace: Identifier<Workspace>, named name: String? = nil, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<BudgetRecord> {
        let month = try calendar.month(of: clock.now())
        return try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            let found = try db.budgets(of: workspace, in: month, named: name, page)
            guard try !db.seesPeople(of: workspace, caller) else { return found }
            return Page(items: found.items.filter { $0.scope.isSeen(by: caller) }, next: found.next)
        }
    }

    /// Throws `not_found` where none was set.
    public func budget(of scope: SpendingScope, in workspace: Identifier<Workspace>, for caller: Caller) async throws -> BudgetRecord {
        let month = try calendar.month(of: clock.now())
        return try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            if !scope.isSeen(by: caller), try !db.seesPeople(of: workspace, caller) { throw WeirError.forbidden(.pay) }
            guard let record = try db.budget(of: scope, in: workspace, month: month) else { throw WeirError.notFound("budget") }
            return record
        }
    }

    /// Makes or changes one; it holds for the month that runs at once. Throws `not_found` for a project or person that is none of
    /// the workspace's.
    public func set(
        _ budget: Budget, for scope: SpendingScope, in workspace: Identifier<Workspace>, by caller: Caller
    ) async throws -> BudgetRecord {
        let now = clock.now()
        let month = try calendar.month(of: now)
        let record = try await store.write { db -> BudgetRecord in
            try db.read.requireBilling(of: workspace, for: caller, .setLimits)
            switch scope {
            case .workspace: break
            case .project(let id):
                guard try db.read.project(id)?.workspace == workspace else { throw WeirError.notFound("project") }
            case .account(let id):
                guard try db.read.role(of: id, in: workspace) != nil else { throw WeirError.notFound("account") }
            }
            let before = try db.read.budget(of: scope, in: workspace, month: month)
            try db.setBudget(budget, of: scope, in: workspace, by: caller.id, at: now)
            guard let record = try db.read.budget(of: scope, in: workspace, month: month) else { throw WeirError.notFound("budget") }
            if before?.budget != budget { try db.record(.budgetSet, scope, before?.budget, budget, in: workspace, by: caller, at: now) }
            return record
        }
        try await notices.look(at: [workspace])
        notices.signals.send(.money(workspace))
        return record
    }

    public func remove(_ scope: SpendingScope, in workspace: Identifier<Workspace>, by caller: Caller) async throws {
        let now = clock.now()
        let month = try calendar.month(of: now)
        try await store.write { db in
            try db.read.requireBilling(of: workspace, for: caller, .setLimits)
            guard let before = try db.read.budget(of: scope, in: workspace, month: month) else { throw WeirError.notFound("budget") }
            try db.removeBudget(of: scope, in: workspace)
            try db.record(.budgetRemoved, scope, before.budget, nil, in: workspace, by: caller, at: now)
        }
        notices.signals.send(.money(workspace))
    }
}
