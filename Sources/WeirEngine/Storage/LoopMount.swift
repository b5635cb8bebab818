import Foundation
import Glibc
import WeirModel

/// A file system in a file, mounted through a loop device of the kernel, which frees the device with its last mount.
enum LoopMount {
    private static let kind = "ext4"
    /// What is deleted inside becomes a hole of the file, so that the host gets its space back.
    private static let options = "discard,noinit_itable"
    private static let flags = UInt(MS_NOSUID) | UInt(MS_NODEV)

    /// Mounts the file at a folder, which is there, in our namespace and in `other`. What is mounted already stays as it is.
    static func mount(_ image: String, at path: String, also other: MountNamespace?) throws {
        if device(at: path) == nil {
            let (descriptor, device) = try attached(image) ?? attach(image)
            defer { close(descriptor) }
            guard Glibc.mount(device, path, kind, flags, options) == 0 else { throw WeirError.mountFailed(image) }
        }
        guard let other, let device = device(at: path), number(other.root + path) != number(path) else { return }
        try other.run {
            guard Glibc.mount("/dev/\(device)", path, kind, flags, options) == 0 else { throw WeirError.mountFailed(path) }
        }
    }

    /// Whether both namespaces have it.
    static func isMounted(at path: String, also other: MountNamespace?) -> Bool {
        guard let own = number(path), own != number(path + "/..") else { return false }
        return other.map { number($0.root + path) == own } ?? true
    }

    /// False while anybody uses it; then it stays mounted.
    static func unmountIdle(_ path: String, also other: MountNamespace?) -> Bool {
        if let other, let own = number(other.root + path), own != number(other.root + path + "/..") {
            do {
                try other.run { guard umount2(path, 0) == 0 else { throw WeirError.mountFailed(path) } }
            } catch {
                return false
            }
        }
        return device(at: path) == nil || umount2(path, 0) == 0
    }

    /// Whoever still has a file open keeps it; the names are gone at once.
    static func unmount(_ path: String, also other: MountNamespace?) {
        if let other, let own = number(other.root + path), own != number(other.root + path + "/..") {
            try? other.run { _ = umount2(path, Int32(MNT_DETACH)) }
        }
        if device(at: path) != nil { umount2(path, Int32(MNT_DETACH)) }
    }

    /// `loop7`; nil when nothing is mounted there.
    static func device(at path: String) -> String? {
        guard let own = number(path), own != number(path + "/..") else { return nil }
        let major = (own >> 8) & 0xfff | (own >> 32) & ~0xfff
        let minor = own & 0xff | (own >> 12) & ~0xff
        guard let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/sys/dev/block/\(major):\(minor)") else {
            return nil
        }
        let name = (link as NSString).lastPathComponent
        return name.hasPrefix("loop") ? name : nil
    }

    private static func number(_ path: String) -> UInt64? {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_dev) : nil
    }

    /// The device that has the file already: mounted where we do not see it, or unmounted by name and still in use. A second one on the
    /// same file would destroy what is in it.
    private static func attached(_ image: String) throws -> (descriptor: Int32, device: String)? {
        var status = stat()
        guard stat(image, &status) == 0 else { throw WeirError.mountFailed(image) }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/sys/block")) ?? []
        for name in names where name.hasPrefix("loop") && access("/sys/block/\(name)/loop/backing_file", F_OK) == 0 {
            let descriptor = open("/dev/\(name)", O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            var about = [UInt64](repeating: 0, count: 29)
            let isSame =
                about.withUnsafeMutableBytes { ioctl(descriptor, getStatus, $0.baseAddress!) } == 0
                && about[0] == UInt64(status.st_dev) && about[1] == UInt64(status.st_ino)
            if isSame { return (descriptor, "/dev/\(name)") }
            close(descriptor)
        }
        return nil
    }

    // From <linux/loop.h>.
    private static let getStatus: UInt = 0x4C05
    private static let getFree: UInt = 0x4C82
    private static let configure: UInt = 0x4C0A
    private static let configurationSize = 304
    private static let flagsOffset = 8 + 52
    private static let nameOffset = 8 + 56
    /// Freed with the last mount; past the page cache of the host, which would hold everything twice.
    private static let autoclearAndDirect: UInt8 = 4 | 16

    /// The descriptor holds the device until it is mounted.
    private static func attach(_ image: String) throws -> (descriptor: Int32, device: String) {
        let file = open(image, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { throw WeirError.mountFailed(image) }
        defer { close(file) }
        let control = open("/dev/loop-control", O_RDWR | O_CLOEXEC)
        guard control >= 0 else { throw WeirError.mountFailed("/dev/loop-control") }
        defer { close(control) }
        var configuration = [UInt8](repeating: 0, count: configurationSize)
        withUnsafeBytes(of: UInt32(file)) { configuration.replaceSubrange(0..<4, with: $0) }
        configuration[flagsOffset] = autoclearAndDirect
        let name = Array((image as NSString).lastPathComponent.utf8.prefix(63))
        configuration.replaceSubrange(nameOffset..<nameOffset + name.count, with: name)
        // Somebody else may take the free one first.
        for _ in 0..<100 {
            let number = ioctl(control, getFree)
            guard number >= 0 else { throw WeirError.mountFailed("/dev/loop-control") }
            let device = "/dev/loop\(number)"
            let descriptor = open(device, O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { throw WeirError.mountFailed(device) }
            if configuration.withUnsafeMutableBytes({ ioctl(descriptor, configure, $0.baseAddress!) }) == 0 {
                return (descriptor, device)
            }
            let code = errno
            close(descriptor)
            guard code == EBUSY || code == ENXIO else { throw WeirError.mountFailed(device, code: code) }
        }
        throw WeirError.mountFailed("/dev/loop-control", code: EBUSY)
    }
}
