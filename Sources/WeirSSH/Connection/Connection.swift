import CLibSSH
import Foundation
import Glibc
import Logging
import WeirEngine
import WeirModel
import WeirPlatform

/// One client's connection, from the first byte to the last. All of it happens on one thread, which waits only here.
final class Connection {
    let session: ssh_session
    let core: GatewayCore
    let peer: Peer
    let live: LiveSession
    private let descriptor: Int32
    private let callbacks: UnsafeMutablePointer<ssh_server_callbacks_struct>
    private var carriers: [any Carrier] = []
    private let event: ssh_event
    /// What arrives before the loop comes back to it.
    private var isBroken = false
    var login = Login()
    /// What the client asked for, does not get and has not been shown: libssh sends no words with a refusal.
    private var refusals: [Refusal] = []
    /// A client that opens many channels is told once of each reason.
    private var refusedChannels: Set<WeirError> = []
    var place: SSHEntrance.Environment?

    private var noted: ContinuousClock.Instant?

    /// One connection carries this many shells, commands and forwarded connections at once; some are kept for shells and commands, so that a
    /// browser behind `ssh -D` does not shut its own person out.
    private static let mostChannels = 256
    private static let mostForwards = 240
    private static let bufferSize = 128 << 10

    private struct Refusal {
        let reason: WeirError
        /// The client has it among its own messages, which few look at.
        var isLogged = false
    }

    /// How far the client has come in proving who it is.
    struct Login {
        var identity: SSHIdentity?
        var offers = 0
        var passwords = 0
        /// The last key that was offered and refused.
        var refusedKey: (user: String, fingerprint: String)?
    }

    /// The thread's whole life.
    static func serve(_ session: ssh_session, descriptor: Int32, peer: Peer, core: GatewayCore) {
        Namespace.nameThread("weir-ssh-peer")
        // Writing to what has ended is an error like any other, and ends nobody.
        var broken = sigset_t()
        sigemptyset(&broken)
        sigaddset(&broken, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &broken, nil)
        guard let live = LiveSession(source: peer.source), let event = ssh_event_new() else {
            ssh_disconnect(session)
            ssh_free(session)
            core.limits.left(peer.source, wasKnown: false)
            return
        }
        let number = core.live.add(live)
        let connection = Connection(session, descriptor, peer, live, event, core)
        connection.run()
        core.live.remove(number)
        live.close()
    }

    private init(
        _ session: ssh_session, _ descriptor: Int32, _ peer: Peer, _ live: LiveSession, _ event: ssh_event, _ core: GatewayCore
    ) {
        self.session = session
        self.descriptor = descriptor
        self.peer = peer
        self.live = live
        self.event = event
        self.core = core
        callbacks = .allocate(capacity: 1)
        callbacks.initialize(to: ssh_server_callbacks_struct())
    }

    deinit {
        callbacks.deinitialize(count: 1)
        callbacks.deallocate()
    }

    private func run() {
        ssh_set_blocking(session, 0)
        setCallbacks()
        if exchangeKeys(), ssh_event_add_session(event, session) == SSH_OK {
            carry()
            ssh_event_remove_session(event, session)
        }
        for carrier in carriers { carrier.abandon() }
        carriers = []
        settleLogin()
        core.limits.left(peer.source, wasKnown: login.identity != nil)
        ssh_disconnect(session)
        ssh_event_free(event)
        ssh_free(session)
    }

    /// Keys were offered and refused, and nothing else let in: that is one failure (X09).
    private func settleLogin() {
        guard login.identity == nil, let (user, fingerprint) = login.refusedKey, login.passwords == 0 else { return }
        let (access, source) = (core.access, peer.source)
        try? core.questions.ask { try await access.keysRefused(user, fingerprint: fingerprint, from: source) }
    }

    // MARK: Before the login

    private func exchangeKeys() -> Bool {
        let deadline = ContinuousClock.now + core.settings.loginTime
        while true {
            switch ssh_handle_key_exchange(session) {
            case SSH_OK: return true
            case SSH_AGAIN: break
            default: return false
            }
            guard wait(until: deadline) else { return false }
        }
    }

    /// Until the client has sent something, or has room for what is sent. False when the time is over or the session has to end.
    private func wait(until deadline: ContinuousClock.Instant) -> Bool {
        let left = (deadline - .now).milliseconds
        guard left > 0 else { return false }
        var polls = [ownPoll, pollfd(fd: live.wakeDescriptor, events: Int16(POLLIN), revents: 0)]
        let count = poll(&polls, 2, Int32(clamping: left))
        return count > 0 ? polls[1].revents == 0 : count < 0 && errno == EINTR
    }

