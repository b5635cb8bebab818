import NIOCore
import WeirModel
import WeirPlatform

/// One request on its way, and what its answer needs to know of it.
struct Exchange {
    /// Where it can go, and which of them is being tried.
    var backends: [Backend]
    var turn = 0
    var tried = 1
    var isHead: Bool
    var keepAlive: Bool
    var isHTTP11: Bool
    var wantsWebSocket: Bool
    /// It may go out again on another connection: it changes nothing twice, and none of its body is gone.
    var isRepeatable: Bool
    var body: BodyLength
    var style: PageStyle
    var rules: ResponseRules
    /// By which pass it came in, for long answers and tunnels to be ended with the membership.
    var pass: EntryTokens.Pass?
    var traffic: PortTraffic?
    var usedPooled = false
    /// Of a service with several replicas: to which of them the client comes back.
    var affinity: ReplicaAffinity?
    /// Counts the request of a client that is told by its address as one on its way, for as long as this is held.
    var passage: PortTraffic.Passage?

    var backend: Backend { backends[turn % backends.count] }
}

/// What is to be done with a request.
enum Decision {
    /// `keeping` says whether the client may send another request, and how the body of this one ends.
    case answer(Answer, isHead: Bool, keepAlive: Bool, body: BodyLength)
    case exchange(Exchange)
    case terminal(TerminalUpgrade)
}
