public import WeirModel
public import WeirStore

/// Inference behind an external port (INF-01..09).
public struct Services: Sendable {
    public static let startLimits = 5...3600
    let submissions: Submissions

    public struct Program: Sendable {
        public var command: String
        public var port: Int
        public var mode: PortMode
        public var healthPath: String?
        /// Seconds until a replica must answer.
        public var startLimit: Int
        public var replicas: Int

        public init(
            command: String, port: Int, mode: PortMode = .http, healthPath: String? = nil, startLimit: Int = 300,
            replicas: Int = 1
        ) {
            self.command = command
            self.port = port
            self.mode = mode
            self.healthPath = healthPath
            self.startLimit = startLimit
            self.replicas = replicas
        }
    }

    /// Starts a service, and gives it its external port in the same step (INF-04).
    public func create(
        _ submission: Submission, _ program: Program, in project: Identifier<Project>, key: IdempotencyKey? = nil,
        by caller: Caller
    ) async throws -> WorkloadRecord {
        let command = try WorkloadRules.command(program.command)
        let port = try WorkloadRules.port(program.port)
        let replicas = try WorkloadRules.replicas(program.replicas)
        guard Self.startLimits.contains(program.startLimit) else {
            throw WeirError.malformed("start_limit", "5 to 3600 seconds", rule: "INF-10")
        }
        if let path = program.healthPath {
            guard program.mode == .http, path.hasPrefix("/"), path.utf8.count <= 1024,
                path.utf8.allSatisfy({ (33...126).contains($0) })
            else { throw WeirError.malformed("health_path", "a path that begins with /, on an HTTP port", rule: "INF-10") }
        }
        try await submissions.store.read { db in
            let project = try db.project(project, for: caller, .createWorkload)
            try db.requireCommitment(of: caller, in: project.workspace)
        }
        return try await submissions.submit(
            submission, kind: .service, in: project, code: .snapshot, exposed: true, key: key, by: caller
        ) { _, tree in
            .service(
                ServiceDetail(
                    command: command, code: tree, port: port, mode: program.mode, healthPath: program.healthPath,
                    startLimit: program.startLimit, replicas: replicas))
        }
    }

    /// Gives a running service an external port again after its port was released (INF-07).
    public func openPort(of id: Identifier<Workload>, by caller: Caller) async throws -> PortRecord {
        let now = submissions.clock.now()
        let ports = submissions.ports
        let port = try await submissions.store.write { db in
            let workload = try db.read.workload(id, for: caller, .startWorkload)
            guard workload.kind == .service else { throw WeirError.notFound("service") }
            guard !workload.state.isFinal else { throw WeirError.wrongState("open_port", workload.state) }
            try db.read.requireCommitment(of: caller, in: workload.workspace)
            let port = try db.openPort(for: id, in: ports, at: now)
            try db.record(.portOpened, workload, port: port.number, by: caller, at: now)
            return port
        }
        submissions.signals.send(.workload(id))
        return port
    }

    public func closePort(of id: Identifier<Workload>, by caller: Caller) async throws {
        let now = submissions.clock.now()
        try await submissions.store.write { db in
            let workload = try db.read.workload(id, for: caller, .stopWorkload)
            guard let port = try db.read.port(of: workload.id) else { return }
            try db.closePort(of: workload.id)
            try db.record(.portClosed, workload, port: port.number, by: caller, at: now)
        }
        submissions.signals.send(.workload(id))
    }
}
