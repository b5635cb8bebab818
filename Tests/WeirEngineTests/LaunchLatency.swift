import Foundation
import TestSupport
import Testing
import WeirEngine
import WeirModel

/// Not a test of behaviour: prints the time from the call of `launch` to the first byte in the log.
@Suite("Latency", .enabled(if: ProcessInfo.processInfo.environment["WEIR_MEASURE"] != nil), .serialized)
struct LaunchLatency {
    @Test("launch to first log byte", arguments: [Bytes(0), .mib(64)])
    func launch(scratch: Bytes) async throws {
        try await TestEngine.with { test in
            let workspace = test.workspace()
            var times: [Duration] = []
            for round in 0..<12 {
                let launch = test.launch("echo up; exec sleep 60", in: workspace, scratch: scratch)
                let began = ContinuousClock.now
                async let seen = test.engine.launch(launch)
                let log = InstanceLog(path: launch.logFile)
                while try await log.size() == 0 { try await Task.sleep(for: .milliseconds(1)) }
                let time = ContinuousClock.now - began
                _ = try await seen
                // The first makes the network.
                if round > 0 { times.append(time) }
                try await test.engine.remove(launch.instance)
            }
            times.sort()
            print("launch, scratch \(scratch): median \(times[times.count / 2]), least \(times[0])")
        }
    }
}
