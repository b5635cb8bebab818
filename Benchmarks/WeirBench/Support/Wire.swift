import Foundation
import Glibc

/// One connection on which a thread speaks HTTP/1.1 and waits: so little that what is measured is the server.
final class Wire {
    struct Answer {
        var status: Int
        var headers: [String: String]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }

        /// A field of the JSON object in the body.
        func field(_ name: String) throws -> String {
            guard let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
                let value = object[name] as? String
            else { throw Tool.Failure(description: "no \(name) in: \(text)") }
            return value
        }
    }

    private let socket: Int32
    private var buffer: [UInt8] = []

    /// To a port of this machine.
    init(port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        try connect(&address)
        var one: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// To a socket in the file system.
    init(path: String) throws {
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { place in
            place.copyBytes(from: path.utf8.prefix(place.count - 1))
        }
        try connect(&address)
    }

    deinit { close(socket) }

    private func connect<Address>(_ address: inout Address) throws {
        let done = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                Glibc.connect(socket, $0.baseAddress, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard done == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    // MARK: Asking

    /// Sends a request and waits for its answer.
    func ask(_ method: String, _ path: String, _ headers: [String] = [], json: String? = nil) throws -> Answer {
        try send(method, path, headers, json: json)
        return try answer(hasBody: method != "HEAD")
    }

    /// Like `ask`, and throws when the answer is not of the kind 2xx.
    @discardableResult
    func need(_ method: String, _ path: String, _ headers: [String] = [], json: String? = nil) throws -> Answer {
        let answer = try ask(method, path, headers, json: json)
        guard (200..<300).contains(answer.status) else {
            throw Tool.Failure(description: "\(method) \(path): \(answer.status) \(answer.text)")
        }
        return answer
    }

    func send(_ method: String, _ path: String, _ headers: [String], json: String? = nil) throws {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: bench\r\n"
        for header in headers { head += header + "\r\n" }
        if let json { head += "Content-Type: application/json\r\nContent-Length: \(json.utf8.count)\r\n" }
        head += "\r\n" + (json ?? "")
        var text = head
        try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.send(
                socket, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else {
                if count < 0, errno == EINTR { continue }
                throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
            }
            rest = rest.dropFirst(count)
        }
    }

    // MARK: Reading

    func answer(hasBody: Bool = true) throws -> Answer {
        var answer = try head()
        guard hasBody, answer.status != 204, answer.status != 304 else { return answer }
        if answer.headers["transfer-encoding"]?.lowercased() == "chunked" {
            while true {
                let size = Int(try line(), radix: 16) ?? 0
                answer.body += try take(size)
                _ = try line()
                if size == 0 { return answer }
            }
        }
        answer.body = try take(Int(answer.headers["content-length"] ?? "0") ?? 0)
        return answer
    }

    /// The status and the header alone; what follows is read by `wait`.
    func head() throws -> Answer {
        let status = try line().split(separator: " ")
        var headers: [String: String] = [:]
        while true {
            let field = try line()
            if field.isEmpty { break }
            let parts = field.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
        }
        return Answer(status: status.count > 1 ? Int(status[1]) ?? 0 : 0, headers: headers, body: [])
    }

    /// Reads on until one of the texts has come; returns which. Nil when the connection ended before.
    func wait(for texts: [String]) throws -> String? {
        while true {
            let read = String(decoding: buffer, as: UTF8.self)
            if let found = texts.first(where: { read.contains($0) }) { return found }
            guard try fill() else { return nil }
        }
    }

    private func line() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                let line = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeFirst(end + 1)
                return line.hasSuffix("\r") || line.hasSuffix("\r\n") ? String(line.unicodeScalars.dropLast()) : line
            }
            guard try fill() else { throw Tool.Failure(description: "the connection ended before the answer") }
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count {
            guard try fill() else { throw Tool.Failure(description: "the connection ended within the answer") }
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }

    private func fill() throws -> Bool {
        let count = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 8) { place in
            let count = recv(socket, place.baseAddress, place.count, 0)
            if count > 0 { buffer += place[..<count] }
            return count
        }
        if count < 0, errno == EINTR { return try fill() }
        guard count >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        return count > 0
    }
}
