import Foundation
import Glibc
import TestSupport
import Testing
@testable import WeirPlatform

@Suite("Other users of the machine")
struct LocalUserTests {
    @Test("who is another user of the machine lists, reads and runs nothing that tenants wrote, also where it was open before (hostile 3)")
    func nobody() async throws {
        let bench = try await StorageBench()
        try await bench.put("secret", "notes.txt")
        try await bench.put("#!/bin/sh\n", "run.sh", in: bench.code)
        let (file, program) = (bench.path(bench.draft, "notes.txt"), bench.path(bench.code, "run.sh"))
        #expect(chmod(program, 0o4755) == 0)
        // As an installation of before left it.
        #expect(chmod(bench.store.layout.root, 0o755) == 0)
        #expect(try await asNobody("/bin/cat", file) == 0)
        try await bench.reopened().prepare()
        #expect(try await asNobody("/bin/ls", bench.store.layout.root) != 0)
        #expect(try await asNobody("/bin/cat", file) != 0)
        #expect(try await asNobody("/usr/bin/stat", file) != 0)
        #expect(try await asNobody(program) != 0)
        // What works in these folders as such a user still does.
        #expect(try await bench.text("notes.txt") == "secret")
    }

    private func asNobody(_ command: String...) async throws -> Int32 {
        let line = command.map { "'\($0)'" }.joined(separator: " ")
        return try await run(
            "/bin/sh", "-c", "exec setpriv --reuid=65534 --regid=65534 --clear-groups -- sh -c 'exec \"$0\" \"$@\"' \(line) >/dev/null 2>&1"
        )
    }
}
