public import WeirModel
public import WeirStore

/// All that runs in the installation, for the operator: to be seen and stopped, and never entered.
public struct AllWorkloads: Sendable {
    public static let longestReason = 500

    let store: Store
    let clock: any WallClock
    let signals: WorkloadSignals

    /// What waits, runs or ends, or what is in one state; of a person: what whoever has this login made.
    public func list(
        _ filter: AllWorkloadsFilter, by login: String? = nil, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<StandingWorkload> {
        try caller.requireOperator()
        return try await store.read { db in
            var filter = filter
            if let login {
                guard let person = try db.account(login: login) else { return Page(items: [], next: nil) }
                filter.creator = person.id
            }
            return try db.workloads(filter, page)
        }
    }

    /// One workload with its newest changes of state.
    public func workload(
        _ id: Identifier<Workload>, for caller: Caller
    ) async throws -> (standing: StandingWorkload, history: [TransitionRecord]) {
        try caller.requireOperator()
        return try await store.read { db in
            guard let standing = try db.standingWorkload(id) else { throw WeirError.notFound("workload") }
            return (standing, try db.transitions(of: id, PageRequest(limit: 50)).items)
        }
    }

    /// Stops it. The reason stands in its history, and the workspace is told.
    public func stop(_ id: Identifier<Workload>, reason: String, by caller: Caller) async throws -> StandingWorkload {
        try caller.requireOperator()
        let reason = try Self.checked(reason)
        let now = clock.now()
        let stopped = try await store.write { db in
            guard let workload = try db.read.workload(id) else { throw WeirError.notFound("workload") }
            let cause = Cause("operator_stop", by: caller.id, reason: reason)
            if workload.startsAgain {
                try db.giveUp(workload, cause: cause, at: now)
            } else {
                try workload.state.require(.stop, for: workload.kind)
                let changed = try db.apply(.stopWanted, to: workload, cause: cause, at: now)
                if changed.state == .stopped { try db.closePort(of: workload.id) }
            }
            try db.addNotice(
                "stopped_by_operator", key: "operator_stop/\(id)/\(workload.run)", to: workload.workspace,
                .stopped(workload, login: try db.read.account(workload.createdBy)?.login ?? "", reason: reason), at: now)
            guard let standing = try db.read.standingWorkload(id) else { throw WeirError.notFound("workload") }
            return standing
        }
        signals.send(.workload(id))
        signals.changed(in: stopped.workload.workspace)
        return stopped
    }

    private static func checked(_ reason: String) throws -> String {
        let words = reason.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard !words.isEmpty else { throw WeirError.missing("reason") }
        guard words.unicodeScalars.count <= longestReason else { throw WeirError.tooLong("reason", limit: longestReason) }
        guard !words.unicodeScalars.contains("\0") else { throw WeirError.malformed("reason", "text without NUL") }
        return words
    }
}

extension LocalizedText {
    fileprivate static func stopped(_ workload: WorkloadRecord, login: String, reason: String) -> LocalizedText {
        LocalizedText(
            "The operator stopped \"\(workload.name)\" of \(login): \(reason)", zh: "运营管理员已停止 \(login) 的“\(workload.name)”：\(reason)")
    }
}
