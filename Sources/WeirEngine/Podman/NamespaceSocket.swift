import Foundation
import Glibc
import Synchronization
import WeirModel

/// A socket belongs for ever to the network namespace in which it was made. So one that is made in a container's reaches what the
/// container reaches, under the same firewall, and not what the host reaches.
enum NamespaceSocket {
    /// A thread of its own goes over and ends there: none that goes on with other work ever stands in a container's network.
    static func open(family: Int32, in process: pid_t) throws -> Int32 {
        let made = Made()
        let thread = Thread { made.set(make(family, process)) }
        thread.stackSize = 256 << 10
        thread.start()
        let number = made.wait()
        guard number >= 0 else { throw WeirError.commandFailed(String(cString: strerror(-number))) }
        return number
    }

    private final class Made: Sendable {
        private let number = Mutex<Int32>(-EIO)
        private let done = DispatchSemaphore(value: 0)

        func set(_ result: Int32) {
            number.withLock { $0 = result }
            done.signal()
        }

        func wait() -> Int32 {
            done.wait()
            return number.withLock { $0 }
        }
    }

    /// The descriptor, or the negative error.
    private static func make(_ family: Int32, _ process: pid_t) -> Int32 {
        let namespace = Glibc.open("/proc/\(process)/ns/net", O_RDONLY | O_CLOEXEC)
        guard namespace >= 0 else { return -errno }
        defer { close(namespace) }
        guard Kernel.enter(namespace, Kernel.networkNamespace) == 0 else { return -errno }
        let number = Glibc.socket(
            family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        return number >= 0 ? number : -errno
    }
}
