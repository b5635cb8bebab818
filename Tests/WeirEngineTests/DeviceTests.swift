import Foundation
import Logging
import Synchronization
import TestSupport
import Testing
import WeirModel

@testable import WeirEngine

@Suite("Accelerators for containers")
struct DeviceTests {
    private func launch(_ gpu: GPUShare?, _ devices: [String], variables: [String: String] = [:]) -> Launch {
        let ids = RandomIdentifiers()
        let now = SystemClock().now()
        return Launch(
            instance: ids.next(Instance.self, at: now), workload: ids.next(Workload.self, at: now),
            workspace: ids.next(Workspace.self, at: now), image: "i", command: nil, workingDirectory: "/", environment: variables,
            mounts: [],
            flavor: Flavor(name: "f", cpu: 1000, memory: .gib(1), scratch: 0, gpu: gpu, pricePerHour: 0), devices: devices,
            hostName: "h", isEntered: false, logFile: "/dev/null")
    }

    private func plan(_ gpu: GPUShare?, _ devices: [String]) -> DevicePlan {
        DevicePlan(launch(gpu, devices), mpsFolder: "/run/weir/mps")
    }

    @Test("a share of an NVIDIA GPU is bound for every process of the container: percentage, memory and the daemon's pipes (QUO-08)")
    func share() {
        let plan = plan(
            GPUShare(kind: "nvidia.com/gpu", compute: 255, memory: .gib(10), accelerator: "P1"), ["nvidia.com/gpu=3"])
        #expect(plan.devices == ["nvidia.com/gpu=3"])
        #expect(plan.shared == "3")
        #expect(
            plan.environment == [
                "WEIR_GPU_DEVICES": "nvidia.com/gpu=3", "WEIR_GPU_COMPUTE": "255", "WEIR_GPU_MEMORY": "10737418240",
                "WEIR_GPU_CLASS": "P1", "CUDA_MPS_PIPE_DIRECTORY": "/run/nvidia-mps",
                "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": "25.5", "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT": "0=10240M",
            ])
        #expect(
            plan.mounts == [
                Launch.Mount(source: "/run/weir/mps/3/pipe", target: "/run/nvidia-mps", writable: true),
                Launch.Mount(source: "/run/weir/mps/3/shm", target: "/dev/shm", writable: true),
            ])
    }

    @Test("whole GPUs and those of other makers are given without a daemon (QUO-10)")
    func whole() {
        let two = plan(GPUShare(kind: "nvidia.com/gpu", compute: 2000, memory: .gib(80)), ["nvidia.com/gpu=0", "nvidia.com/gpu=1"])
        #expect(two.devices.count == 2)
        #expect(two.shared == nil)
        #expect(two.whole == ["0", "1"])
        #expect(two.mounts == [])
        #expect(two.environment["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"] == nil)
        let npu = plan(GPUShare(kind: "huawei.com/npu", compute: 500, memory: .gib(8)), ["huawei.com/npu=0"])
        #expect(npu.shared == nil)
        #expect(npu.whole == [])
        #expect(npu.environment["WEIR_GPU_COMPUTE"] == "500")
        #expect(plan(nil, []).environment == [:])
    }

    @Test("a simulated accelerator reaches the container as variables that say so, and as no device (QUO-08)")
    func simulated() {
        let plan = plan(GPUShare(kind: SimulatedAccelerators.kind, compute: 500, memory: .gib(12)), ["weir.simulated/gpu=0"])
        #expect(plan.devices == [])
        #expect(plan.environment["WEIR_GPU_SIMULATED"] == "1")
        #expect(plan.environment["WEIR_GPU_DEVICES"] == "weir.simulated/gpu=0")
        #expect(plan.shared == nil)
    }

    @Test("a container with a simulated accelerator runs, and every program in it is told, also one that is started later")
    func simulatedContainer() async throws {
        try await TestEngine.with { test in
            var launch = test.launch("echo seen $WEIR_GPU_SIMULATED $WEIR_GPU_DEVICES $WEIR_GPU_COMPUTE; sleep 30")
            launch.environment["WEIR_GPU_COMPUTE"] = "1000"
            launch.flavor = Flavor(
                name: "half", cpu: 500, memory: .mib(64), scratch: 0,
                gpu: GPUShare(kind: SimulatedAccelerators.kind, compute: 500, memory: .gib(12)), pricePerHour: 0)
            launch.devices = ["weir.simulated/gpu=0"]
            _ = try await test.engine.launch(launch)
            // What a person set for the same name does not count.
            #expect(try await test.wrote("seen", launch).contains("seen 1 weir.simulated/gpu=0 500"))
            let later = try await test.engine.run(["sh", "-c", "echo $WEIR_GPU_SIMULATED"], in: launch.instance)
            #expect(later.output == "1\n")
        }
    }

    @Test("where the program of MPS is missing, a share is refused with a message that names it (X24)")
    func missing() async throws {
        try await TestEngine.with { test in
            var launch = test.launch("true")
            launch.flavor = Flavor(
                name: "half", cpu: 500, memory: .mib(64), scratch: 0,
                gpu: GPUShare(kind: "nvidia.com/gpu", compute: 500, memory: .gib(12)), pricePerHour: 0)
            launch.devices = ["nvidia.com/gpu=0"]
            let asked = launch
            let failure = await #expect(throws: LaunchFailure.self) { try await test.engine.launch(asked) }
            let told = failure?.reason.message.en.contains("nvidia-cuda-mps-control") == true
            #expect(told || MPSDaemons.isInstalled)
            let left = try await test.engine.observe(asked.instance)
            #expect(left == nil)
        }
    }

    /// Commands that were run, by a host on which a daemon comes up when it is started.
    private final class Host: Sendable {
        let commands = Mutex<[(words: [String], environment: [String: String], input: String?)]>([])
        let pipes: String
        let starts: Bool

        init(pipes: String, starts: Bool = true) {
            self.pipes = pipes
            self.starts = starts
        }

        func run(_ words: [String], _ environment: [String: String], _ input: Data?) throws -> HostCommand.Result {
            commands.withLock { $0.append((words, environment, input.map { String(decoding: $0, as: UTF8.self) })) }
            if words.first == "unshare", starts { _ = FileManager.default.createFile(atPath: pipes + "/control", contents: nil) }
            if input == Data("quit\n".utf8) { try FileManager.default.removeItem(atPath: pipes + "/control") }
            return HostCommand.Result(status: words.first == "unshare" && !starts ? 1 : 0, output: "no device")
        }
    }

    @Test("a device's daemon is started once, in exclusive mode, and ended when the device is given whole (QUO-08)")
    func daemon() async throws {
        let folder = try TemporaryFolder("weir-mps")
        let host = Host(pipes: folder.path + "/3/pipe")
        let daemons = MPSDaemons(folder: folder.path, logger: Logger(label: "weir.test")) { try host.run($0, $1, $2) }
        let share = DevicePlan(
            launch(GPUShare(kind: "nvidia.com/gpu", compute: 500, memory: .gib(10)), ["nvidia.com/gpu=3"]), mpsFolder: folder.path)
        try await daemons.prepare(share)
        let all = host.commands.withLock { $0 }
        // What they write has an end, and nobody else of the host comes in (hostile 6).
        #expect(all[0].words.prefix(2) == ["sh", "-c"] && all[0].words.last == folder.path + "/3")
        #expect(all[0].words[2].contains("mode=700,size=25%"))
        let started = Array(all.dropFirst())
        #expect(
            started.map { $0.words.prefix(2).joined(separator: " ") } == ["nvidia-smi -i", "unshare --mount", "nvidia-cuda-mps-control"])
        #expect(started[0].words == ["nvidia-smi", "-i", "3", "-c", "EXCLUSIVE_PROCESS"])
        #expect(started[1].words.contains { $0.contains("nvidia-cuda-mps-control -d -multiuser-server") })
        #expect(started[1].words.last == folder.path + "/3/shm")
        #expect(
            started[1].environment == [
                "CUDA_VISIBLE_DEVICES": "3", "CUDA_MPS_PIPE_DIRECTORY": folder.path + "/3/pipe",
                "CUDA_MPS_LOG_DIRECTORY": folder.path + "/3/log",
            ])
        #expect(started[2].input == "get_server_list\n")
        let mode = try FileManager.default.attributesOfItem(atPath: folder.path + "/3/shm")[.posixPermissions] as? NSNumber
        #expect(mode?.int32Value == 0o1777)

        // A second share only asks whether it is there; so does another start of Weir.
        try await daemons.prepare(share)
        let again = MPSDaemons(folder: folder.path, logger: Logger(label: "weir.test")) { try host.run($0, $1, $2) }
        try await again.prepare(share)
        #expect(host.commands.withLock { $0.filter { $0.words.first == "unshare" }.count } == 1)

        let whole = DevicePlan(
            launch(GPUShare(kind: "nvidia.com/gpu", compute: 1000, memory: .gib(80)), ["nvidia.com/gpu=3"]), mpsFolder: folder.path)
        try await again.prepare(whole)
        #expect(host.commands.withLock { $0.last?.words } == ["nvidia-smi", "-i", "3", "-c", "DEFAULT"])
        #expect(host.commands.withLock { $0.suffix(2).first?.input } == "quit\n")
    }

    @Test("the folders of a device are a file system with an end, closed to others, and mounted once (hostile 6)")
    func bound() async throws {
        let folder = try TemporaryFolder("weir-mps")
        let paths = MPSPaths(folder: folder.path, device: "3")
        try FileManager.default.createDirectory(atPath: paths.base, withIntermediateDirectories: true)
        defer { _ = try? HostCommand.runBlocking(["umount", paths.base]) }
        for _ in 0..<2 { #expect(try await HostCommand.run(MPSDaemons.boundCommand(paths).words).status == 0) }
        let mounts = try #require(KernelFile.read("/proc/self/mounts")).split(separator: "\n")
        let own = mounts.filter { $0.contains(" \(paths.base) ") }
        #expect(own.count == 1 && own.first?.contains("nosuid,nodev") == true && own.first?.contains("mode=700") == true)
    }

    @Test("a daemon that does not start is the reason that people are told, and is tried again for the next")
    func failing() async throws {
        let folder = try TemporaryFolder("weir-mps")
        let host = Host(pipes: folder.path + "/0/pipe", starts: false)
        let daemons = MPSDaemons(folder: folder.path, logger: Logger(label: "weir.test")) { try host.run($0, $1, $2) }
        let share = DevicePlan(
            launch(GPUShare(kind: "nvidia.com/gpu", compute: 500, memory: .gib(10)), ["nvidia.com/gpu=0"]), mpsFolder: folder.path)
        for _ in 0..<2 { await #expect(throws: LaunchFailure.self) { try await daemons.prepare(share) } }
        #expect(host.commands.withLock { $0.filter { $0.words.first == "unshare" }.count } == 2)
    }

    @Test("what nvidia-smi tells of memory and model is read, commas in names included")
    func inventory() {
        let devices = GPUInventory.nvidiaDevices(in: "0, 81920, NVIDIA A100-SXM4-80GB\n1, 24576, NVIDIA A10, special\nbroken\n")
        #expect(devices["0"]?.memory == .gib(80))
        #expect(devices["0"]?.model == "NVIDIA A100-SXM4-80GB")
        #expect(devices["1"]?.model == "NVIDIA A10, special")
        #expect(devices.count == 2)
        let yaml = """
            kind: huawei.com/npu
            devices:
            - name: "0"
              containerEdits:
                env:
                - WEIR_GPU_MEMORY_MIB=65536
                - WEIR_GPU_MODEL=Ascend 910B
            """
        #expect(GPUInventory.devices(in: yaml) == [EngineGPU(device: "huawei.com/npu=0", memory: .gib(64), model: "Ascend 910B")])
        #expect(EngineGPU(device: "huawei.com/npu=0", memory: 0).kind == "huawei.com/npu")
    }
}
