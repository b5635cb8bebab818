import WeirModel
import WeirPlatform
import WeirStore

/// An external port as the API shows it, with what the gateway has counted and not yet written down.
struct PortView: JSONConvertible {
    let port: PortRecord
    let mode: PortMode
    let host: String
    /// The gateway speaks TLS at every door of its own, in whatever mode (INF-08).
    let isTLS: Bool
    let traffic: PortCount?
    let idleLimit: Duration

    var json: JSON {
        let active = max(port.activeAt, traffic?.activeAt ?? port.activeAt)
        let address = "\(host.contains(":") ? "[\(host)]" : host):\(port.number)"
        return [
            "number": port.number, "address": address, "url": mode == .http ? "\(isTLS ? "https" : "http")://\(address)/" : nil,
            "mode": mode, "tls": isTLS, "opened_at": port.openedAt,
            "active_at": active, "released_at": active + idleLimit,
            "requests": max(port.requests, traffic?.requests ?? 0), "errors": max(port.errors, traffic?.errors ?? 0),
        ]
    }
}
