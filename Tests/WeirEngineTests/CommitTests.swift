import Foundation
import NIOHTTP1
import TestSupport
import Testing
import WeirModel

@testable import WeirEngine

@Suite("An image of an instance")
struct CommitTests {
    /// What several users leave behind: new, changed and removed things, links, holes, modes and times.
    private static let changes = """
        mkdir /srv; echo mine > /srv/mine; echo yours > /srv/yours; chown 1000:1001 /srv/yours; chmod 4750 /srv/yours
        ln /srv/yours /srv/again; ln -s /etc/passwd /srv/link; mkdir -p /srv/deep/er; chown 33:33 /srv/deep; chmod 1777 /srv/deep/er
        echo more >> /etc/group; rm /etc/passwd; rm -r /tmp; mkdir /tmp; echo t > /tmp/t; touch -d '2001-02-03 04:05:06' /srv/mine
        dd if=/dev/zero of=/srv/holes bs=1 seek=1M count=1 2>/dev/null; echo data > /data/file; echo SECRET-$TOKEN; echo done
        while true; do echo x >> /srv/growing; done
        """
    private static let look = """
        stat -c '%n %u:%g %a' /srv/* /srv/deep/er /etc/group /tmp/t; stat -c %h /srv/again; cat /srv/yours /srv/mine; tail -n 1 /etc/group; stat -c %y /srv/mine
        test -e /etc/passwd && echo passwd; test -e /data/file && echo data; ls /tmp; env | grep TOKEN; stat -c %s /srv/holes; echo done
        """

    @Test("files keep the owners that they have inside, and what was removed stays removed (IMG-11)", arguments: [true, false])
    func owners(ownUsers: Bool) async throws {
        try await TestEngine.with(ownUsers: ownUsers) { test in
            try FileManager.default.createDirectory(atPath: test.folder.path + "/data", withIntermediateDirectories: true)
            var launch = test.launch(
                Self.changes, scratch: .mib(64), mounts: [.init(source: test.folder.path + "/data", target: "/data", writable: true)])
            launch.environment["TOKEN"] = "secret"
            _ = try await test.engine.launch(launch)
            _ = try await test.wrote("done", launch)
            let reference = "localhost/weir-test/commit:\(launch.instance)"
            let image = try await test.engine.commit(launch.instance, to: reference)
            #expect(image.reference == reference)
            #expect(try await test.engine.observe(launch.instance)?.phase == .running)
            // It goes on, and a second image can be made.
            let before = try await test.engine.run(["stat", "-c", "%s", "/srv/growing"], in: launch.instance).output
            try await Task.sleep(for: .milliseconds(50))
            let after = try await test.engine.run(["stat", "-c", "%s", "/srv/growing"], in: launch.instance).output
            #expect(before != after)

            var second = test.launch(Self.look)
            second.image = image.digest
            _ = try await test.engine.launch(second)
            let output = try await test.wrote("done", second)
            #expect(
                output.split(separator: "\n").filter { !$0.contains("growing") }.map(String.init) == [
                    "/srv/again 1000:1001 4750", "/srv/deep 33:33 755", "/srv/holes 0:0 644", "/srv/link 0:0 777", "/srv/mine 0:0 644",
                    "/srv/yours 1000:1001 4750", "/srv/deep/er 0:0 1777", "/etc/group 0:0 644", "/tmp/t 0:0 644", "2", "yours", "mine",
                    "more", "2001-02-03 04:05:06.000000000 +0000", "t", "1048577", "done",
                ])
            try await test.engine.remove(second.instance)
            try await test.engine.removeImage(reference)
            #expect(try await left(of: test).isEmpty)
        }
    }

    @Test("an instance whose commit was cut off goes on at the next start, and nothing of the commit is left")
    func killed() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("while true; do echo x >> /root/growing; sleep 0.01; done")
            _ = try await test.engine.launch(launch)
            let name = "weir-commit-\(test.configuration.installation)-\(launch.instance)"
            let podman = test.engine.podman
            _ = try await podman.call(
                .POST, "/containers/create", body: Data(#"{"name":"\#(name)","image":"\#(test.image)","command":["true"]}"#.utf8))
            _ = try await podman.call(.POST, "/containers/\(launch.instance)/pause")
            let running = await #expect(throws: WeirError.self) {
                try await test.engine.commit(launch.instance, to: "localhost/weir-test/cut:1")
            }
            #expect(running?.code == "commit_running")
            let next = test.again()
            await next.clearLeftCommits()
            try await next.shutdown()
            #expect(try await left(of: test).isEmpty)
            let size = try await test.engine.run(["stat", "-c", "%s", "/root/growing"], in: launch.instance)
            #expect(size.exitCode == 0)
        }
    }

    @Test("one that is given up lets the instance go on and leaves no image; one that is too long is refused, holes counted as well")
    func refused() async throws {
        try await TestEngine.with { test in
            let launch = test.launch(
                "dd if=/dev/zero of=/root/holes bs=1 seek=1G count=1 2>/dev/null; echo done; sleep 60", scratch: .mib(64))
            _ = try await test.engine.launch(launch)
            _ = try await test.wrote("done", launch)
            let reference = "localhost/weir-test/refused:1"
            let tooLarge = await #expect(throws: WeirError.self) { try await test.engine.commit(launch.instance, to: reference) }
            #expect(tooLarge?.code == "commit_too_large")
            #expect(try await test.engine.run(["rm", "/root/holes"], in: launch.instance).exitCode == 0)
            let given = Task { try await test.engine.commit(launch.instance, to: reference) }
            try await Task.sleep(for: .milliseconds(100))
            given.cancel()
            _ = await given.result
            #expect(try await test.engine.run(["true"], in: launch.instance).exitCode == 0)
            #expect(try await left(of: test).isEmpty)
            try await test.engine.removeImage(reference)
        }
    }

    private func left(of test: TestEngine) async throws -> [String] {
        struct Listed: Decodable { var Names: [String] }
        let answer = try await test.engine.podman.call(.GET, "/containers/json", ["all": "true"])
        let containers = try JSONDecoder().decode([Listed]?.self, from: answer) ?? []
        let images = try await test.engine.images().map(\.reference)
        return (containers.flatMap(\.Names) + images).filter {
            $0.contains("weir-commit") && $0.contains(test.configuration.installation)
        }
    }
}
