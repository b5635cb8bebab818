import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import WeirModel

/// The way to a server's API: sends calls, reads answers and errors.
struct APIClient: Sendable {
    /// Scheme, host and port, without a slash at the end.
    let server: String
    let token: String?
    let language: Language
    let http: HTTPClient

    /// More than any answer that is read at once; files and streams are not read at once.
    static let largestAnswer = 64 << 20
    private static let attempts = 4

    /// Sends the call and reads a JSON answer.
    ///
    /// - Throws: ``APIFailure`` when the API refuses, `WeirError` when the server is not reached.
    func answer(_ call: APICall) async throws -> JSONValue {
        let bytes = try await bytes(of: response(call), path: call.path)
        guard !bytes.isEmpty else { return .null }
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: bytes) else {
            throw WeirError.unreadableAnswer(call.path)
        }
        return value
    }

    /// Sends the call and reads a record from the answer.
    func answer<Record: Decodable>(_ call: APICall, as _: Record.Type) async throws -> Answer<Record> {
        let json = try await answer(call)
        return Answer(try Self.record(json, path: call.path), json: json)
    }

    /// Every item of a list, part after part, `most` at most.
    func list<Record: Decodable>(_ call: APICall, of _: Record.Type, most: Int = 10_000) async throws -> Answer<
        [Record]
    > {
        var items: [JSONValue] = []
        var part = call
        let limit = max(1, min(most, 200))
        var next: JSONValue = .null
        repeat {
            part.query = call.query
            // Only lists with parts know these; a list that has no further part has no limit either.
            if case .string(let after) = next {
                part.query += [(name: "limit", value: "\(limit)"), (name: "after", value: after)]
            }
            let answer = try await answer(part)
            items += answer["items"]?.items ?? []
            next = answer["next"] ?? .null
        } while next != .null && items.count < most
        if items.count > most { items = Array(items.prefix(most)) }
        let records: [Record] = try items.map { try Self.record($0, path: call.path) }
        return Answer(records, json: .object(["items": .array(items), "next": next]))
    }

    /// Sends the call; the answer's body is read by the caller. An answer that is no success is thrown.
    func response(_ call: APICall) async throws -> HTTPClientResponse {
        var attempt = 1
        while true {
            do {
                let response = try await once(call)
                guard !(200..<300).contains(Int(response.status.code)) else { return response }
                let body = try? await bytes(of: response, path: call.path)
                let failure = APIFailure(
                    httpStatus: Int(response.status.code),
                    body: body.flatMap { try? JSONDecoder().decode(JSONValue.self, from: $0) })
                guard response.status == .serviceUnavailable, attempt < Self.attempts else { throw failure }
            } catch let failure as APIFailure {
                throw failure
            } catch let error as WeirError {
                guard call.canRepeat, attempt < Self.attempts else { throw error }
            }
            try await Task.sleep(for: .milliseconds(150 << attempt))
            attempt += 1
        }
    }

    private func once(_ call: APICall) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: server + call.target)
        request.method = HTTPMethod(rawValue: call.method.rawValue)
        request.headers.add(name: "User-Agent", value: "weir/\(WeirVersion.text)")
        request.headers.add(name: "Accept-Language", value: language.rawValue)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        for (name, value) in call.headers { request.headers.add(name: name, value: value) }
        request.body = call.body
        do {
            return try await http.execute(
                request,
                deadline: call.timeout.map { .now() + .milliseconds(Int64($0.milliseconds)) } ?? .distantFuture)
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as WeirError {
            // From the body that is being sent: a file that cannot be read.
            throw error
        } catch let error as HTTPClientError where error == .invalidURL || error == .emptyHost || error == .emptyScheme {
            throw WeirError.malformed("server", "an http or https address, as http://127.0.0.1:8080")
        } catch {
            throw WeirError.unreachable(server, Self.plain(error))
        }
    }

    private func bytes(of response: HTTPClientResponse, path: String) async throws -> Data {
        do {
            let buffer = try await response.body.collect(upTo: Self.largestAnswer)
            return Data(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw WeirError.unreadableAnswer(path)
        } catch {
            throw WeirError.connectionBroke(Self.plain(error))
        }
    }

    private static func record<Record: Decodable>(_ json: JSONValue, path: String) throws -> Record {
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Record.self, from: try JSONEncoder().encode(json))
        } catch is DecodingError {
            throw WeirError.unreadableAnswer(path)
        }
    }

    /// What happened to a connection, without the types that said so.
    static func plain(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError where error == .connectTimeout: "no connection within 10 s"
        case let error as HTTPClientError where error == .deadlineExceeded: "no answer in time"
        case let error as HTTPClientError where error == .remoteConnectionClosed: "the server closed the connection"
        case is HTTPClientError: "\(error)".replacing("HTTPClientError.", with: "")
        case is NIOConnectionError: "connection refused, or no such host"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)"
        }
    }
}

/// A record of an answer, and the answer as it came.
struct Answer<Value> {
    let value: Value
    let json: JSONValue

    init(_ value: Value, json: JSONValue) {
        self.value = value
        self.json = json
    }
}

extension Answer: Sendable where Value: Sendable {}
