import CLibSSH
import Glibc
import Logging
import WeirEngine
import WeirModel
import WeirPlatform
import WeirStore

/// What a channel asked for begins.
extension Connection {
    struct Started {
        let command: any RunningCommand
        /// To be called before the first byte goes to the client.
        var seal: (() -> Void)?
        /// To be called before a file is opened for writing.
        var beforeOpening: ((SFTPStream.Opening) -> Void)?
        /// To be told of every byte that is brought.
        var brought: ((Int) -> Void)?
        /// Why nothing may be put into the folder.
        var refusal: WeirError?
    }

    /// Throws what the person is told.
    func start(
        _ request: SessionChannel.Request, variables: [String: String], terminal: TerminalSize?, tell: @escaping (String) -> Void
    ) throws -> Started {
        guard let identity = login.identity else { throw WeirError.sshAccessLost() }
        let language: Language = (variables["LC_ALL"] ?? variables["LANG"] ?? "").hasPrefix("zh") ? .chinese : .english
        for refusal in takeRefusals() { tell(refusal.line(in: language)) }
        switch identity.user.place {
        case .environment: break
        case .draft, .code, .netdisk:
            if case .files = request { return try startFolder(identity) { tell($0.line(in: language)) } }
            guard case .code = identity.user.place else { throw WeirError.sshOnlyFiles() }
            guard case .command(let text) = request, let git = try GitRequest(command: text) else {
                throw WeirError.sshOnlyFiles(andGit: true)
            }
            return try startGit(git, identity, version: variables["GIT_PROTOCOL"])
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

    private func startFolder(_ identity: SSHIdentity, tell: @escaping (WeirError) -> Void) throws -> Started {
        let entrance = core.entrance
        let folder = try core.questions.ask { try await entrance.folder(of: identity) }
        if let reason = folder.full {
            tell(reason)
        } else {
            live.setWriting()
        }
        let tools = core.settings.tools
        let program = try holding(folder) { whenOver in
            try ConfinedFiles.start(
                folder: folder.path, tools: tools, user: folder.isDraft ? SSHEntrance.draftUser : 0,
                isFull: folder.full != nil, whenOver: whenOver)
        }
        var started = Started(command: program, seal: { ConfinedFiles.seal(program) })
        started.refusal = folder.full
        guard folder.full == nil else { return started }
        started.brought = { [live] in live.bring($0) }
        guard folder.isDraft else { return started }
        let logger = core.logger
        started.beforeOpening = { opening in
            guard let path = opening.file(below: ConfinedFiles.root) else { return }
            do {
                try entrance.makeOwn(path, in: folder, isEmptied: opening.isEmptied)
            } catch let error as WeirError {
                tell(error)
            } catch {
                logger.error("a shared file could not be replaced", metadata: ["error": "\(error)"])
            }
        }
        return started
    }

    /// Git over the code of a project: to read for whoever may be here, to push while nothing stands against uploads.
    private func startGit(_ request: GitRequest, _ identity: SSHIdentity, version: String?) throws -> Started {
        let (entrance, turns, account) = (core.entrance, core.turns, identity.account.id)
        try turns.enter(account)
        // A turn is given back by the program's end, or here when there is none.
        var program: ConfinedProgram?
        defer { if program == nil { turns.leave(account) } }
        let (folder, repository) = try core.questions.ask {
            let folder = try await entrance.folder(of: identity)
            return (folder, try await entrance.repository(at: request.path, in: folder))
        }
        let git = ConfinedGit(folder: folder.path, tools: core.settings.tools, login: identity.account.login)
        guard request.service == .push else {
            guard repository == .present else { throw WeirError.noRepository(request.path, mayBePushed: repository == .empty) }
            let reading = try git.start(request, version: version) { turns.leave(account) }
            program = reading
            return Started(command: reading)
        }
        if let reason = folder.full { throw reason }
        guard repository != .absent else { throw WeirError.noRepository(request.path, mayBePushed: false) }
        live.setWriting()
        try core.questions.ask { try await entrance.clearBrokenPushes(at: request.path, in: folder) }
        let pushing = try holding(folder) { whenOver in
            if repository == .empty { try git.initialise() }
            return try git.start(request, version: version) {
                whenOver()
                turns.leave(account)
            }
        }
        program = pushing
        return Started(command: pushing, brought: { [live] in live.bring($0) })
    }

    /// Starts a program on a folder that is held for it, from before the first byte until the program has ended.
    private func holding(
        _ folder: SSHEntrance.Folder, _ start: (@escaping @Sendable () -> Void) throws -> ConfinedProgram
    ) throws -> ConfinedProgram {
        let hold = FolderHold()
        let (entrance, questions) = (core.entrance, core.questions)
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
            return try start { hold.release() }
        } catch {
            hold.release()
            throw error
        }
    }

    /// A socket from inside of the environment to a place in its own network; nil when that is not allowed or nobody answers.
    func connect(to host: String, port: Int) -> (socket: Int32, way: ForwardChannel.Way)? {
        guard let identity = login.identity, case .environment = identity.user.place, let environment = try? enter(identity) else {
            return nil
        }
        let network = environment.place.network.flatMap { network in
            ForwardTarget.ipv4(network.address).map { ($0, network.prefixLength, ForwardTarget.ipv4(network.gateway)) }
        }
        func place(_ host: String) -> ForwardTarget? {
            ForwardTarget(
                host: host, port: port, hostName: environment.hostName,
                network: network.map { (address: $0.0, prefixLength: $0.1, gateway: $0.2) })
        }
        // A name is looked up among the workspace's own instances; where it leads is held to the same rule as an address.
        guard let target = place(host) ?? address(ofNeighbour: host, for: identity).flatMap(place),
            case let rule = forwarding(for: identity), rule.allows(target, own: network?.0)
        else { return nil }
        live.hold(to: rule)
        let socket: Int32? =
            switch target.address {
            case .ipv4(let address): Dial.ipv4(address, port: target.port, in: environment.place)
            case .loopback:
                // Most programs listen on IPv4; some on IPv6 alone.
                Dial.ipv4(0x7f00_0001, port: target.port, in: environment.place)
                    ?? Dial.ipv6Loopback(port: target.port, in: environment.place)
            }
        return socket.map { ($0, ForwardChannel.Way(target: target, own: network?.0)) }
    }
}

extension Connection {
    private func forwarding(for identity: SSHIdentity) -> SSHForwarding {
        let entrance = core.entrance
        return (try? core.questions.ask { try await entrance.forwarding(of: identity) }) ?? .off
    }

    private func address(ofNeighbour host: String, for identity: SSHIdentity) -> String? {
        guard let neighbour = Neighbour(host: host) else { return nil }
        let entrance = core.entrance
        return (try? core.questions.ask { try await entrance.address(of: neighbour, for: identity) }) ?? nil
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
