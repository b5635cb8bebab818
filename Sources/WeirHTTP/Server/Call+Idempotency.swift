import Foundation
import HTTPTypes
import Hummingbird
import WeirPlatform

extension Call {
    /// The creation's key, bound to all that the answer depends on.
    func idempotencyKey(for body: some Encodable & Sendable) throws -> IdempotencyKey? {
        guard let key = request.headers[.idempotencyKey] else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(body), as: UTF8.self)
        return try IdempotencyKey(key, request: "\(request.method) \(request.uri.path) \(text)")
    }
}
