public import WeirModel
public import WeirStore

/// The money of the workspaces: what came in, what was charged, and why (BIL-01).
public struct Ledger: Sendable {
    /// A billion points: what one entry of a person may move at the most.
    public static let mostAtOnce = Points(1_000_000_000)
    public static let longestReference = 200

    let store: Store
    let clock: any WallClock
    let calendar: BillingCalendar
    let startingGrant: Points
    let signals: WorkloadSignals
    /// Off, nothing is refused for money.
    let isEnforced: Bool

    init(
        store: Store, clock: any WallClock, calendar: BillingCalendar, startingGrant: Points, signals: WorkloadSignals = WorkloadSignals(),
        isEnforced: Bool = true
    ) {
        self.store = store
        self.clock = clock
        self.calendar = calendar
        self.startingGrant = startingGrant
        self.signals = signals
        self.isEnforced = isEnforced
    }

    // MARK: Looking

    public func balance(of workspace: Identifier<Workspace>, for caller: Caller) async throws -> WorkspaceBalance {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            return try db.balance(of: workspace)
        }
    }

    /// A part of the statement: the workspace's entries, the newest first.
    public func entries(
        of workspace: Identifier<Workspace>, _ filter: EntryFilter, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<LedgerEntry> {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            var filter = filter
            filter.viewer = try db.seesPeople(of: workspace, caller) ? nil : caller.id
            return try db.entries(of: workspace, filter, page)
        }
    }

    /// One entry of a workspace, with what a charge was computed from.
    public func entry(
        _ sequence: Int64, of workspace: Identifier<Workspace>, for caller: Caller
    ) async throws -> (entry: LedgerEntry, charge: ChargeRecord?) {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            guard let entry = try db.entry(sequence), entry.workspace == workspace, try db.sees(entry, caller) else {
                throw WeirError.notFound("entry")
            }
            return (entry, try db.charge(sequence))
        }
    }

    // MARK: Entering

    /// What was paid outside of Weir, by the operator. The same key enters the same once; with something else it is refused.
    public func recharge(
        _ workspace: Identifier<Workspace>, by amount: Points, reference: String, note: String = "", key: IdempotencyKey,
        caller: Caller
    ) async throws -> Posted {
        guard amount > 0 else { throw WeirError.malformed("amount", "more than 0 points", rule: "BIL-01") }
        return try await enter(
            Entering(workspace, .recharge, .payments, amount, reference, note), "recharge", key, caller)
    }

    /// What the installation gives away, by the operator.
    public func grant(
        _ workspace: Identifier<Workspace>, amount: Points, reference: String = "", note: String, key: IdempotencyKey,
        caller: Caller
    ) async throws -> Posted {
        guard amount > 0 else { throw WeirError.malformed("amount", "more than 0 points", rule: "BIL-01") }
        return try await enter(Entering(workspace, .grant, .grants, amount, reference, note), "grant", key, caller)
    }

    /// What was entered wrongly is put right by an entry of its own, up or down, by the operator.
    /// - Parameter counter: what it corrects: payments, grants or charges.
    public func correct(
        _ workspace: Identifier<Workspace>, by amount: Points, of counter: LedgerCounter, reference: String = "", note: String,
        key: IdempotencyKey, caller: Caller
    ) async throws -> Posted {
        guard amount != 0, !note.isEmpty else {
            throw WeirError.malformed(amount == 0 ? "amount" : "note", amount == 0 ? "other than 0" : "a reason", rule: "BIL-01")
        }
        return try await enter(Entering(workspace, .correction, counter, amount, reference, note), "correction", key, caller)
    }

    /// Gives back a charge or a part of it, by the operator; on the bill on which the charge stands. Throws `refund_too_large` when it
    /// is more than what was charged and not yet given back.
    public func refund(
        entry sequence: Int64, amount: Points, note: String, key: IdempotencyKey, caller: Caller
    ) async throws -> Posted {
        try caller.requireOperator()
        let note = try Note.checked(note)
        guard amount > 0 else { throw WeirError.malformed("amount", "more than 0 points", rule: "BIL-27") }
        let now = clock.now()
        return try await store.write { db in
            guard let charge = try db.read.entry(sequence), charge.kind == .charge else { throw WeirError.notFound("charge") }
            let refundKey = Posting.refundKey(ofCharge: charge.key, "\(caller.id)/\(key.key)")
            if try db.read.entry(key: refundKey) == nil {
                var left = try Points(micro: -charge.amount.micro).subtracting(try db.read.refunded(ofCharge: charge.key))
                // Minutes may have been given back since, by the end of the run.
                if let run = charge.run { left = min(left, Points(micro: -(try db.read.givenBack(of: run)).micro)) }
                guard amount <= left else { throw WeirError.refundTooLarge(left: max(0, left)) }
            }
            return try db.post(
                Posting(
                    workspace: charge.workspace, kind: .refund, counter: .revenue, amount: amount, key: refundKey,
                    month: charge.month, project: charge.project, account: charge.account, run: charge.run, actor: caller.id,
                    reference: charge.key, note: note), at: now)
        }
    }

    /// Gives a workspace from before billing what a new one gets.
    func grantToOlder() async throws {
        let (now, amount) = (clock.now(), startingGrant)
        while true {
            let count = try await store.write { db in
                let workspaces = try db.read.workspacesWithoutStartingGrant()
                for workspace in workspaces { try db.post(.startingGrant(amount, to: workspace), at: now) }
                return workspaces.count
            }
            if count == 0 { return }
        }
    }

    private struct Entering: Sendable {
        let workspace: Identifier<Workspace>
        let kind: EntryKind
        let counter: LedgerCounter
        let amount: Points
        let reference: String
        let note: String

        init(
            _ workspace: Identifier<Workspace>, _ kind: EntryKind, _ counter: LedgerCounter, _ amount: Points, _ reference: String,
            _ note: String
        ) {
            self.workspace = workspace
            self.kind = kind
            self.counter = counter
            self.amount = amount
            self.reference = reference
            self.note = note
        }
    }

    private func enter(_ entering: Entering, _ prefix: String, _ key: IdempotencyKey, _ caller: Caller) async throws -> Posted {
        try caller.requireOperator()
        let note = try Note.checked(entering.note)
        let reference = PaymentReference(entering.reference)
        guard entering.reference.unicodeScalars.count <= Self.longestReference else {
            throw WeirError.tooLong("reference", limit: Self.longestReference)
        }
        guard entering.amount.micro.magnitude <= Self.mostAtOnce.micro.magnitude else {
            throw WeirError.malformed("amount", "at most \(Self.mostAtOnce) points at once", rule: "BIL-01")
        }
        let posting = Posting(
            workspace: entering.workspace, kind: entering.kind, counter: entering.counter, amount: entering.amount,
            key: "\(prefix)/\(entering.workspace)/\(caller.id)/\(key.key)", actor: caller.id,
            reference: reference.text.isEmpty ? nil : reference.text, note: note.isEmpty ? nil : note)
        let now = clock.now()
        let posted = try await store.write { db in
            guard try db.read.workspace(posting.workspace) != nil else { throw WeirError.notFound("workspace") }
            // The same transfer may be entered by two operators, each under a key of their own.
            if posting.kind == .recharge, posting.reference != nil,
                let other = try db.read.recharge(of: posting.workspace, reference: reference, otherThan: posting.key)
            {
                throw WeirError.referenceTaken(reference.text, entry: other)
            }
            return try db.post(posting, at: now)
        }
        // Workloads that wait for money may start.
        signals.send(.money(posting.workspace))
        return posted
    }
}

