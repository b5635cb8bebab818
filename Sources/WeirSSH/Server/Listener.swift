import CLibSSH
import Foundation
import Glibc
import Logging
import Synchronization
import WeirModel

/// The gateway's port, and the thread that takes connections from it.
final class Listener: Sendable {
    let port: Int
    private let core: GatewayCore
    private let listening: Int32
    private let wake: (read: Int32, write: Int32)
    private let bind: Bind
    private let stopped: AsyncStream<Void>
    private let tellStopped: AsyncStream<Void>.Continuation

    private static let queue: Int32 = 256
    /// Deep enough for libssh's key exchange and its packets.
    static let stackSize = 512 << 10

    init(settings: SSHGatewaySettings, keys: HostKeys, core: GatewayCore) throws {
        self.core = core
        bind = try Bind(keys)
        (stopped, tellStopped) = AsyncStream.makeStream()
        let (descriptor, port) = try Self.bind(settings.host, settings.port)
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            close(descriptor)
            throw WeirError.sshNotBound(settings.host, settings.port, "no descriptors are left")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        listening = descriptor
        self.port = port
        wake = (ends[0], ends[1])
    }

    func start() {
        let thread = Thread { self.acceptAll() }
        thread.stackSize = Self.stackSize
        thread.start()
    }

    func stop() { _ = write(wake.write, "x", 1) }

    func untilStopped() async {
        for await _ in stopped { return }
    }

    private func acceptAll() {
        Namespace.nameThread("weir-ssh")
        while true {
            var polls = [
                pollfd(fd: listening, events: Int16(POLLIN), revents: 0), pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&polls, 2, -1) > 0 || errno == EINTR else { break }
            if polls[1].revents != 0 { break }
            if polls[0].revents != 0 { takeOne() }
        }
        close(listening)
        close(wake.read)
        tellStopped.finish()
    }

    private func takeOne() {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let descriptor = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { accept(listening, $0, &length) }
        }
        guard descriptor >= 0 else {
            // Nothing but waiting helps when descriptors have run out.
            if errno == EMFILE || errno == ENFILE { usleep(50_000) }
            return
        }
        let peer = Peer(address)
        guard core.limits.enter(peer.source) else {
            core.logger.debug("ssh: too many connections", metadata: ["source": "\(peer.source)"])
            close(descriptor)
            return
        }
        Self.prepare(descriptor)
        guard let session = bind.session(on: descriptor) else {
            core.limits.left(peer.source, wasKnown: false)
            close(descriptor)
            return
        }
        let thread = Thread { [core] in Connection.serve(session.take(), descriptor: descriptor, peer: peer, core: core) }
        thread.stackSize = Self.stackSize
        thread.start()
    }

    /// Notices a client that has vanished within about two minutes.
    private static func prepare(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        func set(_ level: Int32, _ option: Int32, _ value: Int32) {
            var value = value
            _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
        set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, 60)
        set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, 15)
        set(Int32(IPPROTO_TCP), TCP_KEEPCNT, 4)
        set(Int32(IPPROTO_TCP), 18 /* TCP_USER_TIMEOUT */, 120_000)
    }

    private static func bind(_ host: String, _ port: Int) throws -> (Int32, Int) {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let entry = found else {
            throw WeirError.sshNotBound(host, port, "there is no such address")
        }
        defer { freeaddrinfo(found) }
        let descriptor = socket(entry.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        _ = setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard descriptor >= 0, Glibc.bind(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0,
            listen(descriptor, queue) == 0
        else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw WeirError.sshNotBound(host, port, reason)
        }
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return (descriptor, Peer(address).port)
    }
}

/// libssh's idea of a port: the keys and algorithms that each new session begins with.
private final class Bind: Sendable {
    /// libssh locks nothing here; it is only touched by one thread at a time.
    private let bind: Mutex<Pointer>

    /// A pointer that goes from one thread to another and is used by one at a time.
    struct Pointer: @unchecked Sendable {
        // Sendable by the ways it is handed on: under `bind`'s lock, or by `Opened.take`, once.
        let value: OpaquePointer
    }

    init(_ keys: HostKeys) throws {
        Library.start()
        guard let made = ssh_bind_new(), Algorithms.set(on: made) else {
            throw WeirError.hostKeyBroken("algorithms")
        }
        do {
            try keys.load(into: made)
        } catch {
            ssh_bind_free(made)
            throw error
        }
        bind = Mutex(Pointer(value: made))
    }

    deinit { bind.withLock { ssh_bind_free($0.value) } }

    func session(on descriptor: Int32) -> Opened? {
        bind.withLock { bind in
            guard let session = ssh_new() else { return nil }
            guard ssh_bind_accept_fd(bind.value, session, descriptor) == SSH_OK else {
                ssh_free(session)
                return nil
            }
            return Opened(Pointer(value: session))
        }
    }

    /// A session on its way to the thread that serves it.
    struct Opened: Sendable {
        private let session: Pointer
        init(_ session: Pointer) { self.session = session }
        func take() -> ssh_session { session.value }
    }
}

/// The other end of a connection.
struct Peer: Sendable {
    let source: SSHSource
    let port: Int
    /// As `SSH_CONNECTION` names it.
    let address: String

    init(_ storage: sockaddr_storage) {
        var storage = storage
        if Int32(storage.ss_family) == AF_INET6 {
            let (words, number) = withUnsafePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address -> ([UInt16], Int) in
                    var inner = address.pointee.sin6_addr
                    let words = withUnsafeBytes(of: &inner) { bytes in
                        (0..<8).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
                    }
                    return (words, Int(UInt16(bigEndian: address.pointee.sin6_port)))
                }
            }
            source = SSHSource(ipv6: words)
            port = number
            address = source.text.contains("/") ? words.map { String($0, radix: 16) }.joined(separator: ":") : source.text
        } else {
            let (number, port) = withUnsafePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    (UInt32(bigEndian: $0.pointee.sin_addr.s_addr), Int(UInt16(bigEndian: $0.pointee.sin_port)))
                }
            }
            source = SSHSource(ipv4: number)
            self.port = port
            address = source.text
        }
    }
}

extension WeirError {
    static func sshNotBound(_ host: String, _ port: Int, _ reason: String) -> WeirError {
        WeirError(
            "ssh_not_bound", .unavailable, subject: "ssh.listen",
            LocalizedText("SSH cannot listen on \(host):\(port): \(reason).", zh: "SSH 无法监听 \(host):\(port)：\(reason)。"),
            remedy: LocalizedText("Set ssh.listen to another address.", zh: "请修改 ssh.listen。"))
    }
}
