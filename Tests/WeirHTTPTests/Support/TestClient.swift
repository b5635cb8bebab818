import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Speaks raw HTTP with a server.
struct TestClient: Sendable {
    /// Ends a test that hangs; a busy machine hashes the passwords of many tests at once, and is not late by that.
    private static let patience = TimeAmount.seconds(180)

    let base: String
    let client: HTTPClient

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let bytes: [UInt8]

        func header(_ name: String) -> String? { headers.first(name: name) }
        var body: String { String(decoding: bytes, as: UTF8.self) }
        var json: JSONText { (try? JSONDecoder().decode(JSONText.self, from: Data(bytes))) ?? .null }
        subscript(key: String) -> JSONText { json[key] }
        var code: String { json["error"]["code"].text }
    }

    func send(
        _ method: String, _ path: String, json: JSONText? = nil, secret: String? = nil,
        headers: [(String, String)] = [], body: [UInt8]? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = HTTPMethod(rawValue: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let secret { request.headers.add(name: "Authorization", value: "Bearer \(secret)") }
        if let json {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(try JSONEncoder().encode(json))
        }
        if let body { request.body = .bytes(body) }
        let response = try await client.execute(request, timeout: Self.patience)
        let bytes = try await response.body.collect(upTo: 64 << 20)
        return Answer(status: Int(response.status.code), headers: response.headers, bytes: Array(bytes.readableBytesView))
    }

    /// The events of a stream, each with its name, id and data, until `count` have come.
    func events(_ path: String, secret: String, headers: [(String, String)] = [], count: Int) async throws -> [Event] {
        var request = HTTPClientRequest(url: base + path)
        request.headers.add(name: "Authorization", value: "Bearer \(secret)")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let response = try await client.execute(request, timeout: Self.patience)
        var events: [Event] = []
        var text = ""
        for try await piece in response.body {
            text += String(buffer: piece)
            while let end = text.range(of: "\n\n") {
                if let event = Event(String(text[..<end.lowerBound])) { events.append(event) }
                text.removeSubrange(..<end.upperBound)
                if events.count == count { return events }
            }
        }
        return events
    }

    /// Opens a stream; what is given back waits until it ends, and gives its events.
    func open(_ path: String, secret: String) async throws -> @Sendable () async throws -> [Event] {
        var request = HTTPClientRequest(url: base + path)
        request.headers.add(name: "Authorization", value: "Bearer \(secret)")
        let response = try await client.execute(request, timeout: Self.patience)
        let body = response.body
        return {
            let text = String(buffer: try await body.collect(upTo: 1 << 20))
            return text.components(separatedBy: "\n\n").compactMap { Event($0) }
        }
    }

    struct Event: Sendable {
        var name = ""
        var id = ""
        var data = JSONText.null

        /// Nil for a comment.
        init?(_ block: String) {
            for line in block.split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { continue }
                let value = String(parts[1].drop { $0 == " " })
                switch parts[0] {
                case "event": name = value
                case "id": id = value
                case "data": data = (try? JSONDecoder().decode(JSONText.self, from: Data(value.utf8))) ?? .null
                default: break
                }
            }
            if name.isEmpty { return nil }
        }
    }
}

/// Any JSON, easy to write down and to look into.
enum JSONText: Codable, Equatable, Sendable, ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
    ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    case null, bool(Bool), number(Double), text(String), list([JSONText]), object([String: JSONText])

    init(dictionaryLiteral elements: (String, JSONText)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
    init(arrayLiteral elements: JSONText...) { self = .list(elements) }
    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int) { self = .number(Double(value)) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(nilLiteral: ()) { self = .null }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONText].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: JSONText].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value):
            if let whole = Int64(exactly: value) { try container.encode(whole) } else { try container.encode(value) }
        case .text(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    subscript(key: String) -> JSONText {
        if case .object(let fields) = self { fields[key] ?? .null } else { .null }
    }
    subscript(index: Int) -> JSONText { items.indices.contains(index) ? items[index] : .null }

    var text: String { if case .text(let value) = self { value } else { "" } }
    var int: Int? { if case .number(let value) = self { Int(value) } else { nil } }
    var items: [JSONText] { if case .list(let value) = self { value } else { [] } }
    var keys: Set<String> { if case .object(let value) = self { Set(value.keys) } else { [] } }
}
