import ArgumentParser
import Foundation
import TestSupport
import WeirModel
import WeirPlatform

/// A full hour of everything that runs: the look at the engine, the charges, the balances and the warnings.
struct TickBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tick", abstract: "The settlement of an hour over many running workloads.")

    @Option(help: "Rounds; the median counts.") var rounds = 5
    @Option(help: "Workloads that run.") var live = 10_000

    func run() async throws {
        Build.warn()
        try await Site.with { site in
            try await site.test.setBalance(1_000_000_000, of: site.tenant.workspace)
            try await Population(site: site).addRunning(live)
            var comparison = Comparison(
                title: "settlement of an hour over \(live) running workloads", unit: "ms", contenders: ["weir"],
                goals: [.absolute(atMost: 500)])
            for _ in 0..<rounds {
                try await ageRuns(site)
                let before = site.platform.settlementCounts.settled.charges
                let watch = Stopwatch()
                try await site.platform.settlement.settleHour()
                let time = watch.milliseconds
                let charges = site.platform.settlementCounts.settled.charges - before
                guard charges >= live else { throw Tool.Failure(description: "\(charges) charges in place of \(live)") }
                comparison.add([time])
            }
            comparison.show()
        }
    }

    /// All that runs has run an hour longer, as if the clock had been set back meanwhile; its start stays where it was.
    private func ageRuns(_ site: Site) async throws {
        let path = site.test.folder.path + "/weir.sqlite"
        try await Threads.run {
            let database = try RawDatabase(path: path)
            try database.execute("UPDATE run SET clock_steps = clock_steps - 3600000; PRAGMA wal_checkpoint(TRUNCATE)")
        }
    }
}
