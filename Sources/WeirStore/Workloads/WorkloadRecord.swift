import GRDB
public import WeirModel

/// A workload: what is wanted of it, and where it stands.
public struct WorkloadRecord: Hashable, Sendable {
    public var id: Identifier<Workload>
    public var kind: WorkloadKind
    public var workspace: Identifier<Workspace>
    public var project: Identifier<Project>
    public var name: String
    public var description: String
    public var createdBy: Identifier<Account>
    /// Who started the current run: it counts for their budget and quota.
    public var startedBy: Identifier<Account>
    public var createdAt: Timestamp
    public var spec: WorkloadSpec
    /// What the gateway shows the tool, so that nobody else on the network can use it.
    public var secret: String
    public var wanted: Wanted
    public var state: WorkloadState
    public var stateSince: Timestamp
    public var queueReason: QueueReason?
    public var failure: FailureReason?
    /// Why it was told to stop, as in its history; nil while it was not (TRN-13).
    public var stopCause: String?
    /// Counts the starts; 1 is the first.
    public var run: Int
    /// Since when this run has been running, to be charged from here (X03).
    public var runningSince: Timestamp?
    public var endedAt: Timestamp?
    /// When a timer stops this run.
    public var stopAt: Timestamp?
    /// When this run is stopped for idleness, unless it is used before; nil until its people were warned (X18).
    public var idleStopAt: Timestamp?
    /// The last time at which the kernel killed something of this run for memory.
    public var memoryKilledAt: Timestamp?

    /// What the people want; the Reconciler makes it so.
    public enum Wanted: String, Sendable {
        case running, stopped, deleted
    }

    public init(
        id: Identifier<Workload>, workspace: Identifier<Workspace>, project: Identifier<Project>, name: Name,
        description: String, createdBy: Identifier<Account>, createdAt: Timestamp, spec: WorkloadSpec, secret: String
    ) {
        self.id = id
        kind = spec.kind
        self.workspace = workspace
        self.project = project
        self.name = name.text
        self.description = description
        self.createdBy = createdBy
        startedBy = createdBy
        self.createdAt = createdAt
        self.spec = spec
        self.secret = secret
        wanted = .running
        state = .queued
        stateSince = createdAt
        queueReason = nil
        failure = nil
        stopCause = nil
        run = 1
        runningSince = nil
        endedAt = nil
        stopAt = nil
        idleStopAt = nil
        memoryKilledAt = nil
    }

    init(_ row: Row) throws {
        id = row["id"]
        kind = try row.raw("kind")
        workspace = row["workspace"]
        project = row["project"]
        name = row["name"]
        description = row["description"]
        createdBy = row["created_by"]
        startedBy = row["started_by"]
        createdAt = row["created_at"]
        spec = try row.json("spec")
        secret = row["secret"]
        wanted = try row.raw("wanted")
        state = try row.raw("state")
        stateSince = row["state_since"]
        queueReason = row["queue_reason"] == nil ? nil : try row.raw("queue_reason")
        failure = try row.jsonOrNil("failure")
        stopCause = row["stop_cause"]
        run = row["run"]
        runningSince = row["running_since"]
        endedAt = row["ended_at"]
        stopAt = row["stop_at"]
        idleStopAt = row["idle_stop_at"]
        memoryKilledAt = row["memory_killed_at"]
    }
}

/// One change of a workload's state: what a person reads to see why.
public struct TransitionRecord: Hashable, Sendable {
    /// Counts up over all workloads: the position in the stream of events.
    public var sequence: Int64
    public var workload: Identifier<Workload>
    public var workspace: Identifier<Workspace>
    public var run: Int
    public var at: Timestamp
    public var before: WorkloadState?
    public var state: WorkloadState
    public var cause: String
    /// The account that wanted it; nil when Weir did it.
    public var actor: Identifier<Account>?
    public var failure: FailureReason?
    /// What the actor said about it.
    public var reason: String?

    init(_ row: Row) throws {
        sequence = row["sequence"]
        workload = row["workload"]
        workspace = row["workspace"]
        run = row["run"]
        at = row["at"]
        before = row["before"] == nil ? nil : try row.raw("before")
        state = try row.raw("state")
        cause = row["cause"]
        actor = row["actor"]
        failure = try row.jsonOrNil("detail")
        reason = row["reason"]
    }
}

/// One start of a workload to its end: what ran, and for how long.
public struct RunRecord: Hashable, Sendable {
    public var workload: Identifier<Workload>
    public var number: Int
    public var startedBy: Identifier<Account>
    public var flavor: Flavor
    public var replicas: Int
    public var imageDigest: String
    public var tariff: Int?
    public var queuedAt: Timestamp
    public var runningAt: Timestamp?
    public var endedAt: Timestamp?
    public var outcome: WorkloadState?
    /// Fixed when it started; nil for a run from before billing.
    public var price: RunPrice?

    init(_ row: Row) throws {
        workload = row["workload"]
        number = row["number"]
        startedBy = row["started_by"]
        price = try row.jsonOrNil("price")
        flavor = try row.json("flavor")
        replicas = row["replicas"]
        imageDigest = row["image_digest"]
        tariff = row["tariff"]
        queuedAt = row["queued_at"]
        runningAt = row["running_at"]
        endedAt = row["ended_at"]
        outcome = row["outcome"] == nil ? nil : try row.raw("outcome")
    }
}

/// One container of a run.
public struct InstanceRecord: Hashable, Sendable {
    public var id: Identifier<Instance>
    public var workload: Identifier<Workload>
    public var run: Int
    /// Which of the replicas it is, from 0.
    public var position: Int
    /// Counts how often the replica was started again in this run, from 0.
    public var attempt: Int
    /// CDI names of the GPUs given to it.
    public var devices: [String]
    public var createdAt: Timestamp
    public var startedAt: Timestamp?
    public var endedAt: Timestamp?
    public var address: String?
    public var failure: FailureReason?
    /// When its container was gone from the engine.
    public var removedAt: Timestamp?
    /// The number of times that the kernel killed something of it for memory.
    public var memoryKills: Int64 = 0

    public init(
        id: Identifier<Instance>, workload: Identifier<Workload>, run: Int, position: Int, attempt: Int,
        devices: [String] = [], createdAt: Timestamp
    ) {
        self.id = id
        self.workload = workload
        self.run = run
        self.position = position
        self.attempt = attempt
        self.devices = devices
        self.createdAt = createdAt
    }

    init(_ row: Row) throws {
        id = row["id"]
        workload = row["workload"]
        run = row["run"]
        position = row["position"]
        attempt = row["attempt"]
        // Nearly all have none, and thousands are read at once.
        devices = row["devices"] == "[]" ? [] : try row.json("devices")
        createdAt = row["created_at"]
        startedAt = row["started_at"]
        endedAt = row["ended_at"]
        address = row["address"]
        failure = try row.jsonOrNil("failure")
        removedAt = row["removed_at"]
        memoryKills = row["memory_kills"] ?? 0
    }
}
