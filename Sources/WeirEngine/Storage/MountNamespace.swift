import Foundation
import Glibc
import Synchronization
import WeirModel

/// The mount namespace of another process.
struct MountNamespace: Hashable, Sendable {
    let process: Int32

    /// How its folders are reached from ours.
    var root: String { "/proc/\(process)/root" }

    /// Runs `body` in it, on a thread that ends with it: none that goes on with other work ever stands in another namespace.
    func run(_ body: @escaping @Sendable () throws -> Void) throws {
        let outcome = Outcome()
        let process = process
        let thread = Thread {
            outcome.set(
                Swift.Result { () throws -> Void in
                    let namespace = Glibc.open("/proc/\(process)/ns/mnt", O_RDONLY | O_CLOEXEC)
                    guard namespace >= 0 else { throw WeirError.mountFailed("/proc/\(process)/ns/mnt") }
                    defer { close(namespace) }
                    guard Kernel.partFolders() == 0, Kernel.enter(namespace, Kernel.mountNamespace) == 0 else {
                        throw WeirError.mountFailed("the namespace of process \(process)")
                    }
                    try body()
                })
        }
        thread.stackSize = 256 << 10
        thread.start()
        try outcome.wait()
    }

    private final class Outcome: Sendable {
        private let result = Mutex<Swift.Result<Void, any Error>?>(nil)
        private let done = DispatchSemaphore(value: 0)

        func set(_ outcome: Swift.Result<Void, any Error>) {
            result.withLock { $0 = outcome }
            done.signal()
        }

        func wait() throws {
            done.wait()
            try result.withLock { $0 }?.get()
        }
    }
}

/// Finds the namespace in which the Podman behind a socket mounts things, and remembers it for as long as it is the same.
final class PodmanNamespace: Sendable {
    private let socket: String?
    private let known = Mutex<Known?>(nil)

    private struct Known {
        var process: Int32
        var number: UInt64
        var isOurs: Bool
    }

    /// - Parameter socket: nil where no Podman is concerned.
    init(socket: String?) { self.socket = socket }

    /// Nil when it is our own, or when nobody listens at the socket.
    var other: MountNamespace? {
        guard let socket else { return nil }
        return known.withLock { known in
            if let there = known, Self.number(of: String(there.process)) == there.number {
                return there.isOurs ? nil : MountNamespace(process: there.process)
            }
            known = nil
            guard let process = PodmanService.holder(besides: socket) ?? PeerProcess.of(socket: socket),
                let number = Self.number(of: String(process))
            else { return nil }
            let isOurs = number == Self.number(of: "self")
            known = Known(process: process, number: number, isOurs: isOurs)
            return isOurs ? nil : MountNamespace(process: process)
        }
    }

    private static func number(of process: String) -> UInt64? {
        var status = stat()
        guard stat("/proc/\(process)/ns/mnt", &status) == 0 else { return nil }
        return UInt64(status.st_ino)
    }
}

extension WeirError {
    static func mountFailed(_ what: String, code: Int32 = errno) -> WeirError {
        .hostCommandFailed("mount", "\(what): \(String(cString: strerror(code)))")
    }
}
