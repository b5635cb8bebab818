public import WeirModel
public import WeirStore

/// A restart is a stop that remembers what comes after it (bugs R13). It stands in the store as the cause of the stop, and the run after it
/// begins in the transaction that ends the one before: no kill of Weir comes in between.
extension Workloads {
    /// Stops what runs and starts it again when it has stopped; starts at once what is stopped or failed.
    ///
    /// Nothing is stopped that could not be started again by what is known now. The new run is asked for balance, budget, quota and prices
    /// when it begins; what is refused then stays stopped, and its history says why.
    public func restart(_ id: Identifier<Workload>, by caller: Caller) async throws -> WorkloadRecord {
        let known = try await workload(id, for: caller, .startWorkload)
        guard known.state == .deploying || known.state == .running else { return try await start(id, by: caller) }
        let today = try await store.read { try $0.specOfToday(known.spec) }
        try await zones.requireRoom(for: today)
        let now = clock.now()
        return try await change(id) { db in
            let workload = try db.read.workload(id, for: caller, .startWorkload)
            _ = try db.read.workload(id, for: caller, .stopWorkload)
            guard workload.state == .deploying || workload.state == .running else {
                throw WeirError.wrongState("restart", workload.state)
            }
            try requireAnotherStart(of: workload, by: caller, db.read)
            return try db.apply(.stopWanted, to: workload, cause: Cause(WorkloadRecord.restartCause, by: caller.id), at: now)
        }
    }

    /// Somebody asks for the start of what is on its way to its stop.
    func startWhenStopped(_ workload: WorkloadRecord, by caller: Caller, at now: Timestamp, _ db: Writing) throws -> WorkloadRecord {
        // What gave way goes on by itself.
        guard workload.wanted == .stopped, !workload.startsAgain else { return workload }
        try requireAnotherStart(of: workload, by: caller, db.read)
        try db.giveUp(workload, cause: Cause(WorkloadRecord.restartCause, by: caller.id), at: now)
        return try db.read.workload(workload.id, for: caller, .startWorkload)
    }

    /// The resources of what was stopped to be started again are free. A refusal is written down, for nobody waits for the answer.
    func startAgain(_ ended: WorkloadRecord, at now: Timestamp, _ db: Writing) throws {
        let reason: String
        do {
            _ = try begin(ended, by: db.read.asker(ofRestart: ended), price: nil, at: now, db)
            return
        } catch let error as WeirError {
            reason = error.message.en
        } catch is DecodingError {
            // What cannot be read keeps nothing else from ending.
            reason = "Its definition or its price cannot be read."
        }
        if ended.kind == .service { try db.closePort(of: ended.id) }
        try db.giveUp(ended, cause: Cause("restart_refused", reason: reason), at: now)
    }

    /// Throws what would refuse the start also if nothing of it ran.
    private func requireAnotherStart(of workload: WorkloadRecord, by caller: Caller, _ db: Reading) throws {
        guard workload.wanted != .deleted else { throw WeirError.notFound("workload") }
        // A job is run again as a new job.
        guard workload.kind != .job else { throw WeirError.wrongState("start", workload.state) }
        try limits.check(.starting(workload.kind), in: workload.workspace, project: workload.project, by: caller.id, db)
        var next = workload
        next.spec = try db.specOfToday(workload.spec)
        next.startedBy = caller.id
        // With a priority that is not allowed any more it would begin with one that is.
        next.spec.priority = try db.allowedPriority(of: next) ?? next.spec.priority
        try db.requireQuota(of: next)
        try db.requireVersions(of: next.spec, madeBy: next.createdBy, for: caller)
        if workload.kind == .service { try db.requireCommitment(of: caller, in: workload.workspace) }
    }
}

extension Reading {
    /// Among so many newest lines of its history is the one that asked: a stop lasts seconds.
    private static var newestLines: Int { 50 }

    /// Whoever wanted it to start again, if that is still somebody here.
    fileprivate func asker(ofRestart workload: WorkloadRecord) throws -> Caller {
        let lines = try transitions(of: workload.id, PageRequest(limit: Self.newestLines)).items
        guard let actor = lines.first(where: { $0.cause == WorkloadRecord.restartCause })?.actor, let account = try account(actor),
            account.disabledAt == nil
        else { throw WeirError.notFound("account") }
        return Caller(account)
    }
}

extension WorkloadRecord {
    static let restartCause = "restart_requested"

    /// It begins another run when it has stopped.
    public var startsAgain: Bool {
        stopCause == Self.restartCause && wanted == .stopped && (state == .stopping || state == .stopped)
    }
}
