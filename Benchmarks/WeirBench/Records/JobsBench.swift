import ArgumentParser
import Foundation
import Synchronization
import TestSupport
import WeirModel
import WeirPlatform
import WeirStore

/// The durable creation of a job's record: Weir's store against a bare SQLite loop that commits in groups.
struct JobsBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Durable creation of a job record by many clients against a bare SQLite loop.")

    @Option(help: "Rounds; the median counts.") var rounds = 5
    @Option(help: "Seconds of each measurement.") var seconds = 3
    @Option(help: "Clients that each create one job after the other.") var clients = 64

    func run() async throws {
        Build.warn()
        try await Site.with { site in
            let folder = try TemporaryFolder("weir-bench-jobs")
            // Weir makes the tables, so that both write the same rows into the same indexes.
            try Store(path: folder.path + "/bare.sqlite").close()
            try Store(path: folder.path + "/alone.sqlite").close()
            let bare = BareCommitter(path: folder.path + "/bare.sqlite")
            var comparison = Comparison(
                title: "durable creation of a job record, \(clients) clients", unit: "jobs/s",
                contenders: ["weir store", "bare loop", "loop, no clients", "weir API"], goals: [.atLeast(0.5)])
            for _ in 0..<rounds {
                comparison.add([
                    try await store(site), try await loop(bare, site), try await alone(folder.path + "/alone.sqlite", site),
                    try await api(site),
                ])
            }
            comparison.show()
            await bare.end()
        }
    }

    private func store(_ site: Site) async throws -> Double {
        let store = site.platform.store
        let cause = Cause("submitted", by: site.tenant.caller.id)
        let tariffs = site.platform.tariffs
        return try await rate {
            let (record, name) = try site.job()
            let price = try PreparedPrice(record.spec, try await tariffs.inForce(at: record.createdAt))
            let new = try NewWorkload(record, name: name, price: price)
            try await store.write { try $0.insert(new, cause: cause) }
        }
    }

    private func loop(_ bare: BareCommitter, _ site: Site) async throws -> Double {
        let rows = try JobRows(like: site)
        return try await rate { try await bare.commit(rows.next(at: site.test.clock.now())) }
    }

    /// The loop with as many rows in each transaction as there are clients, and nobody to wait for.
    private func alone(_ path: String, _ site: Site) async throws -> Double {
        let rows = try JobRows(like: site)
        let (clients, seconds, clock) = (clients, Double(seconds), site.test.clock)
        return try await Threads.run {
            let writer = try JobWriter(path: path)
            let watch = Stopwatch()
            var count = 0
            while watch.seconds < seconds {
                try writer.commit((0..<clients).map { _ in rows.next(at: clock.now()) })
                count += clients
            }
            return Double(count) / watch.seconds
        }
    }

    private func api(_ site: Site) async throws -> Double {
        let (port, project, authorization, seconds) = (site.port, site.tenant.project, site.authorization, Double(seconds))
        let watch = Stopwatch()
        let counts = try await Threads.run(clients) { client in
            let wire = try Wire(port: port)
            var count = 0
            while watch.seconds < seconds {
                let name = "api-\(client)-\(count)-\(UInt32.random(in: 0 ... .max))"
                try wire.need(
                    "POST", "/api/v1/projects/\(project)/jobs", [authorization],
                    json: #"{"name":"\#(name)","image":"weir/notebook","flavor":"small","command":"python train.py"}"#)
                count += 1
            }
            return count
        }
        return Double(counts.reduce(0, +)) / watch.seconds
    }

    /// How often in a second `create` returns, called by all clients at once.
    private func rate(_ create: @escaping @Sendable () async throws -> Void) async throws -> Double {
        let watch = Stopwatch()
        let limit = Double(seconds)
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<clients {
                group.addTask {
                    var count = 0
                    while watch.seconds < limit {
                        try await create()
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(count) / watch.seconds
    }
}
