import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import WeirModel

/// Asks tools when they were last used.
protocol ActivityProbe: Sendable {
    /// Nil when the tool does not answer, or not in a way that is understood.
    func activity(at target: HealthTarget) async -> ToolActivity?
}

/// The word of a tool on its kernels and terminals.
struct ToolActivity: Hashable {
    /// Nil when nobody has used it yet.
    var last: Timestamp?
    /// A kernel computes, or waits for something, right now.
    var isBusy = false

    /// Reads `last_activity` and `execution_state` wherever they stand. Nil when it is no JSON.
    init?(_ json: Data) {
        guard let value = try? JSONSerialization.jsonObject(with: json) else { return nil }
        take(value, depth: 0)
    }

    /// Lists and objects within each other; those of a tool are not deep.
    private static let deepest = 8

    private mutating func take(_ value: Any, depth: Int) {
        guard depth < Self.deepest else { return }
        if let list = value as? [Any] {
            for one in list { take(one, depth: depth + 1) }
        } else if let object = value as? [String: Any] {
            if let time = (object["last_activity"] as? String).flatMap(Self.time) { last = max(last ?? time, time) }
            if object["execution_state"] as? String == "busy" { isBusy = true }
            for (_, one) in object where one is [Any] || one is [String: Any] { take(one, depth: depth + 1) }
        }
    }

    /// ISO 8601 with any number of digits behind the point: Jupyter gives six.
    private static func time(_ text: String) -> Timestamp? {
        guard let dot = text.firstIndex(of: ".") else { return Timestamp(text) }
        let fraction = text[text.index(after: dot)...].prefix { $0.isNumber }
        let zone = text[text.index(dot, offsetBy: fraction.count + 1)...]
        return Timestamp("\(text[..<dot]).\((fraction + "000").prefix(3))\(zone)")
    }
}

extension NetworkProbe: ActivityProbe {
    private static let largestAnswer = 1 << 20

    func activity(at target: HealthTarget) async -> ToolActivity? {
        guard let path = target.path else { return nil }
        var request = HTTPClientRequest(url: "http://\(Backend(host: target.address, port: target.port))\(path)")
        if let authorization = target.authorization { request.headers.add(name: "Authorization", value: authorization) }
        // A tool that does not answer has not told anything.
        guard let response = try? await client.execute(request, timeout: Self.timeout), response.status == .ok,
            let body = try? await response.body.collect(upTo: Self.largestAnswer)
        else { return nil }
        return ToolActivity(Data(body.readableBytesView))
    }
}
