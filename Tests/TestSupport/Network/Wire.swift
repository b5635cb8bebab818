import Dispatch
import Foundation
import Glibc
import Synchronization

/// A TCP connection byte by byte, for tests that say what stands on the wire. Nothing waits longer than 20 seconds.
public final class Wire: Sendable {
    private let descriptor: Int32
    private let queue = DispatchQueue(label: "wire")
    private let writing = DispatchQueue(label: "wire.writing")
    private let inbox = Mutex<[UInt8]>([])

    public struct Failure: Error, CustomStringConvertible {
        public let call: String
        public let code: Int32
        public var description: String { "\(call): \(String(cString: strerror(code)))" }

        init(_ call: String) {
            self.call = call
            self.code = errno
        }
    }

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var time = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(descriptor) }

    /// - Parameter receiveBuffer: bytes that the kernel may hold for a reader that does not read.
    public static func connect(to port: Int, at host: String = "127.0.0.1", receiveBuffer: Int? = nil) async throws -> Wire {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure("socket") }
        let wire = Wire(descriptor: descriptor)
        if let receiveBuffer { wire.set(SO_RCVBUF, to: receiveBuffer) }
        try await wire.blocking {
            var address = Self.loopback(port)
            address.sin_addr.s_addr = inet_addr(host)
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard result == 0 else { throw Failure("connect") }
        }
        return wire
    }

    /// A port of loopback that nobody listened on a moment ago.
    public static func freePort() throws -> Int {
        guard let port = try bound(to: 0) else { throw Failure("bind") }
        return port
    }

    /// The same of those that the kernel gives to no connection: what leaves them finds them free when it begins again.
    public static func lastingPorts(_ count: Int) throws -> [Int] {
        var ports: Set<Int> = []
        while ports.count < count {
            if let port = try bound(to: .random(in: 10_000..<20_000)) { ports.insert(port) }
        }
        return ports.sorted()
    }

    /// Nil when somebody has it.
    private static func bound(to port: Int) throws -> Int? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure("socket") }
        defer { close(descriptor) }
        var address = loopback(port)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        return result ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }

    static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        return address
    }

    public func set(_ option: Int32, to value: Int) {
        var value = Int32(value)
        setsockopt(descriptor, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    // MARK: Writing

    public func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    public func send(_ bytes: [UInt8]) async throws {
        let sent = try await sendUntilStalled(bytes, patience: .seconds(20))
        guard sent == bytes.count else { throw Failure("send") }
    }

    /// Sends as much as is taken, until nothing was for as long as `patience`. Returns how much that was.
    public func sendUntilStalled(_ bytes: [UInt8], patience: Duration) async throws -> Int {
        let descriptor = descriptor
        let (seconds, attoseconds) = patience.components
        var time = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        return try await blocking(on: writing) {
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(
                        descriptor, $0.baseAddress! + sent, min(bytes.count - sent, 1 << 18), Int32(MSG_NOSIGNAL))
                }
                if count < 0, errno == EAGAIN || errno == EWOULDBLOCK { return sent }
                guard count > 0 else { throw Failure("send") }
                sent += count
            }
            return sent
        }
    }

    /// Says that no more will be sent; reading goes on.
    public func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    public func endBoth() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    // MARK: Reading

    /// What comes next; empty at the end of the stream.
    public func receive(atMost count: Int = 1 << 18) async throws -> [UInt8] {
        let waiting = inbox.withLock { inbox in
            let part = Array(inbox.prefix(count))
            inbox.removeFirst(part.count)
            return part
        }
        if !waiting.isEmpty { return waiting }
        let descriptor = descriptor
        return try await blocking {
            var bytes = [UInt8](repeating: 0, count: count)
            let received = recv(descriptor, &bytes, count, 0)
            guard received >= 0 else { throw Failure("receive") }
            return Array(bytes.prefix(received))
        }
    }

    public func receive(exactly count: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let part = try await receive(atMost: count - bytes.count)
            guard !part.isEmpty else { throw Failure("end of stream") }
            bytes += part
        }
        return bytes
    }

    /// The text up to and with `end`.
    public func receive(until end: String) async throws -> String {
        let mark = Array(end.utf8)
        var bytes: [UInt8] = []
        while true {
            let part = try await receive()
            guard !part.isEmpty else { throw Failure("end of stream after \(String(decoding: bytes, as: UTF8.self))") }
            let from = max(0, bytes.count - mark.count)
            bytes += part
            if let found = bytes[from...].firstRange(of: mark) {
                let rest = Array(bytes[found.upperBound...])
                inbox.withLock { $0 = rest + $0 }
                return String(decoding: bytes[..<found.upperBound], as: UTF8.self)
            }
        }
    }

    public func receiveAll() async throws -> String {
        var bytes: [UInt8] = []
        while true {
            let part = try await receive()
            if part.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            bytes += part
        }
    }

    /// A message with a `Content-Length`: its head and its body.
    public func receiveMessage() async throws -> (head: String, body: String) {
        let head = try await receive(until: "\r\n\r\n")
        let length =
            head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.split(separator: ":")[1].trimmingPrefix { $0 == " " }) } ?? 0
        return (head, String(decoding: try await receive(exactly: length), as: UTF8.self))
    }

    func blocking<T: Sendable>(
        on queue: DispatchQueue? = nil, _ body: @escaping @Sendable () throws -> T
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            (queue ?? self.queue).async { continuation.resume(with: Result { try body() }) }
        }
    }
}
