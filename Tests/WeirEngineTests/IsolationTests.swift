import Foundation
import NIOHTTP1
import TestSupport
import Testing
import WeirModel

@testable import WeirEngine

/// A container is not a way to root on the host, and tells nothing of its neighbours (hostile 3 and 11).
@Suite("Isolation")
struct IsolationTests {
    @Test("root in an instance is another user outside, each instance's its own, whether people enter it or not (hostile 3)")
    func ownUsers() async throws {
        try await TestEngine.with { test in
            var first: [String] = []
            for isEntered in [true, false] {
                let launch = test.launch("cat /proc/self/uid_map; id -u; echo done; sleep 60", isEntered: isEntered)
                _ = try await test.engine.launch(launch)
                let map = try await test.wrote("done", launch).split(separator: "\n").first?.split(separator: " ").map(String.init) ?? []
                #expect(map.count == 3 && map[0] == "0" && map[1] != "0" && map[2] == "65536")
                first.append(map[1])
            }
            #expect(first[0] != first[1])
        }
    }

    @Test(
        "what is written into a mounted folder belongs to the same users inside and outside; a setuid bit makes nobody another, a device is none"
    )
    func mounted() async throws {
        try await TestEngine.with { test in
            let folder = test.folder.path + "/code"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let script = """
                cp /bin/busybox /code/busybox; chown 1000:1000 /code/busybox; chmod 4755 /code/busybox; busybox=/bin/busybox
                $busybox mknod /code/disk b 7 0; $busybox mknod /code/null c 1 3
                stat -c '%u %a' /code/busybox; echo user $(/code/busybox id -u); echo done
                """
            let launch = test.launch(script, mounts: [.init(source: folder, target: "/code", writable: true)])
            _ = try await test.engine.launch(launch)
            let output = try await test.wrote("done", launch)
            #expect(output.contains("1000 4755"))
            #expect(output.contains("user 0"))
            #expect(try FileManager.default.attributesOfItem(atPath: folder + "/busybox")[.ownerAccountID] as? Int == 1000)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["busybox"])
        }
    }

