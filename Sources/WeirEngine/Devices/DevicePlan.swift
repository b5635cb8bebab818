import WeirModel

/// What an instance's accelerators come to for its container: devices, variables and mounts. The whole decision is here, and nothing of it
/// needs a device to be looked at.
struct DevicePlan: Hashable, Sendable {
    /// CDI names that Podman is given; a simulated accelerator is none.
    var devices: [String]
    var environment: [String: String]
    var mounts: [Launch.Mount]
    /// The NVIDIA device that is parted among containers, by its number; nil when none is.
    var shared: String?
    /// The NVIDIA devices that are given whole, by their numbers: a daemon of before has to go.
    var whole: [String]

    /// Where a container finds the pipes of its daemon.
    static let pipeTarget = "/run/nvidia-mps"
    /// Client and server of MPS hand each other memory under this path, so it has to be the daemon's.
    static let sharedMemoryTarget = "/dev/shm"

    /// - Parameter mpsFolder: as `MPSDaemons` has it.
    init(_ launch: Launch, mpsFolder: String) {
        devices = launch.devices.filter { !SimulatedAccelerators.isSimulated(device: $0) }
        environment = [:]
        mounts = []
        shared = nil
        whole = []
        guard let share = launch.flavor.gpu, !launch.devices.isEmpty else { return }

        environment["WEIR_GPU_DEVICES"] = launch.devices.joined(separator: ",")
        environment["WEIR_GPU_COMPUTE"] = String(share.compute)
        environment["WEIR_GPU_MEMORY"] = String(share.memory.count)
        if let name = share.accelerator { environment["WEIR_GPU_CLASS"] = name }
        if devices.isEmpty { environment["WEIR_GPU_SIMULATED"] = "1" }

        guard let number = Self.parted(share, devices) else {
            whole = devices.compactMap(Self.number)
            return
        }
        shared = number
        let paths = MPSPaths(folder: mpsFolder, device: number)
        mounts = [
            Launch.Mount(source: paths.pipes, target: Self.pipeTarget, writable: true),
            Launch.Mount(source: paths.sharedMemory, target: Self.sharedMemoryTarget, writable: true),
        ]
        // The variables of a container are those of every process in it, of a later `exec` too.
        environment["CUDA_MPS_PIPE_DIRECTORY"] = Self.pipeTarget
        environment["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"] = Self.percent(share.compute)
        if share.memory > 0 {
            // The container has one device, so it is number 0 to the programs in it.
            environment["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"] = "0=\(share.memory.count >> 20)M"
        }
    }

    /// A share below a whole GPU of NVIDIA's is held by MPS; other makers' devices have nothing of the kind.
    private static func parted(_ share: GPUShare, _ devices: [String]) -> String? {
        guard share.compute < 1000, devices.count == 1 else { return nil }
        return devices.first.flatMap(number)
    }

    private static func number(_ device: String) -> String? {
        let prefix = "nvidia.com/gpu="
        return device.hasPrefix(prefix) ? String(device.dropFirst(prefix.count)) : nil
    }

    /// Thousandths as percents with one decimal place: `12.5`.
    static func percent(_ thousandths: Int) -> String {
        thousandths % 10 == 0 ? "\(thousandths / 10)" : "\(thousandths / 10).\(thousandths % 10)"
    }
}
