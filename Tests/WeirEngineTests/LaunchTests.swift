import Foundation
import TestSupport
import Testing
import WeirEngine
import WeirModel

@Suite("Launch and end")
struct LaunchTests {
    @Test("an instance runs its command with its environment and its log tells what it wrote")
    func runs() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("echo \"$GREETING $(hostname) $(pwd)\"; echo oops >&2; sleep 30", hostName: "rank0")
            let seen = try await test.engine.launch(launch)
            #expect(seen.phase == .running)
            #expect(seen.address?.isEmpty == false)
            #expect(seen.startedAt != nil)
            #expect(try await test.wrote("oops", launch).contains("hello rank0 /root"))
            #expect(try await test.engine.observe() == [seen])
        }
    }

    @Test("the exit code tells how an instance ended (TRN-13)")
    func endings() async throws {
        try await TestEngine.with { test in
            let workspace = test.workspace()
            let endings: [(script: String, phase: Observation.Phase)] = [
                ("exit 0", .succeeded), ("exit 3", .failed(.exit(code: 3))), ("kill -SEGV $$", .failed(.signal(11))),
                ("kill -KILL $$", .failed(.signal(9))),
            ]
            for (script, phase) in endings {
                let launch = test.launch(script, in: workspace)
                _ = try await test.engine.launch(launch)
                let ended = try await test.ended(launch.instance)
                #expect(ended.phase == phase)
                #expect(ended.endedAt != nil && ended.address == nil)
            }
        }
    }

    @Test("an instance that used up its memory is told apart from one that was killed (X24)")
    func outOfMemory() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("x=aaaaaaaa; while true; do x=$x$x; done", memory: .mib(32))
            _ = try await test.engine.launch(launch)
            #expect(try await test.ended(launch.instance).phase == .failed(.outOfMemory(limit: .mib(32))))
        }
    }

    @Test("an instance that finds no room on the disk is told so, with what to do, and leaves nothing behind (hostile 6)")
    func full() async throws {
        try await TestEngine.with(reserve: .gib(1 << 20)) { test in
            let launch = test.launch("true", scratch: .mib(16))
            let failure = await #expect(throws: LaunchFailure.self) { try await test.engine.launch(launch) }
            #expect(failure?.reason == .storageFull && failure?.reason.code == "storage_full")
            let seen = try await test.engine.observe(launch.instance)
            #expect(seen == nil)
            #expect(!FileManager.default.fileExists(atPath: "\(test.configuration.scratchFolder)/\(launch.instance)"))
        }
    }

    @Test(
        "a child that was killed for memory is told: in the log while its parent goes on, and as the reason when that fails for it (F12, TRN-13)"
    )
    func outOfMemoryOfAChild() async throws {
        try await TestEngine.with { test in
            let script = "(x=aaaaaaaa; while true; do x=$x$x; done); echo child $?; while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 3"
            let launch = test.launch(script, memory: .mib(32))
            _ = try await test.engine.launch(launch)
            let output = try await test.wrote("Out of memory: the kernel killed a process", launch)
            #expect(output.contains("child 137") && output.contains("内存不足"))
            #expect(try await test.engine.usage(of: launch.instance)?.memoryKills ?? 0 >= 1)
            _ = try await test.engine.run(["touch", "/tmp/go"], in: launch.instance)
            let seen = try await test.ended(launch.instance)
            #expect(seen.phase == .failed(.outOfMemory(limit: .mib(32))))
            #expect(seen.memoryKills >= 1)
        }
    }

    @Test("a program that does without the child that was killed for memory ends well, and what was killed is known (F12)")
    func outOfMemoryWithoutHarm() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("(x=aaaaaaaa; while true; do x=$x$x; done); exit 0", memory: .mib(32))
            _ = try await test.engine.launch(launch)
            let seen = try await test.ended(launch.instance)
            #expect(seen.phase == .succeeded && seen.memoryKills >= 1)
            let quiet = test.launch("exit 3", memory: .mib(32))
            _ = try await test.engine.launch(quiet)
            #expect(try await test.ended(quiet.instance).memoryKills == 0)
        }
    }

    @Test("what an instance receives is counted as use of its network (F2)")
    func network() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("nc -l -p 9000 > /dev/null; sleep 60")
            let seen = try await test.engine.launch(launch)
            let before = try #require(try await test.engine.usage(of: launch.instance)?.network)
            let address = try #require(seen.address)
            let sent = try await test.engine.run(
                ["sh", "-c", "while ! busybox netstat -ltn | grep -q :9000; do sleep 0.02; done"], in: launch.instance)
            #expect(sent.exitCode == 0)
            let wire = try await Wire.connect(to: 9000, at: address)
            try await wire.send(String(repeating: "x", count: 1 << 20))
            var after = before
            let deadline = ContinuousClock.now + .seconds(30)
            while after < before + 1 << 20, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(20))
                after = try #require(try await test.engine.usage(of: launch.instance)?.network)
            }
            #expect(after >= before + 1 << 20)
        }
    }

    @Test("a missing image, a wrong command and a missing folder are refused with a reason that a person understands")
    func refusals() async throws {
        try await TestEngine.with { test in
            let workspace = test.workspace()
            var launch = test.launch("true", in: workspace)
            launch.image = "localhost/weir-test/nothing:1"
            await #expect(throws: LaunchFailure(.imageMissing("localhost/weir-test/nothing:1"))) {
                try await test.engine.launch(launch)
            }
            launch = test.launch("true", in: workspace, mounts: [.init(source: "/nowhere/at/all", target: "/data", writable: false)])
            let failure = await #expect(throws: LaunchFailure.self) { try await test.engine.launch(launch) }
            guard case .startRefused(let detail) = failure?.reason else {
                Issue.record("not refused: \(String(describing: failure))")
                return
            }
            #expect(detail.contains("/nowhere/at/all"))
            #expect(try await test.engine.observe(launch.instance) == nil)

            launch = test.launch("", in: workspace)
            launch.command = ["no-such-program", "--flag"]
            do {
                _ = try await test.engine.launch(launch)
                let phase = try await test.ended(launch.instance).phase
                guard case .failed(.startRefused) = phase else {
                    Issue.record("not refused: \(phase), having written: \(try await test.output(launch))")
                    return
                }
            } catch let failure as LaunchFailure {
                guard case .startRefused = failure.reason else {
                    Issue.record("not refused: \(failure)")
                    return
                }
            }
        }
    }

    @Test("a second launch adopts the instance, also from another engine of the installation")
    func adoption() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("sleep 60")
            let first = try await test.engine.launch(launch)
            #expect(try await test.engine.launch(launch) == first)
            let again = test.again()
            let second = try await again.launch(launch)
            let all = try await again.observe()
            try await again.shutdown()
            #expect(second == first)
            #expect(all.count == 1)
        }
    }

    @Test("a stop asks first, ends it when the grace is over, and can be repeated")
    func stop() async throws {
        try await TestEngine.with { test in
            let workspace = test.workspace()
            let polite = test.launch("trap 'echo bye; exit 0' TERM; echo ready; while true; do sleep 0.05; done", in: workspace)
            let deaf = test.launch("trap '' TERM; echo ready; while true; do sleep 0.05; done", in: workspace)
            for launch in [polite, deaf] {
                _ = try await test.engine.launch(launch)
                _ = try await test.wrote("ready", launch)
            }
            try await test.engine.stop(polite.instance, grace: .seconds(10))
            #expect(try await test.engine.observe(polite.instance)?.phase == .succeeded)
            #expect(try await test.output(polite).contains("bye"))
            let began = ContinuousClock.now
            try await test.engine.stop(deaf.instance, grace: .seconds(1))
            #expect(ContinuousClock.now - began > .milliseconds(900))
            #expect(try await test.engine.observe(deaf.instance)?.phase == .failed(.signal(9)))
            try await test.engine.stop(deaf.instance, grace: .seconds(1))
            for launch in [polite, deaf] {
                try await test.engine.remove(launch.instance)
                try await test.engine.remove(launch.instance)
                try await test.engine.stop(launch.instance, grace: .seconds(1))
                #expect(try await test.engine.observe(launch.instance) == nil)
            }
        }
    }

    @Test("an end is told as it happens")
    func changes() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("sleep 2")
            let changes = test.engine.changes()
            // The stream of events may still be opening: the instance is started until it has been heard of.
            _ = try await test.engine.launch(launch)
            let heard = await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    for await instance in changes where instance == launch.instance { return true }
                    return false
                }
                group.addTask {
                    try? await Task.sleep(for: .seconds(20))
                    return false
                }
                let first = await group.next() ?? false
                group.cancelAll()
                return first
            }
            #expect(heard)
        }
    }
}
