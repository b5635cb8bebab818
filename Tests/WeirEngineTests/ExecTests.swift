import Foundation
import Glibc
import TestSupport
import Testing
import WeirEngine
import WeirModel

@Suite("Commands and terminals in an instance")
struct ExecTests {
    @Test("a command runs in the instance and gives back its exit code and both outputs")
    func run() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("sleep 60")
            _ = try await test.engine.launch(launch)
            let result = try await test.engine.run(["sh", "-c", "echo out; echo err >&2; exit 5"], in: launch.instance)
            #expect(result.exitCode == 5)
            #expect(result.output.contains("out\n") && result.output.contains("err\n"))
            let much = try await test.engine.run(["dd", "if=/dev/zero", "bs=1M", "count=3"], in: launch.instance)
            #expect(much.output.utf8.count <= 1 << 20)
            try await test.engine.stop(launch.instance, grace: .zero)
            await #expect(throws: WeirError.self) { try await test.engine.run(["true"], in: launch.instance) }
        }
    }

    @Test("a command asked for while the instance ends runs, or is told that the instance is not running")
    func ending() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("sleep 60")
            _ = try await test.engine.launch(launch)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        while true {
                            do {
                                _ = try await test.engine.run(["true"], in: launch.instance)
                            } catch let error as WeirError {
                                #expect(error.code == "instance_not_running")
                                return
                            }
                        }
                    }
                }
                // PID 1 ignores the signal: the instance is stopping for as long as the grace.
                group.addTask { try await test.engine.stop(launch.instance, grace: .seconds(1)) }
                try await group.waitForAll()
            }
        }
    }

    @Test("processes are told by their numbers inside of the instance, without ps in the image", .timeLimit(.minutes(1)))
    func processes() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("sleep 333 & echo up; wait")
            _ = try await test.engine.launch(launch)
            _ = try await test.wrote("up", launch)
            // The shell says "up" when its child is forked, which may be before the child becomes `sleep`.
            var found: [InstanceProcess] = []
            while !found.contains(where: { $0.command == "sleep 333" }) {
                found = try await test.engine.processes(in: launch.instance)
            }
            let sleeping = try #require(found.first { $0.command == "sleep 333" })
            let parent = try #require(found.first { $0.pid == sleeping.parent })
            #expect(parent.command.hasPrefix("sh -c"))
            #expect(sleeping.pid < 100 && sleeping.memory > 0 && sleeping.elapsedSeconds < 60)
        }
    }

    @Test("a terminal shows what is typed, follows its size, and ends with its command")
    func terminal() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("sleep 60")
            _ = try await test.engine.launch(launch)
            let terminal = try await test.engine.terminal(
                ["sh"], in: launch.instance, size: TerminalSize(columns: 90, rows: 20))
            var screen = ""
            var typed = 0
            let script = ["stty size\n", "stty size; echo a$((40+2))z\n", "exit\n"]
            try await terminal.write(Array(script[0].utf8))
            for try await bytes in terminal.output {
                screen += String(decoding: bytes, as: UTF8.self)
                if typed == 0 && screen.contains("20 90") {
                    typed = 1
                    try await terminal.resize(TerminalSize(columns: 132, rows: 50))
                    try await terminal.write(Array(script[1].utf8))
                }
                if typed == 1 && screen.contains("a42z") {
                    typed = 2
                    try await terminal.write(Array(script[2].utf8))
                }
            }
            #expect(typed == 2)
            #expect(screen.contains("50 132"))
        }
    }

    @Test("a command holds nothing that Weir listens at or has open: a Weir that is killed leaves its ports free (review 15)")
    func inheritance() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("sleep 60")
            _ = try await test.engine.launch(launch)
            // As NIO makes them: whatever is run inherits them.
            let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(listening) }
            #expect(listen(listening, 1) == 0)
            var status = stat()
            #expect(fstat(listening, &status) == 0)
            let place = try await test.engine.commands(in: launch.instance)
            let command = try place.start(CommandStart(["sh", "-c", "echo up; exec sleep 50"]))
            defer { command.close() }
            var one = pollfd(fd: command.output, events: Int16(POLLIN), revents: 0)
            #expect(poll(&one, 1, 20_000) == 1)
            let file = "socket:[\(status.st_ino)]"
            // What another test just starts holds everything until the program is there.
            let deadline = ContinuousClock.now + .seconds(20)
            for child in children(of: getpid()) {
                while holds(file, child), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
                #expect(!holds(file, child), "\(child)")
            }
        }
    }

    private func holds(_ file: String, _ process: String) -> Bool {
        let held = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")) ?? []
        return held.contains { (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\($0)")) == file }
    }

    private func children(of process: pid_t) -> [String] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return tasks.flatMap { task in
            let file = try? FileHandle(forReadingFrom: URL(filePath: "/proc/\(process)/task/\(task)/children"))
            let text = (try? file?.readToEnd()).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) } ?? ""
            return text.split(separator: " ").map(String.init)
        }
    }

    @Test("closing a terminal hangs its command up")
    func hangUp() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("sleep 60")
            _ = try await test.engine.launch(launch)
            let terminal = try await test.engine.terminal(
                ["sh"], in: launch.instance, size: TerminalSize(columns: 80, rows: 24))
            try await terminal.write(Array("echo b$((1+1))c; sleep 444\n".utf8))
            var screen = ""
            for try await bytes in terminal.output {
                screen += String(decoding: bytes, as: UTF8.self)
                if screen.contains("b2c") { break }
            }
            await terminal.close()
            let deadline = ContinuousClock.now + .seconds(10)
            var left = true
            while left, ContinuousClock.now < deadline {
                left = try await test.engine.processes(in: launch.instance).contains { $0.command == "sh" }
                if left { try await Task.sleep(for: .milliseconds(30)) }
            }
            #expect(!left)
        }
    }
}
