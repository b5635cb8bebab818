import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// One server-sent event.
struct ServerSentEvent: Sendable {
    var name: String
    /// Where to go on after this event.
    var id: String
    var data: JSON

    var bytes: ByteBuffer {
        var buffer = ByteBuffer(string: "event: \(name)\nid: \(id)\ndata: ")
        buffer.writeBytes(JSONWriter.bytes(of: data))
        buffer.writeString("\n\n")
        return buffer
    }
}

/// A stream of events that ends with the connection, with Weir or when its source has no more.
///
/// The source is pulled: what a slow reader has not taken is not read from the store yet.
enum ServerSentEvents {
    static let keepAlive = Duration.seconds(15)

    /// What a source gives when it is asked.
    enum Batch: Sendable {
        case events([ServerSentEvent])
        /// These are the last.
        case end([ServerSentEvent])
    }

    /// - Parameters:
    ///   - wakeUps: one element whenever there may be more; one too many does no harm.
    ///   - next: what has come since it was asked last.
    static func answer(
        _ call: Call, wakeUps: AsyncStream<Void>, next: @escaping @Sendable () async throws -> Batch
    ) throws -> Response {
        let place = try call.streams.enter()
        let request = call.request
        let body = ResponseBody { writer in
            defer { withExtendedLifetime(place) {} }
            do {
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    try await pump(wakeUps, next, into: &writer)
                }
            } catch is CancellationError {
                // The reader has gone.
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream; charset=utf-8", .accelBuffering: "no"], body: body)
    }

    private static func pump(
        _ wakeUps: AsyncStream<Void>, _ next: @Sendable () async throws -> Batch, into writer: inout any ResponseBodyWriter
    ) async throws {
        // A wake-up carries nothing, so that one waiting stands for all that came meanwhile.
        let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in wakeUps { wake.yield() }
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: keepAlive)
                    wake.yield()
                }
            }
            group.addTask {
                try await gracefulShutdown()
                wake.finish()
            }
            try await writer.write(ByteBuffer(string: ": weir\n\n"))
            wake.yield()
            var written = ContinuousClock.now
            reading: for await _ in wakes {
                switch try await next() {
                case .events(let events) where events.isEmpty:
                    guard ContinuousClock.now - written >= keepAlive * 0.9 else { continue }
                    try await writer.write(ByteBuffer(string: ": \n\n"))
                case .events(let events):
                    try await writer.write(contentsOf: events.map(\.bytes))
                    // There may be more than one batch holds.
                    wake.yield()
                case .end(let events):
                    try await writer.write(contentsOf: events.map(\.bytes))
                    break reading
                }
                written = .now
            }
            group.cancelAll()
        }
    }
}

extension HTTPField.Name {
    /// Tells a proxy in front not to collect the stream.
    static let accelBuffering = HTTPField.Name("X-Accel-Buffering")!
}
