import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Synchronization
import WeirModel
import WeirPlatform

/// One server-sent event.
struct ServerSentEvent: Sendable {
    var name: String
    /// Where to go on after this event; nil where nothing follows.
    var id: String?
    var data: JSON

    var bytes: ByteBuffer {
        var buffer = ByteBuffer(string: "event: \(name)\n")
        if let id { buffer.writeString("id: \(id)\n") }
        buffer.writeString("data: ")
        buffer.writeBytes(JSONWriter.bytes(of: data))
        buffer.writeString("\n\n")
        return buffer
    }
}

/// What must go on holding for a stream to go on: the login under which it was opened, and the right to what it tells.
struct StreamRight: Sendable {
    let accounts: Accounts
    /// When to ask anew, beside whenever a login may have ended or somebody may have come or gone.
    var changes: AsyncStream<Void>?
    /// Throws when the caller may no longer listen.
    let check: @Sendable (Caller) async throws -> Void

    /// Throws when whoever has the secret may no longer listen.
    fileprivate func require(_ secret: String) async throws {
        let caller = try await accounts.authenticate(secret)
        try caller.requireOwnPassword()
        try await check(caller)
    }
}

/// A stream of events that ends with the connection, with Weir, with the reader's right to it or when its source has no more.
///
/// The source is pulled: what a slow reader has not taken is not read yet.
enum ServerSentEvents {
    static let keepAlive = Duration.seconds(15)

    /// - Parameters:
    ///   - last: the name of an event that tells the reader that nothing more will come.
    ///   - show: turns what the source gives into events.
    static func answer<Source: AsyncSequence & Sendable>(
        _ call: Call, _ source: Source, under right: StreamRight, last: String? = nil,
        show: @escaping @Sendable (Source.Element) async throws -> [ServerSentEvent]
    ) throws -> Response {
        let place = try call.streams.enter(call.caller.id)
        let secret = try call.secret
        // From before the first look on, so that nothing is missed in between.
        let changes = [right.accounts.loginAndMemberChanges()] + (right.changes.map { [$0] } ?? [])
        let mailbox = Mailbox()
        let ask: @Sendable () async -> Void = {
            do {
                try await right.require(secret)
            } catch is CancellationError {
                // The stream is over already.
            } catch {
                mailbox.close(with: [failure(error, call)])
            }
        }
        let end = last.map { [ServerSentEvent(name: $0, id: nil, data: [:])] } ?? []
        let body = ResponseBody { writer in
            defer { withExtendedLifetime(place) {} }
            do {
                try await call.request.body.consumeWithCancellationOnInboundClose { _ in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask {
                            do {
                                for try await batch in source { await mailbox.put(try await show(batch)) }
                                mailbox.close(with: end)
                            } catch is CancellationError {
                                mailbox.close(with: [])
                            } catch {
                                mailbox.close(with: [failure(error, call)])
                            }
                        }
                        group.addTask { try await mailbox.keepAlive(every: keepAlive) }
                        for change in changes {
                            group.addTask { for await _ in change { await ask() } }
                        }
                        group.addTask {
                            // Time ends a login without telling anybody.
                            while true {
                                await ask()
                                try await Task.sleep(for: keepAlive)
                            }
                        }
                        group.addTask {
                            try await gracefulShutdown()
                            mailbox.close(with: [])
                        }
                        // The reader learns at once that the stream is there.
                        try await writer.write(ByteBuffer(string: ": weir\n\n"))
                        for await _ in mailbox.knocks {
                            let (events, isLast) = mailbox.take()
                            if events.isEmpty, !isLast { try await writer.write(ByteBuffer(string: ":\n\n")) }
                            if !events.isEmpty { try await writer.write(contentsOf: events.map(\.bytes)) }
                            if isLast { break }
                        }
                        group.cancelAll()
                    }
                }
            } catch is CancellationError {
                // The reader has gone.
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream; charset=utf-8", .accelBuffering: "no"], body: body)
    }

    private static func failure(_ error: any Error, _ call: Call) -> ServerSentEvent {
        let failure = ErrorAnswer.weirError(for: error, logger: call.information.logger)
        return ServerSentEvent(
            name: "error", id: nil,
            data: ErrorAnswer.json(of: failure, in: call.language, requestID: call.information.requestID))
    }
}

/// Hands one batch at a time from the source to the writer; the source waits until its batch is taken.
private final class Mailbox: Sendable {
    private struct State {
        var events: [ServerSentEvent] = []
        var isClosed = false
        /// The source's batch was taken, or the stream is over.
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    /// One element when there is something to take, or when the reader should be told that the stream lives.
    let knocks: AsyncStream<Void>
    private let knock: AsyncStream<Void>.Continuation

    init() { (knocks, knock) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func put(_ events: [ServerSentEvent]) async {
        guard !events.isEmpty else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isOver = state.withLock { state in
                    guard !state.isClosed, !Task.isCancelled else { return true }
                    state.events = events
                    state.waiting = continuation
                    return false
                }
                if isOver { continuation.resume() } else { knock.yield() }
            }
        } onCancel: {
            close(with: [])
        }
    }

    func close(with last: [ServerSentEvent]) {
        let waiting = state.withLock { state in
            guard !state.isClosed else { return nil as CheckedContinuation<Void, Never>? }
            state.isClosed = true
            state.events += last
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
        knock.yield()
    }

    func take() -> (events: [ServerSentEvent], isLast: Bool) {
        let (events, isLast, waiting) = state.withLock { state in
            defer { (state.events, state.waiting) = ([], nil) }
            return (state.events, state.isClosed, state.waiting)
        }
        waiting?.resume()
        return (events, isLast)
    }

    func keepAlive(every interval: Duration) async throws {
        while true {
            try await Task.sleep(for: interval)
            knock.yield()
        }
    }
}

extension HTTPField.Name {
    /// Tells a proxy in front not to collect the stream.
    static let accelBuffering = HTTPField.Name("X-Accel-Buffering")!
}