    @Test("what an instance makes setuid in its root layer makes nobody of the machine its root either (hostile 3)")
    func rootLayer() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("cp /bin/busybox /busybox; chmod 6755 /busybox; echo done; sleep 60")
            _ = try await test.engine.launch(launch)
            _ = try await test.wrote("done", launch)
            let answer = try await test.engine.podman.call(.GET, "/containers/\(launch.instance)/json")
            let container = try JSONDecoder().decode(InspectedContainer.self, from: answer)
            let program = try #require(container.GraphDriver?.Data?["UpperDir"]) + "/busybox"
            #expect(try FileManager.default.attributesOfItem(atPath: program)[.posixPermissions] as? Int == 0o6755)
            let ran = try await HostCommand.run([
                "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", "sh", "-c", "exec \"$0\" id -u", program,
            ])
            #expect(ran.status != 0 || ran.output == "65534\n")
        }
    }

    @Test(
        "what an instance can write ends: its disk, its volumes, memory of a stated size. The files by which it knows its name and its network are not among it, and no other user of the machine comes to them (hostile 3, hostile 6)"
    )
    func writable() async throws {
        try await TestEngine.with { test in
            let folder = test.folder.path + "/code"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let script = """
                for f in /etc/hosts /etc/resolv.conf /etc/hostname /run/.containerenv; do
                  test -e $f || echo "absent $f"; (echo x >>$f) 2>/dev/null && echo "wrote $f"; chmod 6755 $f 2>/dev/null && echo "changed $f"; done
                echo "own $(grep -c node /etc/hosts) $(cat /etc/hostname)"
                while ! nslookup node >/dev/null 2>&1; do sleep 0.2; done
                sed 's/^/mount /' /proc/self/mountinfo; echo done; sleep 60
                """
            let launch = test.launch(
                script, scratch: .mib(16), mounts: [.init(source: folder, target: "/code", writable: true)])
            _ = try await test.engine.launch(launch)
            let lines = try await test.wrote("done", launch).split(separator: "\n").map(String.init)
            #expect(lines.filter { !$0.hasPrefix("mount ") } == ["own 1 node", "done"])
            for line in lines where line.hasPrefix("mount ") {
                let fields = line.split(separator: " ").map(String.init)
                let (root, place, options) = (fields[4], fields[5], fields[6].split(separator: ","))
                guard options.contains("rw"), let dash = fields.firstIndex(of: "-") else { continue }
                switch fields[dash + 1] {
                // Of the kernel, which keeps no data in them; of devtmpfs single devices, which nobody can add to.
                case "proc", "devpts", "mqueue": continue
                case "devtmpfs": #expect(root != "/", "\(line)")
                case "tmpfs": #expect(fields[dash + 3].contains("size="), "\(line)")
                // Its changes go to the instance's disk.
                case "overlay": #expect(place == "/", "\(line)")
                default:
                    #expect(["/code", "/scratch"].contains(place) && options.contains("nosuid") && options.contains("nodev"), "\(line)")
                }
            }

            let answer = try await test.engine.podman.call(.GET, "/containers/\(launch.instance)/json")
            let folders = try JSONDecoder().decode(InspectedContainer.self, from: answer).ownFolders
            #expect(folders.count == 2)
            for folder in folders {
                #expect(FileManager.default.fileExists(atPath: folder))
                let listed = try await HostCommand.run([
                    "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", "stat", folder + "/.",
                ])
                #expect(listed.status != 0, "\(listed.output)")
            }
            let scratch = try FileManager.default.attributesOfItem(atPath: test.configuration.scratchFolder)
            #expect((scratch[.posixPermissions] as? Int ?? 0o777) & 0o066 == 0)
        }
    }

    @Test("a folder of the machine in which a container's file lies is its own only where it is named after it (review 11)")
    func namedFolders() throws {
        let (kept, begun) = ("/var/lib/containers/overlay-containers/c1/userdata", "/run/containers/overlay-containers/c1/userdata")
        let told = """
            {"Id": "c1", "Config": {}, "StaticDir": "\(kept)", "HostsPath": "\(begun)/hosts", "ResolvConfPath": "/etc/resolv.conf",
             "State": {"Status": "running", "OOMKilled": false, "Pid": 1, "ExitCode": 0, "StartedAt": "", "FinishedAt": ""}}
            """
        #expect(try JSONDecoder().decode(InspectedContainer.self, from: Data(told.utf8)).ownFolders == [kept, begun])
    }

    @Test("nothing makes a namespace or a mount in an instance, unless the operator allows it (hostile 11)")
    func nesting() async throws {
        let script = """
            /bin/busybox unshare -U true 2>/dev/null && echo users; /bin/busybox unshare -Um true 2>/dev/null && echo both
            /bin/busybox unshare -m true 2>/dev/null && echo mounts; mount -t tmpfs x /tmp 2>/dev/null && echo mounted
            (echo child); echo $(echo piped | cat); echo done
            """
        for isAllowed in [false, true] {
            try await TestEngine.with(nestedNamespaces: isAllowed) { test in
                let launch = test.launch(script)
                _ = try await test.engine.launch(launch)
                let lines = try await test.wrote("done", launch).split(separator: "\n")
                #expect(lines == (isAllowed ? ["users", "both"] : []) + ["child", "piped", "done"])
            }
        }
    }

    @Test("disks, loop devices, addresses of the kernel and what others do are not told; what programs need is (hostile 11)")
    func hidden() async throws {
        try await TestEngine.with { test in
            let script = """
                for f in /sys/block /sys/class/block /sys/dev/block /sys/devices/virtual/block /sys/fs/ext4 /sys/kernel/debug /proc/fs; do
                  ls $f 2>/dev/null; done
                for f in kallsyms diskstats partitions swaps locks modules keys key-users timer_list slabinfo; do cat /proc/$f 2>/dev/null; done
                find /sys/devices/virtual /sys/block -name backing_file; ls /sys/class/net | grep -v -x -e lo -e eth0
                cat /proc/self/cgroup | grep -c ins_; echo hidden
                head -1 /proc/meminfo; grep -c processor /proc/cpuinfo; cat /proc/loadavg; cat /sys/kernel/mm/transparent_hugepage/enabled; echo done
                """
            let neighbour = test.launch("sleep 60", scratch: .mib(16))
            _ = try await test.engine.launch(neighbour)
            let launch = test.launch(script, scratch: .mib(16))
            _ = try await test.engine.launch(launch)
            let output = try await test.wrote("done", launch)
            let parts = output.components(separatedBy: "hidden\n")
            #expect(parts.first.map { $0.split(separator: "\n").filter { Int($0) == nil } } == [])
            #expect(parts.last?.contains("MemTotal") == true)
            #expect(!output.contains(neighbour.instance.text))
        }
    }

    @Test("Podman's own list of calls is kept but for what is taken from it, and a list of another form is refused")
    func profile() throws {
        let original = #"""
            {"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"archMap":[],"syscalls":[
              {"names":["read","mount","clone3","socket"],"action":"SCMP_ACT_ALLOW","args":[]},
              {"names":["setns"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}}]}
            """#
        struct Profile: Decodable {
            var defaultErrnoRet: Int
            var syscalls: [Rule]
            struct Rule: Decodable {
                var names: [String]
                var action: String
                var errnoRet: Int?
            }
            func answers(_ name: String) -> [String] {
                syscalls.filter { $0.names.contains(name) }.map { $0.action + ($0.errnoRet.map { " \($0)" } ?? "") }
            }
        }
        func adapted(_ allowsNesting: Bool) throws -> Profile {
            try JSONDecoder().decode(Profile.self, from: SeccompProfile(allowsNesting: allowsNesting).adapted(Data(original.utf8)))
        }
        let strict = try adapted(false)
        #expect(strict.defaultErrnoRet == 38)
        #expect(strict.answers("read") == ["SCMP_ACT_ALLOW"])
        #expect(strict.answers("mount") == ["SCMP_ACT_ERRNO 1"])
        #expect(strict.answers("setns") == ["SCMP_ACT_ERRNO 1"])
        #expect(strict.answers("clone3") == ["SCMP_ACT_ERRNO 38"])
        #expect(strict.answers("unshare") == ["SCMP_ACT_ERRNO 1", "SCMP_ACT_ALLOW"])
        #expect(try adapted(true).answers("clone3") == ["SCMP_ACT_ALLOW"])
        #expect(try adapted(true).answers("keyctl") == ["SCMP_ACT_ERRNO 38"])
        #expect(throws: (any Error).self) { try SeccompProfile(allowsNesting: false).adapted(Data("[]".utf8)) }
        #expect(throws: (any Error).self) { try SeccompProfile(allowsNesting: false).adapted(Data("x".utf8)) }
    }
}
