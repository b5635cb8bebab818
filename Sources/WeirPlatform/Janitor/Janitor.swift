import Logging
public import ServiceLifecycle
import WeirModel
import WeirStore

/// Frees what nobody needs any more, and keeps what is counted in memory.
public struct Janitor: Service {
    /// An upload that nobody went on with.
    static let uploadLimit = Duration.seconds(7 * 86_400)
    /// So long somebody who did not hear the last answer is told that all of an upload has come.
    static let finishedUploadsKept = Duration.seconds(86_400)
    /// What is younger may belong to something that is being written right now.
    static let youngFiles = Duration.seconds(3600)

    /// The record of scheduling is kept for so long.
    static let schedulingKept = Duration.seconds(90 * 86_400)

    let store: Store
    let files: FileStore
    let clock: any WallClock
    let routes: RouteTable
    let signals: WorkloadSignals
    let portIdleLimit: Duration
    let departures: Departures
    let closings: Closings
    let logger: Logger

    public func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await every(.seconds(30), "ports") { try await lookAfterPorts() } }
                group.addTask { await every(.seconds(3600), "sweep") { try await sweep() } }
                group.addTask { await files.clearGravesForever(logger: logger) }
                group.addTask {
                    await every(.seconds(15), "leaving") {
                        try await departures.tick()
                        try await closings.tick()
                    }
                }
            }
        }
        // What was counted since the last round must not be lost by an orderly end.
        try await saveCounters()
    }

    private func every(_ interval: Duration, _ name: String, _ body: () async throws -> Void) async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: interval) } catch { return }
            do {
                try await body()
            } catch {
                logger.error("a round of cleaning failed", metadata: ["round": "\(name)", "error": "\(error)"])
            }
        }
    }

    /// Writes the counters of the ports down, and releases those that nobody has used (INF-07).
    public func lookAfterPorts() async throws {
        try await saveCounters()
        let now = clock.now()
        let released = try await store.write { db in
            let idle = try db.read.ports().filter { $0.activeAt <= now - portIdleLimit }
            for port in idle {
                guard let workload = try db.read.workload(port.workload) else { continue }
                try db.releasePort(of: workload, cause: Cause("port_released"), at: now)
                try db.addNotice(
                    "port_released", key: "port/\(workload.id)/\(port.number)/\(port.openedAt.milliseconds)", to: workload.workspace,
                    subject: workload.id.text, Self.released(port, of: workload, after: portIdleLimit), at: now)
            }
            return idle
        }
        for port in released {
            logger.info(
                "an idle port was released", metadata: ["port": "\(port.number)", "workload": "\(port.workload)"])
            signals.send(.workload(port.workload))
        }
        for workspace in Set(try await store.read { db in try released.compactMap { try db.workload($0.workload)?.workspace } }) {
            signals.changed(in: workspace)
        }
    }

    private static func released(_ port: PortRecord, of workload: WorkloadRecord, after limit: Duration) -> LocalizedText {
        let hours = limit.milliseconds / 3_600_000
        return LocalizedText(
            "The external port \(port.number) of the service \(workload.name) was released: nobody called it for \(hours) h. The service goes on, and costs; open a port again on its page.",
            zh: "服务 \(workload.name) 的外部端口 \(port.number) 已 \(hours) 小时无访问，已被释放。服务仍在运行并计费；可在其页面重新开放端口。")
    }

    private func saveCounters() async throws {
        try await store.write { db in
            for port in try db.read.ports() {
                guard let open = routes.port(port.number), open.route.workload == port.workload else { continue }
                let count = open.traffic.count
                try db.setTraffic(
                    port: port.number, of: port.workload, activeAt: count.activeAt, requests: count.requests,
                    errors: count.errors)
            }
        }
    }

    /// Forgets what has expired, and frees the disk of what was deleted.
    public func sweep() async throws {
        let now = clock.now()
        let stale = try await store.write { db in
            try db.removeSessions(expiredBefore: now)
            try db.forgetKeys(before: now - IdempotencyKey.kept)
            try db.forgetScheduling(before: now - Self.schedulingKept)
            try db.forgetFinishedUploads(before: now - Self.finishedUploadsKept)
            let uploads = try db.read.uploads(createdBefore: now - Self.uploadLimit)
            let stored = try uploads.compactMap { upload in
                try db.read.workspace(keeping: upload.unit).map { StoredUpload(upload.id, in: $0) }
            }
            for upload in uploads { try db.remove(upload.id) }
            return stored
        }
        routes.forgetLogins(endedBefore: now)
        for upload in stale { try await files.discard(upload) }
        let (trees, projects, assets) = try await store.read { db in
            let since = now - Self.uploadLimit
            return (try db.treesInUse(), try db.projects(deletedSince: since), try db.assets(deletedSince: since))
        }
        for (asset, workspace) in assets { try await files.discardDraft(of: asset, in: workspace) }
        for (project, workspace) in projects {
            for folder in [StoredFolder.code(project, in: workspace), .output(project, in: workspace), .jobs(project, in: workspace)] {
                try await files.remove(folder)
            }
        }
        var freed = Collected()
        for workspace in try await files.workspaces() {
            freed += try await files.collect(in: workspace, keeping: trees, olderThan: now - Self.youngFiles)
        }
        logger.info(
            "swept", metadata: ["trees": "\(freed.trees)", "contents": "\(freed.contents)", "freed": "\(freed.freed)"])
    }
}