    private var ownPoll: pollfd {
        let writes = ssh_get_poll_flags(session) & SSH_WRITE_PENDING != 0
        return pollfd(fd: descriptor, events: Int16(POLLIN) | (writes ? Int16(POLLOUT) : 0), revents: 0)
    }

    // MARK: The loop

    private func carry() {
        let started = ContinuousClock.now
        var buffer: UnsafeMutableRawBufferPointer?
        defer { buffer?.deallocate() }
        var mayMove = false
        while !isBroken {
            if let reason = live.reason { return end(with: reason) }
            guard ssh_is_connected(session) != 0 else { return }
            var timeout: Int32 = mayMove ? 0 : -1
            if login.identity == nil {
                let left = (started + core.settings.loginTime - .now).milliseconds
                guard left > 0 else { return }
                timeout = Int32(clamping: left)
            } else if timeout < 0, buffer != nil {
                // What is idle for a while gives its buffer back.
                timeout = 2000
            }
            var polls = [ownPoll, pollfd(fd: live.wakeDescriptor, events: Int16(POLLIN), revents: 0)]
            for carrier in carriers { carrier.addPolls(to: &polls) }
            let count = poll(&polls, nfds_t(polls.count), timeout)
            if count < 0, errno != EINTR { return }
            if count == 0, !mayMove {
                buffer?.deallocate()
                buffer = nil
                continue
            }
            if polls[1].revents != 0, live.takeWake() { holdForwards() }
            if polls[0].revents != 0 || ssh_get_poll_flags(session) & SSH_WRITE_PENDING != 0 { take() }
            if !refusals.isEmpty { tellOfRefusals() }
            guard !carriers.isEmpty else {
                mayMove = false
                continue
            }
            let shared = buffer ?? .allocate(byteCount: Self.bufferSize, alignment: 16)
            buffer = shared
            mayMove = false
            for carrier in carriers where carrier.turn(shared) { mayMove = true }
            // What was just written is on its way before anything waits for it.
            if mayMove { take() }
            noteUse()
            carriers.removeAll { $0.isOver }
        }
    }

    /// Somebody is in the environment, for as long as anything is typed or carried (X18). Once a second is often enough.
    private func noteUse() {
        guard case .environment(let workload) = login.identity?.user.place, noted.map({ .now - $0 >= .seconds(1) }) ?? true else { return }
        guard carriers.reduce(false, { $1.takeUse() || $0 }) else { return }
        noted = .now
        core.activity.saw(.ssh, in: workload)
    }

