import GRDB
public import WeirModel

/// Why a state changed, and who wanted it.
public struct Cause: Hashable, Sendable {
    /// Stable for programs: `submitted`, `stop_requested`, `exited` …
    public let code: String
    public let actor: Identifier<Account>?
    /// What the actor said about it.
    public let reason: String?

    public init(_ code: String, by actor: Identifier<Account>? = nil, reason: String? = nil) {
        self.code = code
        self.actor = actor
        self.reason = reason
    }
}

/// A workload to be added, with all that can be worked out before the one writer has to wait for it.
public struct NewWorkload: Sendable {
    public let record: WorkloadRecord
    let name: Name
    let spec: String
    let flavor: String
    let price: PreparedPrice?

    /// Without a price it is worked out in the transaction.
    public init(_ record: WorkloadRecord, name: Name, price: PreparedPrice? = nil) throws {
        self.record = record
        self.price = price
        self.name = name
        spec = try quickJSON(record.spec)
        flavor = try quickJSON(record.spec.flavor)
    }
}

extension Writing {
    /// Adds a workload in the state queued, with its first run and its first line of history.
    public func insert(_ new: NewWorkload, cause: Cause) throws {
        let (workload, name) = (new.record, new.name)
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO workload (id, kind, workspace, project, name, name_key, description, created_by, started_by,
                created_at, spec, secret, wanted, state, state_since, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        do {
            try statement.execute(arguments: [
                workload.id, workload.kind.rawValue, workload.workspace, workload.project, name.text, name.key,
                workload.description, workload.createdBy, workload.startedBy, workload.createdAt, new.spec,
                workload.secret, workload.wanted.rawValue, workload.state.rawValue, workload.stateSince, workload.run,
            ])
        } catch let error as DatabaseError where error.isTaken("workload.name_key") {
            throw WeirError.nameTaken(workload.kind.rawValue, name.text)
        }
        if workload.spec.code != nil {
            try insertStorageUnit(.frozen(workload.project), of: workload.workspace, in: workload.project, kind: .code)
        }
        try insertRun(workload, flavor: new.flavor, price: new.price, at: workload.createdAt)
        try record(workload, before: nil, cause: cause, at: workload.createdAt)
    }

    public func insert(_ workload: WorkloadRecord, name: Name, cause: Cause) throws {
        try insert(NewWorkload(workload, name: name), cause: cause)
    }

    /// Applies an event by the transition table, and writes the state, the run and the history together. The history says when Weir
    /// knew of it; the run's start and end are those that the instances in the store have, so these are to be written first (X03).
    /// - Parameter price: what a run that starts costs; without it, it is worked out here.
    @discardableResult
    public func apply(
        _ event: WorkloadEvent, to workload: WorkloadRecord, cause: Cause, at now: Timestamp, price: PreparedPrice? = nil
    ) throws -> WorkloadRecord {
        guard var changed = try read.workload(workload.id) else { throw WeirError.notFound("workload") }
        let (before, since, hadStart) = (changed.state, changed.stateSince, changed.runningSince != nil)
        changed.state = try before.after(event, kind: changed.kind)
        changed.stateSince = now
        changed.queueReason = nil
        changed.idleStopAt = nil
        switch event {
        case .startWanted, .requeued:
            changed.run += 1
            // What Weir lets go on is still on account of who started it.
            if event == .startWanted, let starter = cause.actor { changed.startedBy = starter }
            (changed.failure, changed.runningSince, changed.endedAt, changed.stopAt, changed.stopCause) = (nil, nil, nil, nil, nil)
            changed.memoryKilledAt = nil
            changed.wanted = .running
            if event == .requeued {
                try insertRunGoingOn(changed, at: now)
            } else {
                try insertRun(changed, flavor: jsonText(changed.spec.flavor), price: price, at: now)
            }
        case .ready:
            // One whose grace is over is charged already.
            if changed.runningSince == nil {
                changed.runningSince = ObservedTimes.start(
                    of: changed.kind, starts: try read.instanceTimes(of: changed.id, run: changed.run).starts,
                    grace: try read.startGrace(of: changed, at: now), now: now)
            }
        case .broke(let reason): changed.failure = before == .stopping ? nil : reason
        case .stopWanted:
            changed.wanted = changed.wanted == .deleted ? .deleted : .stopped
            changed.stopCause = cause.code
        case .preempted: changed.stopCause = cause.code
        case .admitted, .succeeded, .freed: break
        }
        if changed.state.isFinal {
            let times = try read.instanceTimes(of: changed.id, run: changed.run)
            // It may be over before anybody saw it run; the engine did.
            if changed.runningSince == nil, changed.failure?.isBeforeStart != true {
                changed.runningSince = ObservedTimes.start(
                    ofEnded: changed.kind, starts: times.starts, grace: try read.startGrace(of: changed, at: now),
                    end: ObservedTimes.end(ends: times.ends, start: nil, now: now), asked: before == .stopping ? since : nil)
            }
            // What was set while it ran is no time that passed, and none that did not.
            let steps = try read.clockSteps(of: changed.id, run: changed.run)
            changed.endedAt = ObservedTimes.end(
                ends: times.ends.map { $0 - steps }, start: changed.runningSince,
                limit: hadStart ? changed.stopAt : changed.unseenLimit, now: now - steps)
        }
        try db.cachedStatement(
            sql: """
                UPDATE workload SET wanted = ?, state = ?, state_since = ?, queue_reason = NULL, failure = ?, run = ?,
                running_since = ?, ended_at = ?, stop_at = ?, idle_stop_at = NULL, memory_killed_at = ?, started_by = ?, stop_cause = ?
                WHERE id = ?
                """
        ).execute(arguments: [
            changed.wanted.rawValue, changed.state.rawValue, now, try changed.failure.map(jsonText), changed.run,
            changed.runningSince, changed.endedAt, changed.stopAt, changed.memoryKilledAt, changed.startedBy, changed.stopCause, changed.id,
        ])
        try db.cachedStatement(
            sql: """
                UPDATE run SET running_at = ?, ended_at = ?, outcome = ?, flavor = ? WHERE workload = ? AND number = ?
                """
        ).execute(arguments: [
            changed.runningSince, changed.endedAt, changed.state.isFinal ? changed.state.rawValue : nil,
            try jsonText(changed.spec.flavor), changed.id, changed.run,
        ])
        if let start = changed.runningSince, !hadStart { try fixPrice(of: changed, from: start) }
        try record(changed, before: before, cause: cause, at: now)
        return changed
    }

    /// The grace of a program that does not answer yet is over: from here on its run counts as running, not ready, and is charged
    /// (BIL-26). Its state stays. Nil when it is no such run, or not all of its instances have started.
    public func chargeUnready(_ id: Identifier<Workload>, run: Int, at now: Timestamp) throws -> WorkloadRecord? {
        guard var workload = try read.workload(id), workload.run == run, workload.state == .deploying, workload.runningSince == nil
        else { return nil }
        let starts = try read.instanceTimes(of: id, run: run).starts
        guard starts.count >= workload.spec.replicas else { return nil }
        let grace = try read.startGrace(of: workload, at: now)
        let start = ObservedTimes.start(of: workload.kind, starts: starts, grace: grace, now: now)
        guard start < now else { return nil }
        workload.runningSince = start
        workload.stopAt = workload.spec.runLimit.map { start + .seconds($0) }
        try db.execute(
            sql: "UPDATE workload SET running_since = ?, stop_at = ? WHERE id = ?", arguments: [start, workload.stopAt, id])
        try db.execute(sql: "UPDATE run SET running_at = ? WHERE workload = ? AND number = ?", arguments: [start, id, run])
        try fixPrice(of: workload, from: start)
        try record(workload, before: workload.state, cause: Cause("charged_unready"), at: now)
        return workload
    }

    /// A workload that is ending so that it can go on later does not go on; its history says why.
    public func giveUp(_ workload: WorkloadRecord, cause: Cause, at now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE workload SET wanted = 'stopped', stop_cause = ? WHERE id = ?", arguments: [cause.code, workload.id])
        try record(workload, before: workload.state, cause: cause, at: now)
    }

    public func setWanted(_ wanted: WorkloadRecord.Wanted, of workload: Identifier<Workload>) throws {
        try db.execute(sql: "UPDATE workload SET wanted = ? WHERE id = ?", arguments: [wanted.rawValue, workload])
    }

    /// Says why a workload waits; of one that does not wait any more nothing is said.
    public func setQueueReason(_ reason: QueueReason, of workload: Identifier<Workload>) throws {
        try db.cachedStatement(sql: "UPDATE workload SET queue_reason = ? WHERE id = ? AND state = 'queued'")
            .execute(arguments: [reason.rawValue, workload])
    }

    public func setStopTime(_ moment: Timestamp?, of workload: Identifier<Workload>) throws {
        try db.execute(sql: "UPDATE workload SET stop_at = ? WHERE id = ?", arguments: [moment, workload])
    }

    /// Changes what the next run will be.
    public func setSpec(_ spec: WorkloadSpec, of workload: Identifier<Workload>) throws {
        try db.execute(sql: "UPDATE workload SET spec = ? WHERE id = ?", arguments: [try jsonText(spec), workload])
        try markFrozenCodeChanged(by: workload)
    }

    /// Changes how soon the turn of what waits comes, and says so in its history; its state stays, and since when (QUO-07).
    public func setPriority(_ workload: WorkloadRecord, cause: Cause, at now: Timestamp) throws {
        try setSpec(workload.spec, of: workload.id)
        try record(workload, before: workload.state, cause: cause, at: now)
    }

    /// Takes the external port from a service that goes on without it, and writes down why (INF-07).
    public func releasePort(of workload: WorkloadRecord, cause: Cause, at now: Timestamp) throws {
        try closePort(of: workload.id)
        try record(workload, before: workload.state, cause: cause, at: now)
    }

    public func rename(_ workload: WorkloadRecord, to name: Name, description: String) throws {
        if let other = try read.workload(named: name, kind: workload.kind, in: workload.workspace),
            other.id != workload.id
        {
            throw WeirError.nameTaken(workload.kind.rawValue, name.text)
        }
        try db.execute(
            sql: "UPDATE workload SET name = ?, name_key = ?, description = ? WHERE id = ?",
            arguments: [name.text, name.key, description, workload.id])
    }

    /// Takes the record from every list. The runs and the history stay, for what was charged must be explained.
    public func markDeleted(_ workload: Identifier<Workload>, at now: Timestamp) throws {
        try db.execute(sql: "UPDATE workload SET deleted_at = ? WHERE id = ?", arguments: [now, workload])
        try markFrozenCodeChanged(by: workload)
        try db.execute(sql: "DELETE FROM port WHERE workload = ?", arguments: [workload])
    }

    /// Work that gave way goes on as another run, one task to its payer: once it has run, it keeps the price that it began with (BIL-06).
    /// One that had not run is priced when it does; where no list has a price for it any more, it keeps the one that it had.
    private func insertRunGoingOn(_ workload: WorkloadRecord, at now: Timestamp) throws {
        guard
            let before = try Row.fetchOne(
                db.cachedStatement(
                    sql: "SELECT tariff, price, queued_at, running_at, priced_at FROM run WHERE workload = ? AND number = ?"),
                arguments: [workload.id, workload.run - 1])
        else { throw WeirError.notFound("run") }
        let flavor = try jsonText(workload.spec.flavor)
        if before["running_at"] == nil {
            do {
                return try insertRun(workload, flavor: flavor, price: nil, at: now)
            } catch let error as WeirError where error.code == "no_price" || error.code == "no_tariff" {}
        }
        let (tariff, price): (Int?, String?) = (before["tariff"], before["price"])
        let pricedAt: Timestamp = try before.take("priced_at") ?? before.need("queued_at")
        try insertRun(workload, flavor: flavor, tariff: tariff, price: price, pricedAt: pricedAt, at: now)
    }

    /// Fixes the price of a run that begins to run: that of the list in force at its start, for as long as it lasts (BIL-06). Where that
    /// list has no price for it, or the flavor of that name has become another one since, it keeps the price of its submission.
    private func fixPrice(of workload: WorkloadRecord, from start: Timestamp) throws {
        guard
            let run = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT tariff, queued_at, priced_at FROM run WHERE workload = ? AND number = ?"),
                arguments: [workload.id, workload.run])
        else { throw WeirError.notFound("run") }
        guard run["priced_at"] == nil else { return }
        var pricedAt: Timestamp = try run.need("queued_at")
        let number: Int? = run["tariff"]
        var new: (tariff: Int, price: String)?
        if let inForce = try read.tariffNumber(at: start) {
            if inForce == number {
                pricedAt = start
            } else if try read.hasKeptItsSize(workload.spec) {
                do {
                    new = try runPrice(of: workload.spec, nil, at: start)
                    pricedAt = start
                } catch let error as WeirError where error.code == "no_price" {}
            }
        }
        try db.cachedStatement(
            sql: """
                UPDATE run SET priced_at = ?, tariff = coalesce(?, tariff), price = coalesce(?, price) WHERE workload = ? AND number = ?
                """
        ).execute(arguments: [pricedAt, new?.tariff, new?.price, workload.id, workload.run])
    }