extension Reading {
    /// The operator sees and pays for every workspace, others what their role in it lets them.
    func requireBilling(of workspace: Identifier<Workspace>, for caller: Caller, _ permission: Permission) throws {
        if caller.isOperator, try self.workspace(workspace) != nil { return }
        try role(of: caller, in: workspace, for: permission)
    }

    /// Whether somebody answers for a workspace's money, and so sees what each person in it keeps; others see that of themselves.
    func seesPeople(of workspace: Identifier<Workspace>, _ caller: Caller) throws -> Bool {
        guard !caller.isOperator else { return true }
        return try role(of: caller.id, in: workspace)?.may(.pay) ?? false
    }

    /// What somebody else's home and netdisk cost tells how much is in them.
    func sees(_ entry: LedgerEntry, _ caller: Caller) throws -> Bool {
        guard entry.run == nil, let person = entry.account, person != caller.id else { return true }
        return try seesPeople(of: entry.workspace, caller)
    }
}

extension WeirError {
    static func referenceTaken(_ reference: String, entry: Int64) -> WeirError {
        WeirError(
            "reference_taken", .conflict, subject: "reference", rule: "BIL-21",
            LocalizedText(
                "The payment \"\(reference)\" is entered already, as entry \(entry) of this workspace.",
                zh: "支付“\(reference)”已入账（本空间第 \(entry) 条）。"),
            remedy: LocalizedText(
                "Look at that entry. If this is another payment, give it a reference of its own.",
                zh: "请查看该条目；如为另一笔支付，请使用不同的参考号。"))
    }

    static func refundTooLarge(left: Points) -> WeirError {
        WeirError(
            "refund_too_large", .conflict, subject: "amount", rule: "BIL-27",
            LocalizedText(
                "Of this charge \(left) points are left to give back.", zh: "该笔扣费可退金额为 \(left) 算力点。"))
    }
}
