import Hummingbird
import Logging
import NIOCore

/// What is known of a request before any route sees it.
struct RequestInformation: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// In the answer, in every error and in the log.
    let requestID: String
    /// Who sent it: where a proxy that the operator trusts is in between, whoever that names.
    var remoteAddress: String
    /// The connection that it came on.
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        requestID = Self.newID()
        channel = source.channel
        remoteAddress = source.channel.remoteAddress?.ipAddress ?? ""
        logger[metadataKey: "request_id"] = .string(requestID)
    }

    static func newID() -> String {
        let number = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - number.count) + number
    }

    /// For what a request asks of the API on its way: the same request in the log, and a route of its own.
    init(within other: RequestInformation) {
        coreContext = CoreRequestContextStorage(source: other)
        (requestID, remoteAddress, channel) = (other.requestID, other.remoteAddress, other.channel)
    }
}
