import Foundation
import Glibc
import Synchronization
import WeirModel

/// A command that an OCI runtime runs in a container. The runtime is our child: it waits for the command and passes its status on.
final class RuntimeCommand: RunningCommand {
    let output: Int32
    let errors: Int32
    let ended: Int32
    /// Descriptions that the runtime reads and writes: `NAME.json`, `NAME.pid`, `NAME.sock`.
    private let files: String
    private let runtime: pid_t
    private let isTerminal: Bool
    private let state: Mutex<State>

    private struct State {
        var input: Int32
        var ending: CommandEnding?
        /// The command's own process, seen from the host; nil until the runtime has told.
        var command: pid_t?
    }

    var input: Int32 { state.withLock { $0.input } }

    /// How long a runtime may take to make a terminal.
    private static let patience: Int32 = 10_000
    private static let newSession: Int32 = 0x80
    /// What a pipe holds: one turn of the gateway moves that much.
    private static let pipeSize: Int32 = 1 << 20

    /// `root` is the user and group of the host that root in the container is.
    init(
        _ arguments: [String], container: String, files: String, root: (user: UInt32, group: UInt32), terminal: TerminalSize?
    ) throws {
        self.files = files
        isTerminal = terminal != nil
        var opened: [Int32] = []
        var isMade = false
        defer {
            if !isMade {
                for descriptor in opened { Glibc.close(descriptor) }
                Self.remove(files)
            }
        }
        func pipe() throws -> (read: Int32, write: Int32) {
            var ends: [CInt] = [-1, -1]
            guard Kernel.pipe(&ends) == 0 else { throw WeirError.commandFailed("no descriptors are left") }
            opened += ends
            _ = fcntl(ends[0], 1031 /* F_SETPIPE_SZ */, Self.pipeSize)
            // Programs open `/dev/stderr` by its name, too, which only the owner of the pipe may.
            _ = fchown(ends[0], root.user, root.group)
            return (ends[0], ends[1])
        }
        func close(_ descriptor: Int32) {
            Glibc.close(descriptor)
            opened.removeAll { $0 == descriptor }
        }

        if terminal != nil {
            // The runtime's own words go to a pipe that is read only when it fails.
            let errors = try pipe()
            let console = try ConsoleSocket(path: files + ".sock")
            defer { console.close() }
            runtime = try Self.spawn(
                arguments + ["--tty", "--console-socket", files + ".sock", container], input: -1, output: errors.write,
                errors: errors.write)
            close(errors.write)
            ended = Kernel.processDescriptor(runtime)
            guard ended >= 0, let master = console.receive(unless: ended, within: Self.patience) else {
                let detail = Self.rest(of: errors.read)
                Self.end(runtime)
                if ended >= 0 { Glibc.close(ended) }
                throw WeirError.commandFailed(detail.isEmpty ? "the runtime made no terminal" : detail)
            }
            close(errors.read)
            Self.makeNonBlocking(master)
            output = master
            self.errors = -1
            state = Mutex(State(input: master))
        } else {
            let (input, output, errors) = (try pipe(), try pipe(), try pipe())
            runtime = try Self.spawn(
                arguments + [container], input: input.read, output: output.write, errors: errors.write)
            for descriptor in [input.read, output.write, errors.write] { close(descriptor) }
            ended = Kernel.processDescriptor(runtime)
            guard ended >= 0 else {
                Self.end(runtime)
                throw WeirError.commandFailed("no descriptors are left")
            }
            for descriptor in [input.write, output.read, errors.read] { Self.makeNonBlocking(descriptor) }
            self.output = output.read
            self.errors = errors.read
            state = Mutex(State(input: input.write))
        }
        isMade = true
        if let terminal { resize(terminal) }
    }

    func closeInput() {
        guard !isTerminal else { return }
        state.withLock { state in
            if state.input >= 0 { Glibc.close(state.input) }
            state.input = -1
        }
    }

    func ending() -> CommandEnding? {
        state.withLock { state in
            if let known = state.ending { return known }
            var raw: Int32 = 0
            guard waitpid(runtime, &raw, WNOHANG) == runtime else { return nil }
            // The runtime tells a signal as a shell does, by 128 and its number: no other can tell that from a program that gives
            // such a status itself, and it is passed on as it is.
            let ending = CommandEnding(waitStatus: raw)
            state.ending = ending
            return ending
        }
    }

