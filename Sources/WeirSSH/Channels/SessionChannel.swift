import CLibSSH
import Foundation
import Glibc
import Logging
import WeirEngine
import WeirModel

/// A channel on which a shell, a command or the file protocol runs.
final class SessionChannel: Carrier {
    /// What the client asked for, to be begun when libssh is done with the request.
    enum Request {
        case shell
        case command(String)
        case files
    }

    let channel: ssh_channel
    private let session: ssh_session
    private unowned let connection: Connection
    private let callbacks: UnsafeMutablePointer<ssh_channel_callbacks_struct>
    private var variables: [String: String] = [:]
    private var terminal: TerminalSize?
    private var request: Request?
    private var command: (any RunningCommand)?
    private var pump: Pump?
    private var ending: CommandEnding?
    private var isClosing = false
    private var isInputOver = false
    private var isUsed = false
    /// Folders are sealed before the first answer goes out.
    private var seal: (() -> Void)?
    private(set) var isOver = false

    init(_ channel: ssh_channel, of connection: Connection) {
        self.channel = channel
        self.connection = connection
        session = connection.session
        callbacks = .allocate(capacity: 1)
        callbacks.initialize(to: ssh_channel_callbacks_struct())
        callbacks.pointee.size = MemoryLayout<ssh_channel_callbacks_struct>.size
        callbacks.pointee.userdata = Unmanaged.passUnretained(self).toOpaque()
        setCallbacks()
        ssh_set_channel_callbacks(channel, callbacks)
    }

    deinit {
        callbacks.deinitialize(count: 1)
        callbacks.deallocate()
    }

    private static func own(_ data: UnsafeMutableRawPointer?) -> SessionChannel? {
        data.map { Unmanaged<SessionChannel>.fromOpaque($0).takeUnretainedValue() }
    }

    private func setCallbacks() {
        callbacks.pointee.channel_data_function = { _, _, data, count, isErrors, own in
            guard let own = SessionChannel.own(own), let data, isErrors == 0 else { return Int32(clamping: count) }
            return Int32(clamping: own.pump?.take(data, Int(count)) ?? (own.ending == nil ? 0 : Int(count)))
        }
        callbacks.pointee.channel_eof_function = { _, _, own in SessionChannel.own(own)?.inputEnded() }
        callbacks.pointee.channel_close_function = { _, _, own in SessionChannel.own(own)?.isClosing = true }
        callbacks.pointee.channel_pty_request_function = { _, _, name, columns, rows, _, _, own in
            guard let own = SessionChannel.own(own), own.isFresh else { return -1 }
            let name = name.map { String(cString: $0) } ?? ""
            own.variables["TERM"] = SSHVariables.acceptsTerminal(name) ? name : "xterm"
            own.terminal = TerminalSize(columns: Int(columns), rows: Int(rows))
            return 0
        }
        callbacks.pointee.channel_pty_window_change_function = { _, _, columns, rows, _, _, own in
            guard let own = SessionChannel.own(own), own.terminal != nil else { return -1 }
            let size = TerminalSize(columns: Int(columns), rows: Int(rows))
            own.terminal = size
            own.command?.resize(size)
            return 0
        }
        callbacks.pointee.channel_env_request_function = { _, _, name, value, own in
            guard let own = SessionChannel.own(own), own.isFresh, let name, let value, own.variables.count < SSHVariables.most else {
                return 1
            }
            let (key, text) = (String(cString: name), String(cString: value))
            guard SSHVariables.accepts(key, text) else { return 1 }
            own.variables[key] = text
            return 0
        }
        callbacks.pointee.channel_shell_request_function = { _, _, own in SessionChannel.own(own)?.begin(.shell) ?? 1 }
        callbacks.pointee.channel_exec_request_function = { _, _, command, own in
            guard let command else { return 1 }
            return SessionChannel.own(own)?.begin(.command(String(cString: command))) ?? 1
        }
        callbacks.pointee.channel_subsystem_request_function = { _, _, name, own in
            guard let name, String(cString: name) == "sftp" else { return 1 }
            return SessionChannel.own(own)?.begin(.files) ?? 1
        }
        callbacks.pointee.channel_signal_function = { _, _, name, own in
            guard let own = SessionChannel.own(own), let name else { return }
            if let number = SignalName.number(String(cString: name)) { own.command?.signal(number) }
        }
    }

    /// Nothing has been asked for yet: one channel carries one thing.
    private var isFresh: Bool { request == nil && command == nil && ending == nil && !isClosing }

