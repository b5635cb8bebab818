import Logging
import NIOCore
import WeirModel
import WeirPlatform

/// What all event loops of a gateway share.
struct GatewayCore: Sendable {
    let settings: GatewaySettings
    let routes: RouteTable
    let tokens: EntryTokens
    let assets: FrontendAssets?
    let clock: any WallClock
    let logger: Logger
    /// Terminals that were opened, for the server's task group to carry.
    let terminals: AsyncStream<OpenedTerminal>.Continuation
}

/// A websocket that wants a terminal.
struct OpenedTerminal: Sendable {
    let channel: any Channel
    let workload: Identifier<Workload>
    let name: String
    let size: (columns: Int, rows: Int)
}

/// Which door a connection came in at.
enum Entrance: Hashable, Sendable {
    case tools
    case port(Int)
}

/// A connection that is looked at once a second on its event loop.
protocol SweptConnection: AnyObject {
    /// Closes what has waited too long or may no longer go on.
    func sweep()
    /// Ends at once, whatever is under way.
    func cut()
}