    /// Notes what the run would cost if it began now. Its price is fixed when it does.
    private func insertRun(_ workload: WorkloadRecord, flavor: String, price: PreparedPrice?, at now: Timestamp) throws {
        let (tariff, price) = try runPrice(of: workload.spec, price, at: now)
        try insertRun(workload, flavor: flavor, tariff: tariff, price: price, pricedAt: nil, at: now)
    }

    private func insertRun(
        _ workload: WorkloadRecord, flavor: String, tariff: Int?, price: String?, pricedAt: Timestamp?, at now: Timestamp
    ) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO run (workload, number, started_by, flavor, replicas, image_digest, tariff, price, queued_at, priced_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            workload.id, workload.run, workload.startedBy, flavor, workload.spec.replicas, workload.spec.image.digest, tariff, price, now,
            pricedAt,
        ])
    }

    private func record(_ workload: WorkloadRecord, before: WorkloadState?, cause: Cause, at now: Timestamp) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO transition (workload, workspace, run, at, before, state, cause, actor, detail, reason)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            workload.id, workload.workspace, workload.run, now, before?.rawValue, workload.state.rawValue, cause.code,
            cause.actor, try workload.failure.map(jsonText), cause.reason,
        ])
    }
}

extension WorkloadRecord {
    /// When the time of a run was over that nobody saw run, so that it has no timer.
    fileprivate var unseenLimit: Timestamp? {
        guard let start = runningSince, let limit = spec.runLimit else { return nil }
        return start + .seconds(limit)
    }
}
