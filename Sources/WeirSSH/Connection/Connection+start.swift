import CLibSSH
import Glibc
import WeirEngine
import WeirModel
import WeirPlatform

/// What a channel asked for begins.
extension Connection {
    struct Started {
        let command: any RunningCommand
        /// To be called before the first byte goes to the client.
        var seal: (() -> Void)?
    }

    /// Throws what the person is told.
    func start(
        _ request: SessionChannel.Request, variables: [String: String], terminal: TerminalSize?, tell: (String) -> Void
    ) throws -> Started {
        guard let identity = login.identity else { throw WeirError.sshAccessLost() }
        let isChinese = (variables["LC_ALL"] ?? variables["LANG"] ?? "").hasPrefix("zh")
        if let refusal = takeForwardingRefusal() { tell(refusal.line(in: isChinese ? .chinese : .english)) }
        guard case .environment = identity.user.place else {
            guard case .files = request else { throw WeirError.sshOnlyFiles() }
            return try startFolder(identity) { tell($0.line(in: isChinese ? .chinese : .english)) }
        }
        let environment = try enter(identity)
        var variables = variables
        variables["USER"] = "root"
        variables["LOGNAME"] = "root"
        variables["SSH_CONNECTION"] = "\(peer.address) \(peer.port) \(core.settings.host) \(core.settings.port)"
        variables["SSH_CLIENT"] = "\(peer.address) \(peer.port) \(core.settings.port)"
        let command = CommandStart(
            EnvironmentScript.command(request), environment: variables, terminal: request.wantsTerminal ? terminal : nil)
        return Started(command: try environment.place.start(command))
    }

    /// The environment as it is now: it may have been stopped and started since the login.
    private func enter(_ identity: SSHIdentity) throws -> SSHEntrance.Environment {
        let entrance = core.entrance
        let environment = try core.questions.ask { try await entrance.environment(of: identity) }
        place = environment
        return environment
    }

    private func startFolder(_ identity: SSHIdentity, tell: (WeirError) -> Void) throws -> Started {
        let entrance = core.entrance
        let folder = try core.questions.ask { try await entrance.folder(of: identity) }
        if let reason = folder.readOnly {
            tell(reason)
        } else {
            live.setWriting()
        }
        let hold = FolderHold()
        let questions = core.questions
        // The folder is held from before the first byte until the program has ended.
        questions.start {
            do {
                try await entrance.during(folder) {
                    hold.begin(nil)
                    await hold.untilReleased()
                }
            } catch {
                hold.begin(error)
            }
        }
        do {
            try hold.untilBegun()
            let command = try ConfinedFiles(
                folder: folder.path, tools: core.settings.tools, user: folder.isDraft ? SSHEntrance.draftUser : 0,
                isReadOnly: folder.readOnly != nil, whenOver: { hold.release() })
            return Started(command: command, seal: { command.seal() })
        } catch {
            hold.release()
            throw error
        }
    }

    /// A socket from inside of the environment to a place in its own network; nil when that is not allowed or nobody answers.
    func connect(to host: String, port: Int) -> Int32? {
        guard let identity = login.identity, case .environment = identity.user.place, let environment = try? enter(identity) else {
            return nil
        }
        let network = environment.place.network.flatMap { network in
            ForwardTarget.ipv4(network.address).map { ($0, network.prefixLength, ForwardTarget.ipv4(network.gateway)) }
        }
        guard
            let target = ForwardTarget(
                host: host, port: port, hostName: environment.hostName,
                network: network.map { (address: $0.0, prefixLength: $0.1, gateway: $0.2) })
        else { return nil }
        switch target.address {
        case .ipv4(let address): return Dial.ipv4(address, port: target.port, in: environment.place)
        case .loopback:
            // Most programs listen on IPv4; some on IPv6 alone.
            return Dial.ipv4(0x7f00_0001, port: target.port, in: environment.place)
                ?? Dial.ipv6Loopback(port: target.port, in: environment.place)
        }
    }
}

extension SessionChannel.Request {
    /// The file protocol is bytes, whatever the client asked for before.
    var wantsTerminal: Bool { if case .files = self { false } else { true } }
}

/// Connecting with a socket of an environment's network.
private enum Dial {
    /// One address of the same network answers at once or not at all.
    private static let patience: Int32 = 3000

    static func ipv4(_ number: UInt32, port: Int, in place: any CommandPlace) -> Int32? {
        guard let socket = try? place.socket(family: AF_INET) else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr = in_addr(s_addr: number.bigEndian)
        return finish(
            socket,
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            })
    }

    static func ipv6Loopback(port: Int, in place: any CommandPlace) -> Int32? {
        guard let socket = try? place.socket(family: AF_INET6) else { return nil }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = in_port_t(port).bigEndian
        withUnsafeMutableBytes(of: &address.sin6_addr) { $0[15] = 1 }
        return finish(
            socket,
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            })
    }

    private static func finish(_ socket: Int32, _ result: Int32) -> Int32? {
        if result == 0 { return socket }
        var error: Int32 = errno
        if error == EINPROGRESS {
            var one = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
            var length = socklen_t(MemoryLayout<Int32>.size)
            if poll(&one, 1, patience) > 0, getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) == 0, error == 0 { return socket }
        }
        close(socket)
        return nil
    }
}
