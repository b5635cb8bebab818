public import WeirModel
public import WeirStore

/// What can be seen and done with a workload of any kind (DEV-17..30, TRN-10, CON-13).
public struct Workloads: Sendable {
    let store: Store
    let clock: any WallClock
    let signals: WorkloadSignals
    let ports: ClosedRange<Int>
    let tariffs: Tariffs
    let limits: Limits
    let zones: Zones

    // MARK: Seeing

    public func list(
        in workspace: Identifier<Workspace>, _ filter: WorkloadFilter, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<WorkloadRecord> {
        try await store.read { db in
            try db.role(of: caller, in: workspace, for: .seeWorkspace)
            return try db.workloads(in: workspace, filter, page)
        }
    }

    public func workload(
        _ id: Identifier<Workload>, for caller: Caller, _ permission: Permission = .seeWorkspace
    ) async throws -> WorkloadRecord {
        try await store.read { try $0.workload(id, for: caller, permission) }
    }

    /// Every change of state with its time and its cause, newest first.
    public func history(
        of id: Identifier<Workload>, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<TransitionRecord> {
        try await store.read { db in
            let workload = try db.workload(id, for: caller, .seeWorkspace)
            return try db.transitions(of: workload.id, page)
        }
    }

    /// Newest first.
    public func runs(of id: Identifier<Workload>, _ page: PageRequest, for caller: Caller) async throws -> Page<RunRecord> {
        try await store.read { db in
            let workload = try db.workload(id, for: caller, .seeWorkspace)
            return try db.runs(of: workload.id, page)
        }
    }

    /// The containers of one run, newest first; of the current one when none is named.
    public func instances(
        of id: Identifier<Workload>, run: Int? = nil, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<InstanceRecord> {
        try await store.read { db in
            let workload = try db.workload(id, for: caller, .seeWorkspace)
            return try db.instances(of: workload.id, run: run ?? workload.run, page)
        }
    }

    /// The containers of the current run that run.
    public func runningInstances(of id: Identifier<Workload>, for caller: Caller) async throws -> [InstanceRecord] {
        try await store.read { db in
            let workload = try db.workload(id, for: caller, .seeWorkspace)
            return try db.instances(of: workload.id, run: workload.run).filter { $0.startedAt != nil && $0.endedAt == nil }
        }
    }

    /// The ports of the services among them that run.
    public func ports(of workloads: [WorkloadRecord]) async throws -> [Identifier<Workload>: PortRecord] {
        let services = workloads.filter { $0.kind == .service && !$0.state.isFinal }.map(\.id)
        guard !services.isEmpty else { return [:] }
        return try await store.read { try $0.ports(of: services) }
    }

    public func port(of id: Identifier<Workload>, for caller: Caller) async throws -> PortRecord? {
        try await store.read { db in
            let workload = try db.workload(id, for: caller, .seeWorkspace)
            return try db.port(of: workload.id)
        }
    }

    // MARK: Doing

    /// Starts a stopped or failed one with the same definition, as a new run. A service gets a new port (INF-07). One that is stopping
    /// starts when it has stopped (bugs R13).
    public func start(_ id: Identifier<Workload>, by caller: Caller) async throws -> WorkloadRecord {
        let now = clock.now()
        let spec = try await store.read { try $0.specOfToday($0.workload(id, for: caller, .startWorkload).spec) }
        try await zones.requireRoom(for: spec)
        let price = try await tariffs.prepared(spec, at: now)
        return try await change(id) { db in
            let workload = try db.read.workload(id, for: caller, .startWorkload)
            guard workload.state != .stopping else { return try startWhenStopped(workload, by: caller, at: now, db) }
            return try begin(workload, by: caller, price: price, at: now, db)
        }
    }

    /// Begins a new run of what is stopped or failed, by the money, quotas and rules of this moment.
    /// - Parameter price: what was worked out before; without it, it is worked out here.
    func begin(
        _ stopped: WorkloadRecord, by caller: Caller, price: PreparedPrice?, at now: Timestamp, _ db: Writing
    ) throws -> WorkloadRecord {
        var workload = try db.read.workload(stopped.id, for: caller, .startWorkload)
        // What is about to be deleted is not brought back (DEV-30).
        guard workload.wanted != .deleted else { throw WeirError.notFound("workload") }
        try workload.state.require(.start, for: workload.kind)
        // From here on it counts for the caller: budget, quota, fair share, bill.
        workload.startedBy = caller.id
        let today = try db.read.specOfToday(workload.spec)
        if today != workload.spec {
            workload.spec = today
            try db.setSpec(today, of: workload.id)
        }
        let firstHour: Points =
            if let price, price.holds(for: today) { price.firstHour } else { try db.read.firstHour(ofNew: today, at: now) }
        try limits.check(starting: workload, firstHour: firstHour, db.read)
        // Rules may have become stricter since it was made, and nobody can make it anew with another priority.
        if let allowed = try db.read.allowedPriority(of: workload), allowed != workload.spec.priority {
            workload.spec.priority = allowed
            try db.setSpec(workload.spec, of: workload.id)
        }
        try db.read.requireQuota(of: workload)
        try db.read.requireVersions(of: workload.spec, madeBy: workload.createdBy, for: caller)
        if workload.kind == .service {
            try db.read.requireCommitment(of: caller, in: workload.workspace)
            _ = try db.openPort(for: workload.id, in: ports, at: now)
        }
        return try db.apply(.startWanted, to: workload, cause: Cause("start_requested", by: caller.id), at: now, price: price)
    }

    /// Also takes back the start that is to follow a stop.
    public func stop(_ id: Identifier<Workload>, by caller: Caller) async throws -> WorkloadRecord {
        let now = clock.now()
        return try await change(id) { db in
            let workload = try db.read.workload(id, for: caller, .stopWorkload)
            if workload.startsAgain {
                try db.giveUp(workload, cause: Cause("stop_requested", by: caller.id), at: now)
                return try db.read.workload(id, for: caller, .stopWorkload)
            }
            try workload.state.require(.stop, for: workload.kind)
            let changed = try db.apply(.stopWanted, to: workload, cause: Cause("stop_requested", by: caller.id), at: now)
            if changed.state == .stopped { try db.closePort(of: workload.id) }
            return changed
        }
    }

    /// Stops what runs, frees what it holds and takes the record from every list (DEV-30).
    public func delete(_ id: Identifier<Workload>, by caller: Caller) async throws {
        let now = clock.now()
        _ = try await change(id) { db in
            let workload = try db.read.workload(id, for: caller, .deleteWorkload)
            try db.setWanted(.deleted, of: workload.id)
            switch workload.state {
            case .queued, .deploying, .running:
                try db.apply(.stopWanted, to: workload, cause: Cause("delete_requested", by: caller.id), at: now)
            case .stopping: break
            case .stopped, .completed, .failed:
                if try db.read.instancesPresent(of: workload.id).isEmpty { try db.markDeleted(workload.id, at: now) }
            }
            return workload
        }
    }

    /// The next run has another flavor (DEV-27).
    public func switchFlavor(
        of id: Identifier<Workload>, to name: String, by caller: Caller
    ) async throws -> WorkloadRecord {
        var known = try await workload(id, for: caller, .startWorkload)
        guard let wanted = try await store.read({ try $0.flavor(name) }) else { throw WeirError.notFound("flavor") }
        known.spec.flavor = wanted
        try await zones.requireRoom(for: known.spec)
        return try await change(id) { db in
            var workload = try db.read.workload(id, for: caller, .startWorkload)
            try workload.state.require(.switchFlavor, for: workload.kind)
            guard let flavor = try db.read.flavor(name) else { throw WeirError.notFound("flavor") }
            workload.spec.flavor = flavor
            workload.startedBy = caller.id
            try db.read.requireQuota(of: workload)
            if case .environment(var detail) = workload.spec.detail, let ceiling = flavor.longestRun {
                detail.autoStop = min(detail.autoStop ?? ceiling, ceiling)
                workload.spec.detail = .environment(detail)
            }
            try db.setSpec(workload.spec, of: workload.id)
            return workload
        }
    }

    /// How soon its turn comes, while it waits (QUO-07). The order changes at once.
    ///
    /// Throws `priority_not_allowed` for more than the caller may ask for at a submission; `wrong_state` when it does not wait.
    public func setPriority(
        of id: Identifier<Workload>, to priority: PriorityClass, by caller: Caller
    ) async throws -> WorkloadRecord {
        let now = clock.now()
        return try await change(id) { db in
            var workload = try db.read.workload(id, for: caller, .prioritize)
            guard workload.state == .queued, workload.wanted == .running else {
                throw WeirError.wrongState("set priority", workload.state)
            }
            guard priority != workload.spec.priority ?? .normal else { return workload }
            if let role = try db.read.role(of: caller.id, in: workload.workspace) {
                try db.read.allowances(of: caller.id, in: workload.workspace).check(priority, for: role)
            }
            workload.spec.priority = priority
            try db.setPriority(workload, cause: Cause("priority_\(priority.rawValue)", by: caller.id), at: now)
            return workload
        }
    }

    /// - Parameter onIdle: what an environment runs when its people are warned that nobody uses it; empty for nothing. Only who may enter
    ///   changes it, for it runs inside.
    /// - Parameter autoStop: when a timer stops an environment: so many seconds from now while it runs, and as long a run from the next start on;
    ///   0 for never, where the flavor has no longest run (DEV-24).
    /// - Parameter ssh: whether an environment lets anybody in over SSH; holds at once (SSH-01).
    /// - Parameter openLog: whether the workspace may read the log of a personal environment; holds at once, also for who is reading it.
    ///   Only who may enter changes it, for the log tells what is done inside.
    public func edit(
        _ id: Identifier<Workload>, name: String? = nil, description: String? = nil, onIdle: String? = nil, autoStop: Int? = nil,
        ssh: Bool? = nil, openLog: Bool? = nil,
        by caller: Caller
    ) async throws -> WorkloadRecord {
        let now = clock.now()
        let newName = try name.map { try Name($0) }
        let newDescription = try description.map { try Note.checked($0) }
        let newHook = try onIdle.map { try WorkloadRules.hook($0) }
        return try await change(id) { db in
            var workload = try db.read.workload(id, for: caller, newHook == nil && openLog == nil ? .changeWorkload : .enter)
            if name != nil || description != nil || autoStop != nil || ssh != nil {
                _ = try db.read.workload(id, for: caller, .changeWorkload)
            }
            if let newHook {
                guard case .environment(var detail) = workload.spec.detail else { throw WeirError.notFound("environment") }
                detail.onIdle = newHook
                workload.spec.detail = .environment(detail)
                try db.setSpec(workload.spec, of: workload.id)
            }
            if let autoStop { try db.setAutoStop(autoStop, of: &workload, at: now) }
            if let ssh {
                guard case .environment(var detail) = workload.spec.detail else { throw WeirError.sshOnlyEnvironments() }
                detail.ssh = ssh
                workload.spec.detail = .environment(detail)
                try db.setSpec(workload.spec, of: workload.id)
            }
            if let openLog {
                guard case .environment(var detail) = workload.spec.detail else { throw WeirError.notFound("environment") }
                detail.openLog = openLog ? true : nil
                workload.spec.detail = .environment(detail)
                try db.setSpec(workload.spec, of: workload.id)
            }
            let name = try newName ?? Name(workload.name)
            workload.name = name.text
            workload.description = newDescription ?? workload.description
            try db.rename(workload, to: name, description: workload.description)
            return workload
        }
    }

    func change(
        _ id: Identifier<Workload>, _ body: @escaping @Sendable (Writing) throws -> WorkloadRecord
    ) async throws -> WorkloadRecord {
        let workload = try await store.write(body)
        signals.send(.workload(id))
        signals.changed(in: workload.workspace)
        return workload
    }
}

extension Writing {
    fileprivate func setAutoStop(_ seconds: Int, of workload: inout WorkloadRecord, at now: Timestamp) throws {
        guard case .environment(var detail) = workload.spec.detail else { throw WeirError.notFound("environment") }
        let flavor = workload.spec.flavor
        detail.autoStop = try WorkloadRules.timeLimit(seconds == 0 ? nil : seconds, flavor: flavor, field: "auto_stop")
        workload.spec.detail = .environment(detail)
        try setSpec(workload.spec, of: workload.id)
        // One that is deploying may be charged already, and has its timer then.
        guard workload.state == .running || workload.state == .deploying, let start = workload.runningSince else { return }
        let last = flavor.longestRun.map { start + .seconds($0) }
        workload.stopAt = [seconds == 0 ? nil : now + .seconds(seconds), last].compactMap { $0 }.min()
        try setStopTime(workload.stopAt, of: workload.id)
    }
}

extension Reading {
    /// A version that was deleted cannot be mounted again; what somebody keeps to themselves is mounted by nobody else, and where others
    /// enter by nobody (DAT-14).
    ///
    /// - Parameter maker: Of the workload: who was let mount what others keep to themselves by now is told where it is mounted, and no name,
    ///   which may be another since.
    func requireVersions(of spec: WorkloadSpec, madeBy maker: Identifier<Account>, for caller: Caller) throws {
        let hidden = try assetsHidden(from: caller.id, among: Set((spec.datasets + spec.models).map(\.asset)))
        guard hidden.isEmpty else {
            guard maker == caller.id || spec.isShared else { throw WeirError.ownDataMounted() }
            let places =
                spec.datasets.enumerated().filter { hidden.contains($1.asset) }.map { ContainerPaths.dataset($0.offset) }
                + spec.models.enumerated().filter { hidden.contains($1.asset) }.map { ContainerPaths.model($0.offset) }
            throw WeirError.mountedNoLongerShared(places, mayChangeMounts: spec.kind == .environment)
        }
        for mounted in spec.datasets + spec.models {
            guard try version(mounted.version, of: mounted.asset) != nil, let asset = try asset(mounted.asset) else {
                throw WeirError.versionDeleted(mounted)
            }
            guard !spec.isShared || asset.visibility == .workspace else { throw WeirError.privateInShared(mounted.asset) }
        }
    }
}

extension WeirError {
    static func ownDataMounted() -> WeirError {
        WeirError(
            "own_data_mounted", .forbidden, subject: "datasets", rule: "DAT-14",
            LocalizedText("It mounts data that somebody else keeps to themselves.", zh: "其挂载了他人仅自己可见的数据。"),
            remedy: LocalizedText(
                "Ask who made it to start it, or make one of your own with data that you may see.", zh: "请由其创建者启动，或使用您可见的数据另行创建。"))
    }

    /// To who was let mount it while it was shared.
    static func mountedNoLongerShared(_ places: [String], mayChangeMounts: Bool) -> WeirError {
        let list = places.joined(separator: ", ")
        return WeirError(
            "own_data_mounted", .forbidden, subject: "datasets", rule: "DAT-14",
            LocalizedText("What it mounts at \(list) is not shared with you any more.", zh: "其挂载于 \(list) 的数据已不再与您共享。"),
            remedy: mayChangeMounts
                ? LocalizedText(
                    "Change its mounts, or ask who keeps the data to share it with the workspace.", zh: "请更改其挂载，或请数据所有者将其设为空间可见。")
                : LocalizedText(
                    "Ask who keeps the data to share it with the workspace, or submit another with data that you may see.",
                    zh: "请数据所有者将其设为空间可见，或使用您可见的数据重新提交。"))
    }

    static func ownVariables() -> WeirError {
        WeirError(
            "own_variables", .forbidden, subject: "variables", rule: "IDW-07",
            LocalizedText("It is personal and has environment variables, which only its maker sees.", zh: "该任务为个人所有且设有环境变量，仅其创建者可见。"),
            remedy: LocalizedText(
                "Ask who made it to run it again, or submit one of your own with variables of your own.",
                zh: "请由其创建者重新运行，或自行提交并填写您自己的环境变量。"))
    }

    static func privateInShared(_ asset: Identifier<Asset>) -> WeirError {
        WeirError(
            "private_in_shared", .conflict, subject: asset.text, rule: "DAT-14",
            LocalizedText(
                "Others enter what is shared with the workspace, and \(asset) is only for who made it.",
                zh: "共享资源可由空间成员进入，而 \(asset) 仅创建者可见，不能挂载。"),
            remedy: LocalizedText(
                "Let the workspace see it first, or make this personal.", zh: "请先将其设为空间可见，或改为个人资源。"))
    }

    static func versionDeleted(_ mounted: MountedVersion) -> WeirError {
        WeirError(
            "version_deleted", .conflict, subject: mounted.asset.text, rule: "DAT-15",
            LocalizedText(
                "Version \(mounted.version) of \(mounted.asset) has been deleted.",
                zh: "\(mounted.asset) 的版本 \(mounted.version) 已被删除。"),
            remedy: LocalizedText("Submit it anew with another version.", zh: "请选择其他版本重新提交。"))
    }
}
