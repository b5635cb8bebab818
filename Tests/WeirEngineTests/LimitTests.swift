import Foundation
import Glibc
import TestSupport
import Testing
import WeirEngine
import WeirModel

@Suite("Limits")
struct LimitTests {
    @Test("processors, memory and processes are limited by the kernel, and root has few capabilities")
    func limits() async throws {
        try await TestEngine.with { test in
            let script = """
                cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null
                cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d' ' -f1 /sys/fs/cgroup/cpu.max
                cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null
                grep -E 'CapEff|NoNewPrivs' /proc/self/status; echo done
                """
            let launch = test.launch(script, memory: .mib(48), cpu: 500, processes: 20)
            _ = try await test.engine.launch(launch)
            let lines = try await test.wrote("done", launch).split(separator: "\n").map(String.init)
            #expect(lines.starts(with: [String(48 << 20), "50000", "20"]))
            #expect(lines.contains("NoNewPrivs:\t1"))
            let effective = lines.first { $0.hasPrefix("CapEff") }?.split(separator: "\t").last
            // CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, KILL 5, SETGID 6, SETUID 7, NET_BIND_SERVICE 10, SYS_CHROOT 18
            #expect(effective.flatMap { UInt64($0, radix: 16) } == 0x404fb)
        }
    }

    @Test("scratch ends at its size", arguments: [false, true])
    func scratch(ownUsers: Bool) async throws {
        try await TestEngine.with(ownUsers: ownUsers) { test in
            let launch = test.launch(
                "dd if=/dev/zero of=/scratch/big bs=1M count=64; df -m /scratch | tail -1; rm /scratch/big; echo done; sleep 30",
                scratch: .mib(32))
            _ = try await test.engine.launch(launch)
            let output = try await test.wrote("done", launch)
            #expect(output.contains("No space left on device"))
            try await test.engine.remove(launch.instance)
            let rest = try FileManager.default.contentsOfDirectory(atPath: test.configuration.scratchFolder)
            #expect(!rest.contains { $0.hasPrefix(launch.instance.text) })
        }
    }

    @Test("the root layer ends at the size of scratch, at once and for whoever writes (hostile 6)", arguments: [false, true])
    func rootLayer(ownUsers: Bool) async throws {
        try await TestEngine.with(ownUsers: ownUsers) { test in
            let launch = test.launch(
                """
                dd if=/dev/zero of=/root/big bs=1M count=64; dd if=/dev/zero of=/tmp/more bs=1M count=64
                dd if=/dev/zero of=/scratch/none bs=1M count=8; rm -f /root/big /tmp/more /scratch/none
                mkdir /root/many; i=0; while true > /root/many/$i; do i=$((i+1)); [ $i -lt 20000 ] || break; done; echo files $i
                rm -r /root/many; echo kept > /etc/kept; rm /bin/cat; echo done; sleep 60
                """, scratch: .mib(32))
            _ = try await test.engine.launch(launch)
            let output = try await test.wrote("done", launch, within: .seconds(40))
            let (refusals, files) = Self.refused(in: output)
            #expect(refusals >= 3 && files < 20_000, "\(output)")
        }
    }

    /// How often there was no space, and how many files there were at the end.
    private static func refused(in output: String) -> (Int, Int) {
        var (refusals, files) = (0, Int.max)
        for line in output.split(separator: "\n") {
            if line.contains("No space left on device") { refusals += 1 }
            if line.hasPrefix("files ") { files = Int(line.dropFirst(6)) ?? .max }
        }
        return (refusals, files)
    }

    @Test("a commit and a second start of Weir find the root layer on the instance's own file system")
    func committedLayer() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("echo new > /etc/kept; mkdir /opt; rm /etc/group; echo done; sleep 60", scratch: .mib(32))
            _ = try await test.engine.launch(launch)
            _ = try await test.wrote("done", launch)
            let again = test.again()
            let seen = try await again.launch(launch)
            #expect(seen.phase == .running)
            let name = "localhost/weir-test-layer:\(UInt32.random(in: .min ... .max))"
            _ = try await again.commit(launch.instance, to: name)
            try await again.remove(launch.instance)
            try await again.shutdown()
            var second = test.launch("cat /etc/kept; ls -d /opt; ls /etc/group || echo gone; echo done", scratch: .mib(32))
            second.image = name
            _ = try await test.engine.launch(second)
            let output = try await test.wrote("done", second)
            #expect(output.contains("new") && output.contains("/opt") && output.contains("gone"), "\(output)")
            try await test.engine.remove(second.instance)
            try await test.engine.removeImage(name)
            let rest = try FileManager.default.contentsOfDirectory(atPath: test.configuration.scratchFolder)
            #expect(rest.allSatisfy { $0.hasPrefix("template-") || $0 == "seccomp.json" }, "\(rest)")
        }
    }

    @Test(
        "read-only mounts cannot be written, writable ones can, with users of its own too, below a folder that is root's alone",
        arguments: [false, true])
    func mounts(ownUsers: Bool) async throws {
        try await TestEngine.with(ownUsers: ownUsers) { test in
            #expect(chmod(test.folder.path, 0o700) == 0)
            for name in ["data", "output"] {
                try FileManager.default.createDirectory(atPath: "\(test.folder.path)/\(name)", withIntermediateDirectories: true)
            }
            try "seven".write(toFile: test.folder.path + "/data/file", atomically: true, encoding: .utf8)
            let launch = test.launch(
                "cat /gemini/data-1/file; echo; echo x > /gemini/data-1/new && echo LEAK; echo good > /gemini/output/result && echo kept; echo done",
                mounts: [
                    .init(source: test.folder.path + "/data", target: "/gemini/data-1", writable: false),
                    .init(source: test.folder.path + "/output", target: "/gemini/output", writable: true),
                ])
            _ = try await test.engine.launch(launch)
            let output = try await test.wrote("done", launch)
            #expect(output.contains("seven") && output.contains("kept") && !output.contains("LEAK"))
            let result = test.folder.path + "/output/result"
            #expect(try String(contentsOfFile: result, encoding: .utf8) == "good\n")
            let owner = try FileManager.default.attributesOfItem(atPath: result)[.ownerAccountID] as? Int
            #expect(owner == 0)
        }
    }

    @Test("what an instance uses can be read while it runs")
    func usage() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("echo up; while true; do :; done")
            _ = try await test.engine.launch(launch)
            _ = try await test.wrote("up", launch)
            let first = try #require(try await test.engine.usage(of: launch.instance))
            #expect(first.memoryLimit == .mib(64) && first.memory > 0 && first.memory < .mib(64) && first.processes >= 1)
            let deadline = ContinuousClock.now + .seconds(10)
            var later = first
            while later.cpu <= first.cpu + .milliseconds(50), ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(50))
                later = try await test.engine.usage(of: launch.instance) ?? later
            }
            #expect(later.cpu > first.cpu + .milliseconds(50))
            try await test.engine.stop(launch.instance, grace: .zero)
            #expect(try await test.engine.usage(of: launch.instance) == nil)
        }
    }
}
