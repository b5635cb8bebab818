/// All that decides what a workload runs: enough to run it again exactly.
public struct WorkloadSpec: Hashable, Sendable, Codable {
    public var image: PinnedImage
    public var flavor: Flavor
    /// Mounted in this order at /gemini/data-1 … 3 (DAT-11).
    public var datasets: [MountedVersion]
    /// Mounted in this order at /gemini/pretrain1 … 3 (MOD-07).
    public var models: [MountedVersion]
    public var variables: [String: String]
    public var detail: Detail
    /// How soon its turn comes; nil is normal (QUO-07).
    public var priority: PriorityClass?
    /// Chosen when it is made, and never changed; nil is personal. A board is always everybody's.
    public var access: WorkloadAccess?

    public init(
        image: PinnedImage, flavor: Flavor, datasets: [MountedVersion] = [], models: [MountedVersion] = [],
        variables: [String: String] = [:], detail: Detail, priority: PriorityClass? = nil, access: WorkloadAccess? = nil
    ) {
        self.image = image
        self.flavor = flavor
        self.datasets = datasets
        self.models = models
        self.variables = variables
        self.detail = detail
        self.priority = priority
        self.access = access
    }

    /// What only one kind of workload has.
    public enum Detail: Hashable, Sendable, Codable {
        case environment(EnvironmentDetail)
        case job(JobDetail)
        case service(ServiceDetail)
        case board(BoardDetail)
    }

    public var kind: WorkloadKind {
        switch detail {
        case .environment: .environment
        case .job: .job
        case .service: .service
        case .board: .board
        }
    }

    /// Everybody in the workspace enters it, and it mounts nothing of a person's own.
    public var isShared: Bool { access == .shared || kind == .board }

    /// Everybody in the workspace reads what it wrote: always of a job and a service, whose results the team looks at together (TRN-10);
    /// of a personal environment when its maker chose so.
    public var hasOpenLog: Bool {
        if case .environment(let environment) = detail { isShared || environment.openLog == true } else { true }
    }

    public var replicas: Int {
        if case .service(let service) = detail { service.replicas } else { 1 }
    }

    /// Seconds after which a run ends by itself: the person's choice or the flavor's ceiling, whichever is sooner (DEV-24, QUO-15).
    public var runLimit: Int? {
        let chosen: Int? =
            switch detail {
            case .environment(let environment): environment.autoStop
            case .job(let job): job.timeLimit
            case .service, .board: nil
            }
        return [chosen, flavor.longestRun].compactMap { $0 }.min()
    }

    /// The frozen code that the workload runs on; an environment works on the live code.
    public var code: TreeName? {
        switch detail {
        case .job(let job): job.code
        case .service(let service): service.code
        case .environment, .board: nil
        }
    }

    /// The trees that this workload mounts, so that none of them is removed under it.
    public var trees: [TreeName] { (datasets + models).map(\.tree) + (code.map { [$0] } ?? []) }
}

/// An image by the name that the person chose, and by the digest that it had then.
public struct PinnedImage: Hashable, Sendable, Codable {
    public var reference: String
    public var digest: String

    public init(reference: String, digest: String) {
        self.reference = reference
        self.digest = digest
    }
}

/// A version of an asset, as it is mounted.
public struct MountedVersion: Hashable, Sendable, Codable {
    public var asset: Identifier<Asset>
    public var version: Int
    public var tree: TreeName

    public init(asset: Identifier<Asset>, version: Int, tree: TreeName) {
        self.asset = asset
        self.version = version
        self.tree = tree
    }
}

public struct EnvironmentDetail: Hashable, Sendable, Codable {
    /// The tool that "enter" opens: `jupyterlab`.
    public var tool: String
    /// Seconds after which a run is stopped; nil runs until somebody stops it (DEV-24).
    public var autoStop: Int?
    /// The workspace may read the log of a personal one.
    public var openLog: Bool?
    /// Given to `/bin/sh -c` inside the environment when its people are warned that nobody uses it (X18).
    public var onIdle: String?
    /// False keeps everybody out over SSH; nil lets in whom the workspace lets in (SSH-01).
    public var ssh: Bool?

    public init(tool: String, autoStop: Int?, openLog: Bool? = nil, onIdle: String? = nil, ssh: Bool? = nil) {
        self.ssh = ssh
        self.tool = tool
        self.autoStop = autoStop
        self.openLog = openLog
        self.onIdle = onIdle
    }
}

public struct JobDetail: Hashable, Sendable, Codable {
    /// Given to `/bin/bash -c`, in /gemini/code.
    public var command: String
    public var code: TreeName
    public var timeLimit: Int?
    /// The job that this one runs again.
    public var rerunOf: Identifier<Workload>?

    public init(command: String, code: TreeName, timeLimit: Int? = nil, rerunOf: Identifier<Workload>? = nil) {
        self.command = command
        self.code = code
        self.timeLimit = timeLimit
        self.rerunOf = rerunOf
    }
}

public struct ServiceDetail: Hashable, Sendable, Codable {
    /// Counts up with each upgrade (INF-01).
    public var revision: Int
    public var command: String
    public var code: TreeName
    public var port: Int
    public var mode: PortMode
    /// Answers 2xx or 3xx when the program is ready; nil takes an open port for ready.
    public var healthPath: String?
    /// How long a replica may take to become ready, in seconds.
    public var startLimit: Int
    public var replicas: Int

    public init(
        revision: Int = 1, command: String, code: TreeName, port: Int, mode: PortMode, healthPath: String?,
        startLimit: Int, replicas: Int
    ) {
        self.revision = revision
        self.command = command
        self.code = code
        self.port = port
        self.mode = mode
        self.healthPath = healthPath
        self.startLimit = startLimit
        self.replicas = replicas
    }
}

public struct BoardDetail: Hashable, Sendable, Codable {
    /// Below /gemini/output (DEV-05, DEV-31).
    public var logPath: String

    public init(logPath: String) { self.logPath = logPath }
}

/// What the gateway speaks on an exposed port (INF-08).
public enum PortMode: String, Sendable, Codable, CaseIterable {
    case http, tcp
}
