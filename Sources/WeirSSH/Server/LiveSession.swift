import Glibc
import Synchronization
import WeirModel
import WeirPlatform

/// What others may do with a connection that a thread serves: see who it is, and have it end.
final class LiveSession: Sendable {
    let source: SSHSource
    private let wake: (read: Int32, write: Int32)
    private let state = Mutex(State())

    private struct State {
        var identity: SSHIdentity?
        var isWriting = false
        var forwarding: SSHForwarding?
        var room = Room()
        var reason: WeirError?
        var isClosed = false
    }

    /// What a session that writes may still bring, by the last count of what is kept.
    private struct Room {
        /// Nil without a limit.
        var left: Bytes?
        /// Since the count began.
        var brought: Int64 = 0
        /// When the next count may be made; nil while one is made.
        var next: ContinuousClock.Instant? = .now
    }

    /// A limit that is set while a session lasts is noticed by then.
    private static let unlimitedPause = Duration.seconds(30)
    /// A folder is counted for this part of the time at the most, however full it is.
    private static let countingShare = 10

    init?(source: SSHSource) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        self.source = source
        wake = (ends[0], ends[1])
    }

    /// Readable when the session has to end, or forwarded connections of it may have to.
    var wakeDescriptor: Int32 { wake.read }

    var identity: SSHIdentity? { state.withLock { $0.identity } }
    var isWriting: Bool { state.withLock { $0.isWriting } }
    /// The rule by which its connections are forwarded; nil before the first.
    var forwarding: SSHForwarding? { state.withLock { $0.forwarding } }
    /// Why it has to end; nil while it may go on.
    var reason: WeirError? { state.withLock { $0.reason } }

    func logIn(_ identity: SSHIdentity) { state.withLock { $0.identity = identity } }
    func setWriting() { state.withLock { $0.isWriting = true } }

    /// The rule for connections that are forwarded: those that it does not allow are to end.
    func hold(to rule: SSHForwarding) {
        state.withLock { state in
            guard state.forwarding != rule, state.reason == nil, !state.isClosed else { return }
            state.forwarding = rule
            _ = write(wake.write, "x", 1)
        }
    }

    /// To be called when it was awake: it is readable again with the next news. False when there was none.
    func takeWake() -> Bool {
        var byte: UInt8 = 0
        return read(wake.read, &byte, 1) == 1
    }

    /// Bytes went from the client to the folder.
    func bring(_ count: Int) { state.withLock { $0.room.brought += Int64(count) } }

    /// Whether what is kept is to be counted now. To be followed by `counted`.
    func beginCounting(at now: ContinuousClock.Instant = .now) -> SSHIdentity? {
        state.withLock { state in
            guard state.isWriting, state.reason == nil, !state.isClosed, let next = state.room.next, next <= now else { return nil }
            if let left = state.room.left, state.room.brought < left.count { return nil }
            state.room.next = nil
            state.room.brought = 0
            return state.identity
        }
    }

    func counted(_ left: Bytes?, since begun: ContinuousClock.Instant) {
        state.withLock { state in
            let now = ContinuousClock.now
            state.room.left = left
            state.room.next = now + (left == nil ? Self.unlimitedPause : (now - begun) * Self.countingShare)
        }
    }

    func end(with reason: WeirError) {
        state.withLock { state in
            guard state.reason == nil, !state.isClosed else { return }
            state.reason = reason
            _ = write(wake.write, "x", 1)
        }
    }

    func close() {
        state.withLock { state in
            state.isClosed = true
            Glibc.close(wake.read)
            Glibc.close(wake.write)
        }
    }
}

/// Every connection that is served now.
final class LiveSessions: Sendable {
    private struct State {
        var next = 0
        var sessions: [Int: LiveSession] = [:]
        var whenEmpty: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    func add(_ session: LiveSession) -> Int {
        state.withLock { state in
            state.next += 1
            state.sessions[state.next] = session
            return state.next
        }
    }

    func remove(_ number: Int) {
        let last = state.withLock { state in
            state.sessions[number] = nil
            return state.sessions.isEmpty ? state.whenEmpty : nil
        }
        last?()
    }

    var all: [LiveSession] { state.withLock { Array($0.sessions.values) } }

    /// Ends all of them, and calls back when the last is gone.
    func endAll(with reason: WeirError, then done: @escaping @Sendable () -> Void) {
        let sessions = state.withLock { state in
            state.whenEmpty = done
            return Array(state.sessions.values)
        }
        if sessions.isEmpty { done() }
        for session in sessions { session.end(with: reason) }
    }
}
