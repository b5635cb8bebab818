import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import WeirModel

/// Closes what Podman leaves open in a container, when its namespaces are there and nothing of the tenant's runs in them yet.
extension PodmanEngine {
    func seal(_ launch: Launch) async throws {
        let instance = launch.instance
        // Made already where a launch was cut short.
        _ = try await podman.call(.POST, "/containers/\(instance)/init", timeout: .minutes(2))
        let container = try podman.decode(InspectedContainer.self, from: await podman.call(.GET, "/containers/\(instance)/json"))
        let process = Int32(container.State.Pid)
        // It came to life behind our back, or it went.
        guard container.State.Status == "initialized", process > 1 else { throw WeirError.engineDown("\(instance) was not made ready") }
        // A kill for memory in its first moment would else be known to nobody.
        if let group = InstanceCgroup(ofProcess: process, version: configuration.host.cgroups) { kills.watch(instance, group) }
        if !launch.gatewayPorts.isEmpty {
            let rules = InstanceRules(gateways: container.gateways, ports: launch.gatewayPorts)
            try await rules.apply(to: process)
        }
        let root = disk.podmanRoot
        let (folders, id) = (container.ownFolders.map { root + $0 }, container.Id)
        try await NIOThreadPool.singleton.runIfActive {
            try OwnFiles.secure(in: process, container: id)
            for folder in folders { try OwnFiles.close(folder) }
        }
    }
}

/// The mounts of a container from the machine's own disks.
enum OwnFiles {
    /// Podman's mounts of the container's folder (`/etc/hosts`, `/etc/resolv.conf`, `/etc/hostname`, `/run/.containerenv`) have no end, and
    /// a setuid program in them would be one on the machine: nothing is written to them. Folders that are shifted to the container's users
    /// come writable without what was asked for; here they get it.
    static func secure(in process: Int32, container: String) throws {
        guard let text = KernelFile.read("/proc/\(process)/mountinfo") else { throw WeirError.mountFailed("/proc/\(process)/mountinfo") }
        let changes = changes(in: text, container: container)
        // A Podman that keeps its files elsewhere would leave them open without a word.
        guard changes.contains(where: \.isPodmans) else { throw WeirError.mountFailed("/etc/hosts", code: ENOENT) }
        try MountNamespace(process: process).run {
            for change in changes {
                let flags = UInt(MS_REMOUNT) | UInt(MS_BIND) | change.flags
                guard Glibc.mount(nil, change.path, nil, flags, nil) == 0 else { throw WeirError.mountFailed(change.path) }
            }
        }
    }

    struct Change: Hashable, Sendable {
        var path: String
        var flags: UInt
        /// One of Podman's own files.
        var isPodmans: Bool
    }

    /// - Parameter table: the kernel's list of what is mounted in the container.
    static func changes(in table: String, container: String) -> [Change] {
        table.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 5 else { return nil }
            let options = Set(fields[5].split(separator: ","))
            let isPodmans = fields[3].contains("/\(container)/userdata/")
            guard isPodmans || options.contains("idmapped") && !(options.contains("nosuid") && options.contains("nodev")) else {
                return nil
            }
            var flags = UInt(MS_NOSUID) | UInt(MS_NODEV)
            // A flag that is not named is taken away.
            if isPodmans || options.contains("ro") { flags |= UInt(MS_RDONLY) }
            if isPodmans || options.contains("noexec") { flags |= UInt(MS_NOEXEC) }
            return Change(path: String(fields[4]).replacing("\\040", with: " "), flags: flags, isPodmans: isPodmans)
        }
    }

    /// Podman lets every user of the machine pass, for one that belongs to the container's root. This root owns it: others need not.
    static func close(_ folder: String) throws {
        guard chmod(folder, 0o700) == 0 else { throw WeirError.hostCommandFailed("chmod", String(cString: strerror(errno))) }
    }
}
