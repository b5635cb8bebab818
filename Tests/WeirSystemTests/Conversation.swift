import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport

/// A person's program that talks to a Weir which may be killed at any moment: what got no answer is sent again, under the
/// same key.
struct Conversation: Sendable {
    let weir: WeirProcess
    var token = ""

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: Data

        var json: JSON { (try? JSON(body)) ?? .null }
    }

    /// Returns the first answer that is not "later". Throws when there is none in a minute.
    func send(
        _ method: HTTPMethod, _ path: String, json: String? = nil, bytes: Data? = nil, headers: [(String, String)] = [],
        key: String? = nil
    ) async throws -> Answer {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            if let answer = try? await once(method, path, json: json, bytes: bytes, headers: headers, key: key),
                answer.status != 503
            {
                return answer
            }
            guard ContinuousClock.now < deadline else {
                throw WeirProcess.Failure("no answer to \(method) \(path):\n\(await weir.log.suffix(2000))")
            }
            try await Task.sleep(for: .milliseconds(15))
        }
    }

    /// One try. Throws when the connection breaks.
    func once(
        _ method: HTTPMethod, _ path: String, json: String? = nil, bytes: Data? = nil, headers: [(String, String)] = [],
        key: String? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://\(weir.api)\(path)")
        request.method = method
        if !token.isEmpty { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let key { request.headers.add(name: "Idempotency-Key", value: key) }
        if let json {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: json))
        }
        if let bytes { request.body = .bytes(ByteBuffer(bytes: bytes)) }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let body = try await response.body.collect(upTo: 64 << 20)
        return Answer(status: Int(response.status.code), headers: response.headers, body: Data(body.readableBytesView))
    }

    /// Sends until it has been done, and returns what came. Throws when Weir refuses.
    func done(
        _ method: HTTPMethod, _ path: String, json: String? = nil, bytes: Data? = nil, headers: [(String, String)] = [],
        key: String? = nil
    ) async throws -> Answer {
        let answer = try await send(method, path, json: json, bytes: bytes, headers: headers, key: key)
        guard (200..<300).contains(answer.status) else {
            throw WeirProcess.Failure(
                "\(method) \(path) \(json ?? "") was answered \(answer.status): \(String(decoding: answer.body, as: UTF8.self))")
        }
        return answer
    }

    /// Logs in with the one-time password, chooses another, and goes on with an API token.
    mutating func logInForTheFirstTime() async throws {
        let once = try weir.oneTimePassword.trimmingCharacters(in: .whitespacesAndNewlines)
        token = try await logIn(once)
        _ = try await done(
            .PUT, "/api/v1/account/password",
            json: #"{"current_password":"\#(once)","new_password":"\#(Self.password)"}"#)
        token = try await logIn(Self.password)
        let secret = try await done(.POST, "/api/v1/tokens", json: #"{"name":"story"}"#).json["secret"].text
        token = secret
    }

    static let password = "a password for tests"

    func logIn(_ password: String) async throws -> String {
        try await done(
            .POST, "/api/v1/sessions", json: #"{"login":"operator","password":"\#(password)"}"#
        ).json["secret"].text
    }

    /// Looks at the workload until it is so.
    func workload(_ id: String, within limit: Duration = .seconds(60), _ isSo: (JSON) -> Bool) async throws -> JSON {
        let deadline = ContinuousClock.now + limit
        while true {
            let workload = try await done(.GET, "/api/v1/workloads/\(id)").json
            if isSo(workload) { return workload }
            guard ContinuousClock.now < deadline else {
                throw WeirProcess.Failure("waited in vain: \(workload)\n\(await weir.log.suffix(2000))")
            }
            try await Task.sleep(for: .milliseconds(40))
        }
    }
}

extension Conversation {
    /// What a service answers on its external port.
    func page(port: Int, within limit: Duration = .seconds(20)) async throws -> String {
        let deadline = ContinuousClock.now + limit
        while true {
            let answer = try? await HTTPClient.shared.execute(
                HTTPClientRequest(url: "http://127.0.0.1:\(port)/"), timeout: .seconds(5))
            if let answer, answer.status == .ok { return String(buffer: try await answer.body.collect(upTo: 1 << 20)) }
            guard ContinuousClock.now < deadline else { throw WeirProcess.Failure("port \(port) does not answer") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
