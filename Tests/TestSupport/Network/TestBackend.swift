import Dispatch
import Foundation
import Glibc
import Synchronization

/// A program behind the gateway that says exactly what a test tells it to.
public enum TestBackend {
    /// Listens on a free port of the loopback while `body` runs; `serve` is called for every connection.
    public static func with<Result: Sendable>(
        serve: @escaping @Sendable (Wire) async throws -> Void,
        _ body: @Sendable (_ port: Int) async throws -> Result
    ) async throws -> Result {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard listener >= 0 else { throw Wire.Failure("socket") }
        defer { close(listener) }
        var address = Wire.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                guard bind(listener, generic, length) == 0, listen(listener, 128) == 0,
                    getsockname(listener, generic, &length) == 0
                else { throw Wire.Failure("listen") }
                return Int(
                    UInt16(
                        bigEndian: UnsafeRawPointer(generic).assumingMemoryBound(to: sockaddr_in.self).pointee.sin_port)
                )
            }
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let open = Mutex<[Wire]>([])
            group.addTask {
                let queue = DispatchQueue(label: "accept")
                await withDiscardingTaskGroup { connections in
                    while true {
                        let descriptor = await withCheckedContinuation { continuation in
                            queue.async { continuation.resume(returning: accept(listener, nil, nil)) }
                        }
                        guard descriptor >= 0 else { return }
                        let wire = Wire(descriptor: descriptor)
                        open.withLock { $0.append(wire) }
                        // A connection that the other side drops is the end of its script, not of the test.
                        connections.addTask {
                            try? await serve(wire)
                            wire.endBoth()
                        }
                    }
                }
            }
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body(port)) } catch { result = .failure(error) }
            shutdown(listener, Int32(SHUT_RDWR))
            for wire in open.withLock({ $0 }) { wire.endBoth() }
            try await group.waitForAll()
            return try result.get()
        }
    }
}
