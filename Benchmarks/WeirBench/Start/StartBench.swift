import ArgumentParser
import Foundation
import Synchronization
import TestSupport

/// From the request to the first byte of a job's output: Weir's API, `podman run` with the same flags, Podman's socket.
struct StartBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Container start through the API against Podman without Weir.")

    @Option(help: "Rounds; the median counts.") var rounds = 7
    @Option(help: "Starts of each contender in a round; their median is the round's figure.") var starts = 3
    @Option(help: "The weir program; the one beside this one when left out.") var weir: String?

    func run() async throws {
        Build.warn()
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let program = weir ?? own.deletingLastPathComponent().appendingPathComponent("weir").path
        let folder = try TemporaryFolder("weir-bench-start")
        try await ServedWeir.with(program: program) { served in
            let peer = PeerContainer(model: try await model(served), logs: folder.path)
            var comparison = Comparison(
                title: "container start to first byte of output", unit: "ms",
                contenders: ["weir", "podman run", "podman socket", "weir, 1 GiB scratch", "of weir: answer"],
                goals: [.atMost(1.15), .atMostMore(15, than: 2)])
            for round in 0..<rounds {
                let answers = Answers()
                comparison.add([
                    try await median { _ in try start(served, "bench", answers) },
                    try await median { try peer.run("weir-bench-run-\(round)-\($0)") },
                    try await median { try peer.startBySocket("weir-bench-socket-\(round)-\($0)") },
                    try await median { _ in try start(served, "bench-scratch") }, answers.median,
                ])
            }
            comparison.show()
        }
    }

    private func median(_ measure: @escaping @Sendable (Int) throws -> Double) async throws -> Double {
        let starts = starts
        return try await Threads.run { Comparison.median(try (0..<starts).map(measure)) }
    }

    /// The first job makes the network, and shows what container its successors are.
    private func model(_ served: ServedWeir) async throws -> PeerContainer.Model {
        try await Threads.run {
            let job = try served.submit(Wire(port: ServedWeir.port), "echo up; sleep 2")
            try served.waitForOutput(of: job)
            var model = try PeerContainer.model(of: job)
            model.command = model.command.map { $0 == "echo up; sleep 2" ? "echo up" : $0 }
            try served.waitForEnd(of: job)
            return model
        }
    }

    /// How long the request itself took in each start of a round.
    private final class Answers: Sendable {
        private let times = Mutex<[Double]>([])
        var median: Double { Comparison.median(times.withLock { $0 }) }
        func add(_ time: Double) { times.withLock { $0.append(time) } }
    }

    private func start(_ served: ServedWeir, _ flavor: String, _ answers: Answers? = nil) throws -> Double {
        let wire = try Wire(port: ServedWeir.port)
        let watch = Stopwatch()
        let job = try served.submit(wire, "echo up", flavor: flavor)
        answers?.add(watch.milliseconds)
        try served.waitForOutput(of: job)
        let time = watch.milliseconds
        try served.waitForEnd(of: job)
        // What is cleared away would be paid for by the next contender.
        while try !PeerContainer.isGone(job) { usleep(20_000) }
        return time
    }
}