    private func begin(_ request: Request) -> Int32 {
        guard isFresh else { return 1 }
        self.request = request
        return 0
    }

    private func inputEnded() {
        isInputOver = true
        pump?.endInput()
    }

    // MARK: A turn

    func addPolls(to polls: inout [pollfd]) {
        guard let command else { return }
        pump?.addPolls(to: &polls)
        if ending == nil { polls.append(pollfd(fd: command.ended, events: Int16(POLLIN), revents: 0)) }
    }

    func turn(_ buffer: UnsafeMutableRawBufferPointer) -> Bool {
        if isOver { return false }
        if let request, command == nil, ending == nil {
            self.request = nil
            start(request)
        }
        if isClosing {
            abandon()
            return false
        }
        guard let pump, let command else { return false }
        if let seal, Self.isReadable(pump.output) {
            seal()
            self.seal = nil
        }
        let moved = pump.turn(buffer)
        if ending == nil { ending = command.ending() }
        // What the command wrote before its end is read to the end; what it left running in the background is not waited for.
        if let ending, pump.isOutputOver || !moved && !Self.isReadable(pump.output) && !Self.isReadable(pump.errors) {
            finish(ending)
            return false
        }
        return moved
    }

    /// Output that a terminal shows by itself, as of `top`, is no use of it.
    func takeUse() -> Bool {
        defer { isUsed = false }
        return pump?.takeUse(givingCounts: terminal == nil) == true || isUsed
    }

    private static func isReadable(_ descriptor: Int32) -> Bool {
        guard descriptor >= 0 else { return false }
        var one = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&one, 1, 0) > 0 && one.revents & Int16(POLLIN) != 0
    }

    private func start(_ request: Request) {
        do {
            let started = try connection.start(request, variables: variables, terminal: terminal) { [unowned self] line in self.tell(line) }
            command = started.command
            isUsed = true
            seal = started.seal
            let running = started.command
            pump = Pump(
                channel, of: session, input: { running.input }, closeInput: { running.closeInput() }, output: running.output,
                errors: running.errors, beforeOpening: started.beforeOpening, brought: started.brought,
                refusal: started.refusal?.line(in: language))
            if isInputOver { pump?.endInput() }
        } catch {
            let told = (error as? WeirError) ?? .internalFailure()
            if !(error is WeirError) { connection.core.logger.error("ssh: a session failed", metadata: ["error": "\(error)"]) }
            tell(told.line(in: language))
            ending = .exited(255)
            close(with: 255)
        }
    }

    private var language: Language {
        let tongue = variables["LC_ALL"] ?? variables["LC_MESSAGES"] ?? variables["LANG"] ?? ""
        return tongue.hasPrefix("zh") ? .chinese : .english
    }

    private func tell(_ line: String) {
        let text = terminal == nil ? line + "\n" : "\r\n" + line + "\r\n"
        _ = text.withCString { ssh_channel_write_stderr(channel, $0, UInt32(strlen($0))) }
    }

    /// Tells a person who has something running here, now. False when nothing runs.
    func tellNow(_ reason: WeirError) -> Bool {
        guard command != nil, !isOver else { return false }
        tell(reason.line(in: language))
        return true
    }

    // MARK: The end

    private func finish(_ ending: CommandEnding) {
        // A command that is killed may have been killed because all of it was stopped.
        if ending == .signalled(9) || ending == .exited(128 + 9), let reason = connection.reasonToEnd() { tell(reason.line(in: language)) }
        switch ending {
        case .exited(let status): ssh_channel_request_send_exit_status(channel, status)
        case .signalled(let number):
            if let name = SignalName.name(number) {
                ssh_channel_request_send_exit_signal(channel, name, 0, "", "")
            } else {
                ssh_channel_request_send_exit_status(channel, 128 + number)
            }
        }
        ssh_channel_send_eof(channel)
        ssh_channel_close(channel)
        abandon()
    }

    private func close(with status: Int32) {
        ssh_channel_request_send_exit_status(channel, status)
        ssh_channel_send_eof(channel)
        ssh_channel_close(channel)
        abandon()
    }

    func end(with line: (Bool) -> String) {
        guard !isOver else { return }
        tell(line(language == .chinese))
        close(with: 255)
    }

    func abandon() {
        guard !isOver else { return }
        isOver = true
        command?.close()
        command = nil
        pump = nil
        ssh_remove_channel_callbacks(channel, callbacks)
        ssh_channel_free(channel)
    }
}
