import WeirModel
import WeirPlatform
import WeirStore

/// A workload of any kind as the API shows it, at one moment and in one language.
struct WorkloadView: JSONConvertible {
    let workload: WorkloadRecord
    let viewer: Caller
    /// Of the viewer in the workload's workspace.
    let role: Role?
    let people: People
    let port: PortView?
    /// The last run with its price; nil for one that is free.
    let run: PricedRun?
    /// What is mounted of which the viewer is not to know (DAT-14).
    let hidden: Set<Identifier<Asset>>
    let now: Timestamp
    let language: Language

    var json: JSON {
        let spec = workload.spec
        let common: JSON = [
            "id": workload.id, "kind": workload.kind, "workspace": workload.workspace, "project": workload.project,
            "name": workload.name, "description": workload.description, "state": workload.state,
            "state_since": workload.stateSince, "operations": operations, "rights": rights, "queue": queue,
            "failure": workload.failure?.json(in: language), "stop_cause": stopCause, "starts_again": workload.startsAgain,
            "run": workload.run,
            "access": spec.isShared ? WorkloadAccess.shared : .personal,
            "created_by": people.json(of: workload.createdBy), "created_at": workload.createdAt,
            "started_by": people.json(of: workload.startedBy),
            "running_since": workload.runningSince, "ended_at": workload.endedAt, "stop_at": workload.stopAt,
            "idle_stop_at": workload.idleStopAt, "memory_killed_at": workload.memoryKilledAt,
            "remaining_seconds": remainingSeconds, "running_seconds": runningSeconds, "price_per_hour": pricePerHour,
            "cost": cost,
        ]
        let definition: JSON = [
            "image": ["reference": spec.image.reference, "digest": spec.image.digest] as JSON, "flavor": spec.flavor,
            "replicas": spec.replicas, "priority": spec.priority ?? .normal, "datasets": mounts(spec.datasets, at: ContainerPaths.dataset),
            "models": mounts(spec.models, at: ContainerPaths.model),
            // Tokens and passwords of who works in it are among them.
            "variables": rights.contains(.enter) ? spec.variables : nil, "port": port,
            "keeps": [
                "kept": Persistence.kept.filter { path in spec.mounts().contains { $0.target == path && $0.writable } },
                "lost": Persistence.lost(spec.kind)[language],
                "kept_when_deleted": Persistence.keptWhenDeleted[language], "lost_when_deleted": Persistence.lostWhenDeleted[language],
                "whose": spec.kind == .board ? nil : Persistence.whose(spec.isShared)[language],
            ] as JSON,
        ]
        return common.adding(definition).adding(detail)
    }

    /// What only one kind has, under the kind's name.
    private var detail: JSON {
        switch workload.spec.detail {
        case .environment(let environment):
            [
                "environment": [
                    "tool": environment.tool, "auto_stop": environment.autoStop, "open_log": workload.spec.hasOpenLog,
                    "ssh": environment.ssh ?? true,
                    // It is run inside, and says what somebody works on.
                    "on_idle": rights.contains(.enter) ? environment.onIdle : nil,
                ] as JSON
            ]
        case .job(let job):
            [
                "job": [
                    "command": job.command, "code": job.code, "time_limit": job.timeLimit, "rerun_of": job.rerunOf,
                ] as JSON
            ]
        case .service(let service):
            [
                "service": [
                    "revision": service.revision, "command": service.command, "code": service.code,
                    "port": service.port, "mode": service.mode, "health_path": service.healthPath,
                    "start_limit": service.startLimit,
                ] as JSON
            ]
        case .board(let board): ["board": ["log_path": board.logPath] as JSON]
        }
    }

    private var operations: [WorkloadOperation] { role.map { workload.operations(for: viewer.id, $0) } ?? [] }

    private var rights: [WorkloadRight] { WorkloadRight.of(viewer, role, to: workload) }

    private var queue: JSON {
        guard workload.state == .queued, let reason = workload.queueReason else { return .null }
        return ["reason": reason, "message": reason.message[language]]
    }

    /// Why it was stopped, where nobody asked for it on this page.
    private var stopCause: JSON {
        guard workload.state == .stopping || workload.state == .stopped, let code = workload.stopCause else { return .null }
        return ["code": code, "message": LocalizedText.cause(code)[language], "remedy": LocalizedText.remedy(ofStop: code)?[language]]
    }

    private var remainingSeconds: Int64? {
        guard !workload.state.isFinal, let stopAt = [workload.stopAt, workload.idleStopAt].compactMap({ $0 }).min() else { return nil }
        return max((stopAt - now).milliseconds / 1000, 0)
    }

    private var runningSeconds: Int64 {
        guard let start = workload.runningSince else { return 0 }
        return max(((workload.endedAt ?? now) - start).milliseconds / 1000, 0)
    }

    /// Nil for what is free; an amount that no balance could hold was refused before.
    private var pricePerHour: Points? { run.flatMap { try? $0.price.amount(minutes: 60) } }

    private var cost: Points? {
        run.flatMap { try? $0.cost(at: now, RunIdentity(workload: workload.id, number: workload.run)) }
    }

    private func mounts(_ versions: [MountedVersion], at path: (Int) -> String) -> [JSON] {
        versions.enumerated().map { position, mounted in
            let isHidden = hidden.contains(mounted.asset)
            return ["asset": isHidden ? nil : mounted.asset, "version": isHidden ? nil : mounted.version, "path": path(position)]
        }
    }
}
