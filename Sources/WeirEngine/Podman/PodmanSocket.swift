import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import WeirModel

/// Podman's REST API on its unix socket.
struct PodmanSocket: Sendable {
    let path: String
    private let http: HTTPClient
    private let base: String

    /// The libpod API that Podman 4 and 5 both answer.
    static let version = "v4.0.0"
    private static let largestAnswer = 32 << 20

    init(path: String) {
        self.path = path
        var configuration = HTTPClient.Configuration()
        // A stop holds its connection for the whole grace: the pool must not be what limits them.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 128
        configuration.connectionPool.idleTimeout = .seconds(30)
        configuration.timeout.connect = .seconds(5)
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let host = path.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? path
        base = "http+unix://\(host)/\(Self.version)/libpod"
    }

    func shutdown() async throws { try await http.shutdown() }

    /// Sends a request and reads the whole answer. Throws `PodmanRefusal` on any status of 400 and more.
    func call(
        _ method: HTTPMethod, _ path: String, _ query: [String: String] = [:], body: Data? = nil,
        contentType: String = "application/json", timeout: TimeAmount = .seconds(60)
    ) async throws -> Data {
        var request = self.request(method, path, query)
        if let body {
            request.headers.add(name: "Content-Type", value: contentType)
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response = try await answer(to: request, timeout: timeout)
        let bytes = try await response.body.collect(upTo: Self.largestAnswer)
        return Data(bytes.readableBytesView)
    }

    /// All of a kind. Podman gives the whole list up when one of them, whoever's, is removed while it makes the list; it is asked again then.
    func list<Item: Decodable>(_ path: String, _ query: [String: String] = [:]) async throws -> [Item] {
        var tries = 0
        while true {
            do {
                return try decode([Item]?.self, from: await call(.GET, path, query)) ?? []
            } catch let refusal as PodmanRefusal where refusal.lostOne && tries < 20 {
                tries += 1
                try await Task.sleep(for: .milliseconds(10 * tries))
            }
        }
    }

    /// Sends a request and hands out the answer while it arrives.
    func stream(
        _ method: HTTPMethod, _ path: String, _ query: [String: String] = [:],
        body: HTTPClientRequest.Body? = nil, contentType: String = "application/json", timeout: TimeAmount
    ) async throws -> HTTPClientResponse.Body {
        var request = self.request(method, path, query)
        if let body {
            request.headers.add(name: "Content-Type", value: contentType)
            request.body = body
        }
        return try await answer(to: request, timeout: timeout).body
    }

    func decode<Answer: Decodable>(_: Answer.Type, from data: Data) throws -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: data)
        } catch {
            throw WeirError.engineDown("Podman answered in an unknown form: \(error)")
        }
    }

    private func request(_ method: HTTPMethod, _ path: String, _ query: [String: String]) -> HTTPClientRequest {
        var url = base + path
        if !query.isEmpty {
            url += "?" + query.map { "\($0.key)=\(Self.escaped($0.value))" }.joined(separator: "&")
        }
        var request = HTTPClientRequest(url: url)
        // Otherwise the socket's path would be sent as the host, which Podman refuses.
        request.headers.add(name: "Host", value: "podman")
        request.method = method
        return request
    }

    private func answer(to request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
        let response: HTTPClientResponse
        do {
            response = try await http.execute(request, timeout: timeout)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw WeirError.engineDown("\(path): \(error)")
        }
        guard response.status.code >= 400 else { return response }
        let text = try await response.body.collect(upTo: 1 << 20)
        throw PodmanRefusal(status: Int(response.status.code), body: Data(text.readableBytesView))
    }

    static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
    }
}

/// Podman's own error answer.
struct PodmanRefusal: Error, CustomStringConvertible {
    let status: Int
    let cause: String
    let message: String

    init(status: Int, body: Data) {
        struct Body: Decodable {
            var cause: String?
            var message: String?
        }
        let decoded = try? JSONDecoder().decode(Body.self, from: body)
        self.status = status
        cause = decoded?.cause ?? ""
        message = decoded?.message ?? String(decoding: body.prefix(2000), as: UTF8.self)
    }

    /// True when Podman does not have the thing that was asked for. A container that went while Podman was about to look at it gets 500.
    var isMissing: Bool { status == 404 || lostContainer }
    /// The same of an image. Not of a container: one whose image is gone is there all the same.
    var isImageMissing: Bool { status == 404 || lostImage }
    /// Something of what Podman was about to look at went meanwhile.
    var lostOne: Bool { lostContainer || lostImage }
    private var lostContainer: Bool { message.contains("no such container") }
    private var lostImage: Bool { message.contains("image not known") || message.contains("layer not known") }
    var isConflict: Bool { status == 409 || message.contains("is already in use") || message.contains("already exists") }
    /// The container is ending, or has ended.
    var isNotRunning: Bool { isConflict || message.contains("container state improper") }
    var isBusy: Bool { message.contains("device or resource busy") || message.contains("is being removed") }

    var description: String { "Podman answered \(status): \(message)" }
}

extension WeirError {
    /// The engine does not answer: nothing is wrong with what was asked.
    static func engineDown(_ detail: String) -> WeirError {
        WeirError(
            "engine_down", .unavailable, subject: "engine", FailureReason.engineDown(detail: detail).message,
            remedy: FailureReason.engineDown(detail: detail).remedy)
    }
}
