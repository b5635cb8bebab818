import AsyncHTTPClient
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import WeirModel

@testable import weir

/// A server of uploads, lists and streams that fails as it is told to: for what the client does about it.
final class FakeServer: Sendable {
    struct State {
        var uploads: [String: (length: Int, bytes: [UInt8], name: String)] = [:]
        var received = 0
        var requests = 0
        /// What happens to the coming PATCH requests, the first first; nil goes through, and so do those after the last.
        var faults: [Fault?] = []
        var events: [String] = []
        var lastEventIDs: [String?] = []
    }

    enum Fault: CaseIterable {
        /// Refused before a byte is kept.
        case refuse
        /// Kept, but the answer says that it failed.
        case keepAndFail
        /// Half of it is kept.
        case keepHalf
        /// Answered as damaged on its way.
        case damage
        /// Another request holds the upload.
        case busy
        /// Nobody may: the account is locked.
        case locked
    }

    let state = Mutex(State())

    /// Runs the server while `body` runs with a client for it.
    static func run(_ body: @Sendable (FakeServer, APIClient) async throws -> Void) async throws {
        let server = FakeServer()
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "fake")
        logger.logLevel = .critical
        let application = Application(
            router: server.router(), configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) }, logger: logger)
        var settings = HTTPClient.Configuration()
        settings.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await application.run() }
                var iterator = ports.makeAsyncIterator()
                let number = await iterator.next() ?? 0
                let api = APIClient(
                    server: "http://127.0.0.1:\(number)", token: "secret", language: .english, http: http)
                try await body(server, api)
                group.cancelAll()
            }
        } catch {
            try await http.shutdown()
            throw error
        }
        try await http.shutdown()
    }

    private static func refusal(_ code: String) -> Response {
        Response(
            status: .init(code: 423),
            body: .init(byteBuffer: ByteBuffer(string: #"{"error":{"code":"\#(code)","message":"Locked.","subject":"upload"}}"#)))
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.post("/api/v1/assets/:asset/uploads") { request, _ in
            let length = request.headers[HTTPField.Name("Upload-Length")!].flatMap { Int($0) } ?? -1
            let name = request.headers[HTTPField.Name("Upload-Metadata")!]?.split(separator: " ").last ?? ""
            let id = self.state.withLock { state in
                let id = "upl_\(state.uploads.count)"
                state.uploads[id] = (
                    length, [], String(decoding: Data(base64Encoded: String(name)) ?? Data(), as: UTF8.self)
                )
                return id
            }
            return Response(status: .created, headers: [.location: "/api/v1/uploads/\(id)"])
        }
        router.head("/api/v1/uploads/:upload") { _, context in
            let id = try context.parameters.require("upload")
            guard let upload = self.state.withLock({ $0.uploads[id] }) else { return Response(status: .notFound) }
            return Response(status: .ok, headers: [HTTPField.Name("Upload-Offset")!: "\(upload.bytes.count)"])
        }
        router.patch("/api/v1/uploads/:upload") { request, context in
            let id = try context.parameters.require("upload")
            let bytes = Array(try await request.body.collect(upTo: 1 << 26).readableBytesView)
            let offset = request.headers[HTTPField.Name("Upload-Offset")!].flatMap { Int($0) }
            let checksum = "sha256 " + Data(SHA256.hash(data: bytes)).base64EncodedString()
            let matches = request.headers[HTTPField.Name("Upload-Checksum")!] == checksum
            return self.state.withLock { state in
                state.received += bytes.count
                guard matches, var upload = state.uploads[id] else { return Response(status: .badRequest) }
                guard offset == upload.bytes.count else { return Response(status: .conflict) }
                let fault = state.faults.isEmpty ? nil : state.faults.removeFirst()
                switch fault {
                case .refuse: return Response(status: .internalServerError)
                case .busy: return Self.refusal("upload_busy")
                case .locked: return Self.refusal("login_locked")
                case .damage: return Response(status: .init(code: 460))
                case .keepHalf: upload.bytes += bytes.prefix(bytes.count / 2)
                case .keepAndFail, nil: upload.bytes += bytes
                }
                state.uploads[id] = upload
                guard fault == nil else { return Response(status: .badGateway) }
                return Response(
                    status: .noContent, headers: [HTTPField.Name("Upload-Offset")!: "\(upload.bytes.count)"])
            }
        }
        router.get("/list") { request, _ in
            let after = request.uri.queryParameters["after"].flatMap { Int($0) } ?? 0
            self.state.withLock { $0.requests += 1 }
            let next = after + 3 < 10 ? "\"\(after + 3)\"" : "null"
            let items = (after..<min(after + 3, 10)).map {
                "{\"id\":\"t\($0)\",\"name\":\"n\",\"created_at\":\"2026-11-21T08:00:00Z\"}"
            }
            return "{\"items\":[\(items.joined(separator: ","))],\"next\":\(next)}"
        }
        router.get("/file") { request, _ in
            guard request.uri.queryParameters["path"] != "gone" else { return Response(status: .notFound) }
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "file")))
        }
        router.get("/refused") { _, _ in
            Response(
                status: .conflict,
                body: .init(
                    byteBuffer: ByteBuffer(
                        string: #"{"error":{"code":"name_taken","message":"Taken.","subject":"name"}}"#)))
        }
        router.get("/stream") { request, _ in
            // One event a connection, then the connection ends: the client has to come back for the next.
            let last = request.headers[HTTPField.Name("Last-Event-ID")!]
            let text = self.state.withLock { state in
                state.lastEventIDs.append(last)
                let position = last.flatMap { Int($0) } ?? 0
                return position < state.events.count
                    ? "event: line\nid: \(position + 1)\ndata: \(state.events[position])\n\n" : ""
            }
            return Response(
                status: .ok, headers: [.contentType: "text/event-stream"],
                body: .init(byteBuffer: ByteBuffer(string: text.isEmpty ? "event: end\ndata: {}\n\n" : text)))
        }
        return router
    }
}
