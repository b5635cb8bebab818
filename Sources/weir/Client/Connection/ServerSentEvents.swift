import AsyncHTTPClient
import Foundation
import NIOCore
import WeirModel

/// One event of a stream.
struct ServerSentEvent: Sendable, Equatable {
    var name: String
    var id: String?
    var data: String
}

/// Takes a stream of server-sent events apart as its bytes come in; pure, and indifferent to where the bytes are cut.
struct ServerSentEventParser {
    private var line: [UInt8] = []
    private var name = ""
    private var data: [String] = []
    private var id: String?
    private var endedWithReturn = false

    /// The events that these bytes complete.
    mutating func take(_ bytes: some Sequence<UInt8>) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            // A line ends with LF, CR or both.
            if byte == 10 && endedWithReturn {
                endedWithReturn = false
                continue
            }
            endedWithReturn = byte == 13
            guard byte == 10 || byte == 13 else {
                line.append(byte)
                continue
            }
            if let event = end(of: String(decoding: line, as: UTF8.self)) { events.append(event) }
            line.removeAll(keepingCapacity: true)
        }
        return events
    }

    private mutating func end(of line: String) -> ServerSentEvent? {
        guard !line.isEmpty else {
            defer {
                name = ""
                data = []
            }
            return data.isEmpty && name.isEmpty
                ? nil
                : ServerSentEvent(name: name.isEmpty ? "message" : name, id: id, data: data.joined(separator: "\n"))
        }
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count > 1 ? (parts[1].first == " " ? parts[1].dropFirst() : parts[1]) : ""
        switch parts[0] {
        case "event": name = String(value)
        case "data": data.append(String(value))
        case "id": id = String(value)
        default: break
        }
        return nil
    }
}

extension APIClient {
    /// Follows a stream of events; after a broken connection it goes on behind the last event, for as long as the server
    /// comes back within a minute.
    ///
    /// - Parameter handle: called for each event, in order; false ends it.
    func follow(_ call: APICall, _ handle: (ServerSentEvent) throws -> Bool) async throws {
        var last: String?
        var failures = 0
        while true {
            do {
                var call = call
                call.timeout = nil
                call.headers.append((name: "Accept", value: "text/event-stream"))
                if let last { call.headers.append((name: "Last-Event-ID", value: last)) }
                var parser = ServerSentEventParser()
                failures += 1
                for try await buffer in try await response(call).body {
                    failures = 0
                    for event in parser.take(buffer.readableBytesView) {
                        if let id = event.id { last = id }
                        guard try handle(event) else { return }
                    }
                }
            } catch let error as APIFailure {
                throw error
            } catch let error as WeirError where error.category != .unavailable {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                guard failures <= 12 else { throw error as? WeirError ?? WeirError.connectionBroke(Self.plain(error)) }
            }
            guard failures <= 12 else { throw WeirError.connectionBroke("the stream ends again and again") }
            try await Task.sleep(for: .milliseconds(min(5000, 200 << min(failures, 6))))
        }
    }

    /// The record that an event carries.
    static func decode<Record: Decodable>(_ event: ServerSentEvent, as _: Record.Type) -> Record? {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try? decoder.decode(Record.self, from: Data(event.data.utf8))
    }
}
