import Foundation
import Glibc
import Logging
import Synchronization
import TestSupport
import Testing
@testable import WeirEngine
import WeirModel

@Suite("The host")
struct HostTests {
    @Test("the checks find Podman, the firewall and the disks, in both languages")
    func checks() async throws {
        let service = PodmanService(profile: await HostProfile.detect(), logger: Logger(label: "weir.test"))
        let checks = await HostChecks(service: service, folders: ["/tmp", "/no/such/folder"]).run()
        for name in ["podman", "podman_socket", "firewall"] {
            #expect(checks.first { $0.name == name }?.status == .ok)
        }
        #expect(checks.contains { $0.status == .failed && $0.finding.en.contains("/no/such/folder") })
        #expect(checks.allSatisfy { !$0.finding.en.isEmpty && !$0.finding.zh.isEmpty })
    }

    @Test("users are set aside for containers by a line of both files that is large enough, and only where the kernel allows it")
    func userNamespaces() async {
        func find(_ users: String, _ groups: String, most: String = "96000\n") -> UserNamespaceObstacle? {
            .find(mostNamespaces: most, ranges: [("/etc/subuid", users), ("/etc/subgid", groups)])
        }
        let line = "alice:100000:65536\ncontainers:2147483647:2147483648\n"
        #expect(find(line, line) == nil)
        #expect(find(line, line, most: "") == nil)
        #expect(find(line, line, most: "0\n") == .forbidden)
        #expect(find("", line) == .noRange(["/etc/subuid"]))
        #expect(find("", "alice:100000:65536") == .noRange(["/etc/subuid", "/etc/subgid"]))
        for wrong in [
            "containers:", "containers:1:1", "containers:x:65536", "#containers:1:65536", "containers:0:4194304", "containers:1:65536",
            "containers:1:4194303",
        ] {
            #expect(find(line, wrong) == .noRange(["/etc/subgid"]), "\(wrong)")
        }
        // For 64 containers, in one line or in several.
        for enough in ["containers:1:4194304", "containers:1:65536\ncontainers:100000:4128768"] { #expect(find(line, enough) == nil) }

        let profile = HostProfile(cgroups: .v2, userNamespaceObstacle: .forbidden)
        let service = PodmanService(profile: profile, logger: Logger(label: "weir.test"))
        func check(_ isRequired: Bool) -> HostCheck {
            HostChecks(service: service, folders: [], requiresUserNamespaces: isRequired).userNamespaces()
        }
        #expect(check(true).status == .failed)
        #expect(check(false).status == .warning)
        #expect(check(false).remedy != nil)
    }

    @Test("without nftables Weir complains, and a start is refused with the reason, for trying again would not help (G1-3)")
    func noFirewall() async throws {
        #expect(await HostFirewall(program: "no-such-nft").complaints().map(\.code) == ["firewall_missing"])
        let refused = #expect(throws: WeirError.self) { try HostFirewall.require("no-such-nft") }
        #expect(refused?.category == .failed)
        #expect(refused?.message == HostFirewall.finding)
        #expect(await HostFirewall().complaints() == [])
        try HostFirewall.require()
    }

    @Test("a program of the host gets none of our open files, and its lines are told while it runs")
    func programs() async throws {
        let open = (0..<12).map { _ in dup(0) }
        defer { for number in open { close(number) } }
        let files = try await HostCommand.run(["ls", "/proc/self/fd"])
        #expect(files.output.split(separator: "\n") == ["0", "1", "2", "3"])
        let lines = Mutex<[String]>([])
        let ended = try await HostCommand.run(["sh", "-c", "echo one; echo two; exit 3"]) { line in lines.withLock { $0.append(line) } }
        #expect(ended.status == 3)
        #expect(lines.withLock { $0 } == ["one", "two"])
    }

    @Test("devices are read from both forms of a CDI specification")
    func devices() {
        let yaml = """
            cdiVersion: 0.3.0
            kind: weir.test/gpu
            devices:
            - name: "0"
              containerEdits:
                env:
                - WEIR_GPU_MEMORY_MIB=8192
            - name: "0:1"
              containerEdits: {}
            """
        #expect(
            GPUInventory.devices(in: yaml) == [
                EngineGPU(device: "weir.test/gpu=0", memory: .gib(8)), EngineGPU(device: "weir.test/gpu=0:1", memory: 0),
            ])
        let json = #"{"cdiVersion":"0.5.0","kind":"nvidia.com/gpu","devices":[{"name":"0"},{"name":"all"}]}"#
        #expect(GPUInventory.devices(in: json).map(\.device) == ["nvidia.com/gpu=0", "nvidia.com/gpu=all"])
    }

    @Test("only a kill by the kernel at the limit counts as out of memory")
    func endings() {
        func phase(_ code: Int, peak: Bytes?, stopped: Bool = false, kills: Bool = false) -> Observation.Phase {
            Ending(
                exitCode: code, stopped: stopped, killedForMemory: kills, memory: .mib(64), peak: peak, scratchFull: nil,
                refusal: nil
            ).phase
        }
        #expect(phase(137, peak: .mib(64)) == .failed(.outOfMemory(limit: .mib(64))))
        #expect(phase(137, peak: .mib(40)) == .failed(.signal(9)))
        #expect(phase(137, peak: nil) == .failed(.signal(9)))
        #expect(phase(137, peak: .mib(64), stopped: true) == .failed(.signal(9)))
        #expect(phase(1, peak: .mib(64)) == .failed(.exit(code: 1)))
        #expect(phase(1, peak: .mib(64), kills: true) == .failed(.outOfMemory(limit: .mib(64))))
        #expect(phase(0, peak: .mib(64), kills: true) == .succeeded)
        #expect(phase(-1, peak: nil) == .failed(.lost))
    }

    @Test("what crun says is made short")
    func refusals() {
        let id = String(repeating: "a", count: 64)
        #expect(
            StartRefusal.short(
                "crun: executable file `nosuch` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found"
            ) == "executable file `nosuch` not found in $PATH: No such file or directory")
        #expect(StartRefusal.short("workdir \"/x\" does not exist on container \(id)") == "workdir \"/x\" does not exist on the container")
    }
}