    /// Has libssh read and write what it can, and act on it.
    private func take() {
        // libssh reads a small part at a time.
        for _ in 0..<16 {
            guard ssh_event_dopoll(event, 0) != SSH_ERROR, ssh_is_connected(session) != 0 else {
                isBroken = true
                return
            }
            var one = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&one, 1, 0) > 0, one.revents & Int16(POLLIN) != 0 else { return }
        }
    }

    private func end(with reason: WeirError) {
        for carrier in carriers { carrier.end { isChinese in reason.line(in: isChinese ? .chinese : .english) } }
        ssh_session_set_disconnect_message(session, reason.line(in: .english))
        // A client shows what it was sent before it notices that it was put out: it gets the time to leave by itself.
        let hadChannels = !carriers.isEmpty
        let deadline = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < deadline, ssh_is_connected(session) != 0 {
            guard hadChannels || ssh_get_poll_flags(session) & SSH_WRITE_PENDING != 0 else { return }
            var one = ownPoll
            _ = poll(&one, 1, 200)
            guard ssh_event_dopoll(event, 0) != SSH_ERROR else { return }
        }
    }

    /// Why the session of a command that was killed is to end; nil when it may go on.
    func reasonToEnd() -> WeirError? {
        if let reason = live.reason { return reason }
        guard let identity = login.identity else { return nil }
        let (entrance, isWriting) = (core.entrance, live.isWriting)
        do {
            try core.questions.ask { try await entrance.check(identity, isWriting: isWriting) }
            return nil
        } catch {
            return error as? WeirError
        }
    }

    // MARK: What libssh calls

    static func own(_ data: UnsafeMutableRawPointer?) -> Connection? {
        data.map { Unmanaged<Connection>.fromOpaque($0).takeUnretainedValue() }
    }

    private func setCallbacks() {
        callbacks.pointee.size = MemoryLayout<ssh_server_callbacks_struct>.size
        callbacks.pointee.userdata = Unmanaged.passUnretained(self).toOpaque()
        callbacks.pointee.auth_none_function = { _, _, _ in Int32(SSH_AUTH_DENIED.rawValue) }
        callbacks.pointee.auth_password_function = { _, user, password, own in
            guard let own = Connection.own(own), let user, let password else { return Int32(SSH_AUTH_DENIED.rawValue) }
            return own.tryPassword(String(cString: password), user: String(cString: user))
        }
        callbacks.pointee.auth_pubkey_function = { _, user, key, state, own in
            guard let own = Connection.own(own), let user, let key else { return Int32(SSH_AUTH_DENIED.rawValue) }
            return own.tryKey(key, state: Int32(state), user: String(cString: user))
        }
        callbacks.pointee.channel_open_request_session_function = { _, own in Connection.own(own)?.openSession() }
        ssh_set_auth_methods(session, Int32(SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_PUBLICKEY))
        ssh_set_server_callbacks(session, callbacks)
        ssh_set_message_callback(
            session, { _, message, own in Connection.own(own)?.answer(message) ?? 1 }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func openSession() -> ssh_channel? {
        guard login.identity != nil else { return nil }
        guard carriers.count < Self.mostChannels else {
            refuseChannel(.sshTooManyChannels(Self.mostChannels))
            return nil
        }
        guard let channel = ssh_channel_new(session) else { return nil }
        carriers.append(SessionChannel(channel, of: self))
        return channel
    }

    /// What has no callback of its own: forwarding. Gives 0 when it was answered here.
    private func answer(_ message: ssh_message?) -> Int32 {
        guard let message, login.identity != nil else { return 1 }
        let (type, subtype) = (ssh_message_type(message), ssh_message_subtype(message))
        if type == Int32(SSH_REQUEST_GLOBAL.rawValue), subtype == Int32(SSH_GLOBAL_REQUEST_TCPIP_FORWARD.rawValue) {
            note(.remoteForwardingRefused())
            return 1
        }
        guard type == Int32(SSH_REQUEST_CHANNEL_OPEN.rawValue) else { return 1 }
        guard subtype == Int32(SSH_CHANNEL_DIRECT_TCPIP.rawValue) else {
            // libssh does not say of what kind a channel is that it does not know; clients ask for no other.
            if subtype == Int32(SSH_CHANNEL_UNKNOWN.rawValue) { refuseChannel(.socketForwardingRefused()) }
            return 1
        }
        guard carriers.count < Self.mostForwards else {
            refuseChannel(.sshTooManyChannels(Self.mostForwards))
            return 1
        }
        guard let host = ssh_message_channel_request_open_destination(message) else { return 1 }
        let port = Int(ssh_message_channel_request_open_destination_port(message))
        guard let (socket, way) = connect(to: String(cString: host), port: port) else { return 1 }
        guard let channel = ssh_message_channel_request_open_reply_accept(message) else {
            close(socket)
            return 1
        }
        carriers.append(ForwardChannel(channel, of: session, to: socket, way))
        return 0
    }

    /// Ends the forwarded connections that are not allowed any more (DEV-13).
    private func holdForwards() {
        guard let rule = live.forwarding else { return }
        for carrier in carriers { (carrier as? ForwardChannel)?.hold(to: rule) }
    }

    private func note(_ reason: WeirError) {
        if !refusals.contains(where: { $0.reason == reason }) { refusals.append(Refusal(reason: reason)) }
    }

    private func refuseChannel(_ reason: WeirError) {
        if refusedChannels.insert(reason).inserted { note(reason) }
    }

    /// Says at once, in every session that shows anything, what is refused and why. Without one, a client that is asked for its own messages
    /// (`ssh -v`) shows it, and the next session does.
    private func tellOfRefusals() {
        // Writing may have libssh read on, and more refused or told meanwhile.
        let pending = refusals
        for index in refusals.indices { refusals[index].isLogged = true }
        for refusal in pending where !refusal.isLogged { ssh_send_debug(session, refusal.reason.line(in: .english), 1) }
        let sessions = carriers.compactMap { $0 as? SessionChannel }
        for reason in pending.map(\.reason) {
            let told = sessions.map { $0.tellNow(reason) }
            if told.contains(true) { refusals.removeAll { $0.reason == reason } }
        }
    }

    /// To be told on the first channel that shows anything.
    func takeRefusals() -> [WeirError] {
        defer { refusals = [] }
        return refusals.map(\.reason)
    }
}
