import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix

/// Where a program answers when it is ready.
public struct HealthTarget: Hashable, Sendable {
    public var address: String
    public var port: Int
    /// Nil takes an open port for ready.
    public var path: String?
    public var authorization: String?
}

/// Asks a program once whether it is ready.
public protocol HealthProbe: Sendable {
    func isHealthy(_ target: HealthTarget) async -> Bool
}

struct NetworkProbe: HealthProbe {
    static let timeout = TimeAmount.seconds(2)
    let client: HTTPClient

    func isHealthy(_ target: HealthTarget) async -> Bool {
        guard let path = target.path else { return await isOpen(target) }
        var request = HTTPClientRequest(url: "http://\(target.address):\(target.port)\(path)")
        if let authorization = target.authorization { request.headers.add(name: "Authorization", value: authorization) }
        // A failure to connect or to answer is the answer "not yet".
        guard let response = try? await client.execute(request, timeout: Self.timeout) else { return false }
        return (200..<400).contains(response.status.code)
    }

    private func isOpen(_ target: HealthTarget) async -> Bool {
        let connection = ClientBootstrap(group: client.eventLoopGroup).connectTimeout(Self.timeout)
            .connect(host: target.address, port: target.port)
        guard let channel = try? await connection.get() else { return false }
        try? await channel.close()
        return true
    }
}
