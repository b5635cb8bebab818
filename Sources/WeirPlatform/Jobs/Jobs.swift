public import WeirModel
public import WeirStore

/// Offline training: a command that runs with no browser open until it is done (TRN-01, TRN-02).
public struct Jobs: Sendable {
    let submissions: Submissions

    /// The code is frozen now; `timeLimit` is in seconds.
    public func create(
        _ submission: Submission, command: String, timeLimit: Int?, in project: Identifier<Project>,
        key: IdempotencyKey? = nil, by caller: Caller
    ) async throws -> WorkloadRecord {
        let command = try WorkloadRules.command(command)
        return try await submissions.submit(
            submission, kind: .job, in: project, code: .snapshot, key: key, by: caller
        ) { resolved, tree in
            .job(
                JobDetail(
                    command: command, code: tree,
                    timeLimit: try WorkloadRules.timeLimit(timeLimit, flavor: resolved.flavor, field: "time_limit")))
        }
    }

    /// The same code, versions, image digest and command once more, with the flavor of that name as it is today, as a job of its own: the
    /// caller's, with the caller's home.
    public func rerun(
        _ id: Identifier<Workload>, name: String? = nil, key: IdempotencyKey? = nil, by caller: Caller
    ) async throws -> WorkloadRecord {
        let wanted = try name.map { try Name($0) }
        let now = submissions.clock.now()
        let (job, today, name) = try await submissions.store.read { db in
            let job = try db.workload(id, for: caller, .createWorkload)
            guard case .job = job.spec.detail else { throw WeirError.notFound("job") }
            guard job.spec.variables.isEmpty || job.allows(.enter, to: caller.id, .owner) else { throw WeirError.ownVariables() }
            try job.state.require(.rerun, for: .job)
            try db.requireVersions(of: job.spec, madeBy: job.createdBy, for: caller)
            return (job, try db.specOfToday(job.spec), try wanted ?? db.nameForRerun(of: job))
        }
        var spec = today
        if case .job(var detail) = spec.detail {
            detail.rerunOf = job.id
            spec.detail = .job(detail)
        }
        try await submissions.zones.requireRoom(for: spec)
        let workload = WorkloadRecord(
            id: submissions.identifiers.next(Workload.self, at: now), workspace: job.workspace, project: job.project,
            name: name, description: job.description, createdBy: caller.id, createdAt: now, spec: spec,
            secret: Secrets.make(prefix: "weiri"))
        return try await submissions.insert(workload, name: name, exposed: false, key: key, by: caller)
    }
}

extension Reading {
    /// `train` is run again as `train-2`, `train-3` …
    fileprivate func nameForRerun(of job: WorkloadRecord) throws -> Name {
        let stem = job.name.replacing(/-[0-9]{1,4}$/, with: "").prefix(Name.limit - 5)
        for number in 2...9999 {
            let name = try Name("\(stem)-\(number)")
            if try workload(named: name, kind: .job, in: job.workspace) == nil { return name }
        }
        throw WeirError.nameTaken("job", job.name)
    }
}
