import Foundation
import Synchronization
import TestSupport
import Testing
import WeirModel
@testable import WeirPlatform

@Suite("Cloning code")
struct GitCloneTests {
    /// A real server on loopback over the repositories below `folder`; ended with the body.
    private func serving(_ folder: String, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        let port = Int.random(in: 20_000..<30_000)
        let program = ChildProgram(
            path: "/usr/bin/git",
            arguments: [
                "-c", "safe.directory=*", "daemon", "--listen=127.0.0.1", "--port=\(port)", "--export-all",
                "--base-path=\(folder)", "--verbose", folder,
            ],
            environment: [
                "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
            ],
            folder: try OpenFolder(trusted: folder), timeLimit: .seconds(120))
        let (ready, line) = AsyncStream<String>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try await ChildProcess(program: program, pool: StorageBench.servers).run(errors: { line.yield($0) })
                line.finish()
            }
            for await text in ready where text.contains("Ready") { break }
            try await body(port)
            group.cancelAll()
        }
    }

    private func repository(_ folder: String) async throws {
        let script = """
            set -e; git init -q -b main '\(folder)/work'; cd '\(folder)/work'; echo 'print(1)' > main.py; mkdir d; ln -s ../main.py d/l
            ln -s /gemini/data-1 data; echo x > run.sh; chmod 755 run.sh; git add -A
            git -c user.name=a -c user.email=a@b commit -q -m first; git clone -q --bare . '\(folder)/code.git'
            """
        #expect(try await run("/bin/sh", "-c", script) == 0)
    }

    @Test("code is cloned into a project with its history, and its files are root's (PRJ-08)")
    func clone() async throws {
        let bench = try await StorageBench(git: GitRules(schemes: ["git"], allowsLoopback: true))
        try await repository(bench.folder.path)
        try await serving(bench.folder.path) { port in
            let lines = Mutex("")
            let size = try await bench.store.gitClone(
                "git://127.0.0.1:\(port)/code.git", into: bench.code, progress: { text in lines.withLock { $0 += text } })
            #expect(size.files > 3)
            #expect(lines.withLock { $0 }.contains("Cloning into"))
            #expect(try await bench.text("main.py", in: bench.code) == "print(1)\n")
            #expect(try bench.status(bench.code, "run.sh").st_mode & 0o777 == 0o755)
            #expect(try bench.status(bench.code, ".git/HEAD").st_uid == 0)
            #expect(try await run("/usr/bin/git", "-C", bench.path(bench.code, ""), "fsck", "--strict") == 0)
            let again = await #expect(throws: WeirError.self) {
                try await bench.store.gitClone("git://127.0.0.1:\(port)/code.git", into: bench.code)
            }
            #expect(again?.code == "path_taken")
            let absent = await #expect(throws: WeirError.self) {
                try await bench.store.gitClone("git://127.0.0.1:\(port)/no.git", into: bench.code, at: FilePath("b"))
            }
            #expect(absent?.code == "git_failed" && absent?.rule == "PRJ-08")
        }
        #expect(bench.leftovers.isEmpty)
    }

    @Test(
        "this machine's own addresses are refused under any name (PRJ-08)",
        arguments: [
            "https://127.0.0.1/a", "https://localhost/a", "https://[::1]/a", "https://[::ffff:127.0.0.1]/a",
            "https://169.254.169.254/latest", "https://0.0.0.0/a", "https://2130706433/a", "https://0x7f.1/a",
        ])
    func loopback(address: String) async throws {
        let bench = try await StorageBench()
        let error = await #expect(throws: WeirError.self) {
            try await bench.store.gitClone(address, into: bench.code)
        }
        #expect(error?.code == "git_host_refused" && error?.rule == "PRJ-08")
    }

    @Test("a clone that takes too long is ended with all its processes")
    func timeLimit() async throws {
        let bench = try await StorageBench(
            git: GitRules(schemes: ["git"], allowsLoopback: true, timeLimit: .milliseconds(300)))
        // A server that accepts and says nothing.
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic -> UInt16 in
                bind(listener, generic, length)
                listen(listener, 1)
                getsockname(listener, generic, &length)
                return pointer.pointee.sin_port.bigEndian
            }
        }
        let error = await #expect(throws: WeirError.self) {
            try await bench.store.gitClone("git://127.0.0.1:\(port)/a", into: bench.code)
        }
        #expect(error?.code == "tool_timed_out")
        #expect(bench.leftovers.isEmpty)
    }
}
