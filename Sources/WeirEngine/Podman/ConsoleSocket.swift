import Glibc
import WeirModel

/// The socket over which an OCI runtime hands out the terminal that it made in the container.
struct ConsoleSocket {
    private let path: String
    private let listener: Int32

    init(path: String) throws {
        self.path = path
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        precondition(bytes.count < MemoryLayout.size(ofValue: address.sun_path))
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard listener >= 0, isBound == 0, listen(listener, 1) == 0 else {
            if listener >= 0 { Glibc.close(listener) }
            throw WeirError.commandFailed("\(path) cannot be bound")
        }
    }

    func close() {
        Glibc.close(listener)
        unlink(path)
    }

    /// The terminal's own end; nil when the runtime ends first or the time, in milliseconds, is over.
    func receive(unless ended: Int32, within patience: Int32) -> Int32? {
        guard isReadable(listener, unless: ended, patience) else { return nil }
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return nil }
        defer { Glibc.close(connection) }
        guard isReadable(connection, unless: ended, patience) else { return nil }
        return Self.takeDescriptor(from: connection)
    }

    private func isReadable(_ descriptor: Int32, unless ended: Int32, _ patience: Int32) -> Bool {
        var polls = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: ended, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let count = poll(&polls, 2, patience)
            if count < 0, errno == EINTR { continue }
            return count > 0 && polls[0].revents & Int16(POLLIN) != 0
        }
    }

    /// Reads one message with one descriptor in it (`SCM_RIGHTS`).
    private static func takeDescriptor(from connection: Int32) -> Int32? {
        // One header (length, level, kind) and one descriptor, as the kernel aligns them on 64 bits.
        var control = [UInt64](repeating: 0, count: 8)
        var data = [UInt8](repeating: 0, count: 4096)
        return control.withUnsafeMutableBytes { control in
            data.withUnsafeMutableBytes { data -> Int32? in
                var part = iovec(iov_base: data.baseAddress, iov_len: data.count)
                return withUnsafeMutablePointer(to: &part) { part -> Int32? in
                    var message = msghdr()
                    message.msg_iov = part
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    guard recvmsg(connection, &message, Int32(0x4000_0000) /* MSG_CMSG_CLOEXEC */) >= 0,
                        message.msg_controllen >= 20
                    else { return nil }
                    let level = control.loadUnaligned(fromByteOffset: 8, as: Int32.self)
                    let kind = control.loadUnaligned(fromByteOffset: 12, as: Int32.self)
                    guard level == SOL_SOCKET, kind == 1 else { return nil }
                    return control.loadUnaligned(fromByteOffset: 16, as: Int32.self)
                }
            }
        }
    }
}
