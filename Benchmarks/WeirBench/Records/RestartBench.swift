import ArgumentParser
import AsyncHTTPClient
import Foundation
import Logging
import NIOPosix
import TestSupport
import WeirModel
import WeirPlatform
import WeirStore

/// From the opening of the store to "ready" with everything that ran before known and reachable again.
struct RestartBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "A restart with many live records, to ready.")

    @Option(help: "Rounds; the median counts.") var rounds = 5
    @Option(help: "Workloads that run.") var live = 10_000

    func run() async throws {
        Build.warn()
        try await Site.with { site in
            try await Population(site: site).addRunning(live)
            var comparison = Comparison(
                title: "restart with \(live) live records to ready", unit: "ms",
                contenders: ["weir", "bare reading", "of it: open"], goals: [.absolute(atMost: 2000)])
            for _ in 0..<rounds {
                let (ready, open) = try await restart(site)
                comparison.add([ready, try await bare(site), open])
            }
            comparison.show()
        }
    }

    /// A new start on the same folder and engine, in milliseconds to ready.
    private func restart(_ site: Site) async throws -> (ready: Double, open: Double) {
        let watch = Stopwatch()
        let store = try Store(path: site.test.folder.path + "/weir.sqlite")
        let platform = try Platform(
            settings: site.platform.settings, installation: try await Installation(store: store), store: store,
            files: FileStore(
                layout: StorageLayout(root: site.test.folder.path + "/files"), pool: .singleton, tools: .singleton),
            engine: site.test.engine, client: .shared, threads: .singleton, clock: site.test.clock,
            probe: site.test.health, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        try await platform.prepare(
            flavors: [TestPlatform.small], prices: Tariff(of: [TestPlatform.small]), at: site.test.clock.now())
        let open = watch.milliseconds
        let ready = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await platform.reconciler.run() }
            defer { group.cancelAll() }
            while await !platform.reconciler.isReady { try await Task.sleep(for: .milliseconds(1)) }
            return watch.milliseconds
        }
        try store.close()
        return (ready, open)
    }

    /// The floor: the same rows read by SQLite and thrown away.
    private func bare(_ site: Site) async throws -> Double {
        let path = site.test.folder.path + "/weir.sqlite"
        return try await Threads.run {
            let watch = Stopwatch()
            let database = try RawDatabase(path: path)
            for table in ["workload WHERE state = 'running'", "instance WHERE removed_at IS NULL", "port"] {
                _ = try database.readAll("SELECT * FROM \(table)")
            }
            return watch.milliseconds
        }
    }
}