    func resize(_ size: TerminalSize) {
        guard isTerminal else { return }
        var window = winsize(
            ws_row: UInt16(clamping: size.rows), ws_col: UInt16(clamping: size.columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(output, UInt(TIOCSWINSZ), &window)
    }

    func signal(_ number: Int32) { _ = send(number) }

    /// False when the runtime has not yet told which process the command is.
    private func send(_ number: Int32) -> Bool {
        state.withLock { state in
            // Once the runtime has been reaped, the number could be another's.
            guard state.ending == nil else { return true }
            if state.command == nil { state.command = Self.command(of: files) }
            guard let command = state.command else { return false }
            Self.send(number, to: command)
            return true
        }
    }

    fileprivate static func command(of files: String) -> pid_t? {
        let text = (try? String(contentsOfFile: files + ".pid", encoding: .utf8)) ?? ""
        return pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)).flatMap { $0 > 1 ? $0 : nil }
    }

    /// The runtime gives each command a session of its own; a program that is its own group gets it as well.
    fileprivate static func send(_ number: Int32, to command: pid_t) {
        if kill(-command, number) != 0 { _ = kill(command, number) }
    }

    /// As a terminal's end does: SIGHUP ends what has not asked to outlive its session, as `nohup` and `tmux` do.
    func close() {
        let isHungUp = ending() != nil || send(SIGHUP)
        closeInput()
        Glibc.close(output)
        if errors >= 0 { Glibc.close(errors) }
        if ending() != nil {
            Glibc.close(ended)
            Self.remove(files)
        } else {
            Reaper.shared.take(runtime, ended, files, isHungUp: isHungUp)
        }
    }

    // MARK: The runtime

    private static func spawn(_ arguments: [String], input: Int32, output: Int32, errors: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if input >= 0 {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        // The runtime has a session of its own and may outlive Weir: a port that it held could not be listened at by the next Weir.
        let unclosed = Kernel.addCloseFrom(&actions, 3)
        guard unclosed == 0 else { throw WeirError.commandFailed(String(cString: strerror(unclosed))) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | newSession))
        let variables: [String] = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/root"]
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = variables.map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var child: pid_t = 0
        let failure = posix_spawn(&child, arguments[0], &actions, &attributes, argv, envp)
        guard failure == 0 else { throw WeirError.commandFailed(String(cString: strerror(failure))) }
        return child
    }

    private static func end(_ runtime: pid_t) {
        kill(runtime, SIGKILL)
        var raw: Int32 = 0
        while waitpid(runtime, &raw, 0) < 0, errno == EINTR {}
    }

    private static func rest(of descriptor: Int32) -> String {
        makeNonBlocking(descriptor)
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func makeNonBlocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    static func remove(_ files: String) {
        for ending in [".json", ".pid", ".sock"] { unlink(files + ending) }
    }
}

/// Waits for runtimes whose commands were hung up on and go on for a while: each is reaped when it ends.
private final class Reaper: Sendable {
    static let shared = Reaper()

    private struct Left {
        var runtime: pid_t
        var ended: Int32
        var files: String
        /// Who is gone before the command has begun has it ended as soon as it begins.
        var isHungUp: Bool
    }

    private let waiting = Mutex<[Left]>([])

    func take(_ runtime: pid_t, _ ended: Int32, _ files: String, isHungUp: Bool) {
        let isFirst = waiting.withLock { waiting in
            waiting.append(Left(runtime: runtime, ended: ended, files: files, isHungUp: isHungUp))
            return waiting.count == 1
        }
        // The thread ends with the last of them.
        if isFirst { Thread.detachNewThread { self.reapAll() } }
    }

    private func reapAll() {
        while true {
            var polls = waiting.withLock { $0.map { pollfd(fd: $0.ended, events: Int16(POLLIN), revents: 0) } }
            let isBeginning = waiting.withLock { $0.contains { !$0.isHungUp } }
            _ = poll(&polls, nfds_t(polls.count), isBeginning ? 20 : 500)
            let isEmpty = waiting.withLock { waiting in
                for index in waiting.indices where !waiting[index].isHungUp {
                    guard let command = RuntimeCommand.command(of: waiting[index].files) else { continue }
                    RuntimeCommand.send(SIGHUP, to: command)
                    waiting[index].isHungUp = true
                }
                waiting.removeAll { left in
                    var raw: Int32 = 0
                    guard waitpid(left.runtime, &raw, WNOHANG) != 0 else { return false }
                    Glibc.close(left.ended)
                    RuntimeCommand.remove(left.files)
                    return true
                }
                return waiting.isEmpty
            }
            if isEmpty { return }
        }
    }
}
