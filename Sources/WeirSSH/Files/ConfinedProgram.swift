import CLibSSH
import Foundation
import Glibc
import Synchronization
import WeirEngine
import WeirModel

/// A program of the host over one folder, in namespaces of its own in which there is nothing else.
///
/// bubblewrap makes the namespaces (mounts, processes, network, IPC, names) and has the kernel refuse what would reach out of the folder
/// later, setuid bits among it (`CallFilter`); setpriv drops every capability and the way back to them.
/// Links in the folder, `..` and absolute paths lead to the sandbox's own root, where nothing of the host is.
final class ConfinedProgram: RunningCommand {
    let output: Int32
    let errors: Int32
    let ended: Int32
    private let child: pid_t
    private let information: Int32
    private let state: Mutex<State>
    private let farewell: Int32
    private let whenOver: @Sendable () -> Void

    private struct State {
        var input: Int32
        var ending: CommandEnding?
    }

    private static let sandbox = "/usr/bin/bwrap"
    private static let newSession: Int32 = 0x80
    /// Capabilities that setpriv needs to give all of them up.
    private static let namespaces = [
        "--unshare-ipc", "--unshare-net", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session",
        "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP", "--clearenv", "--setenv",
        "LC_ALL", "C.UTF-8", "--info-fd", "3", "--seccomp", "4",
    ]

    /// `mounts` are bubblewrap's own arguments for what is to be seen; `path` is the program's last argument, a name that may be no text;
    /// `runningNothingOf` is a folder of the host from which no program may be run; `farewell` is how many milliseconds the program has to
    /// end by itself when its input ends before its time; `whenOver` is called once, when the program has ended.
    init(
        mounts: [String], program: [String], path: [UInt8]? = nil, refusing calls: CallFilter = .forFolders,
        runningNothingOf folder: String? = nil, farewell: Int32 = 0, whenOver: @escaping @Sendable () -> Void
    ) throws {
        self.farewell = farewell
        self.whenOver = whenOver
        let arguments = [Self.sandbox] + Self.namespaces + mounts + ["--"] + program
        var opened: [Int32] = []
        func pipe() throws -> (read: Int32, write: Int32) {
            var ends: [Int32] = [-1, -1]
            guard Glibc.pipe(&ends) == 0 else { throw WeirError.sshShutDown() }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            opened += ends
            _ = fcntl(ends[0], 1031 /* F_SETPIPE_SZ */, Int32(1 << 20))
            return (ends[0], ends[1])
        }
        var isMade = false
        defer { if !isMade { for descriptor in opened { Glibc.close(descriptor) } } }
        let (input, output, errors, information, filter) = (try pipe(), try pipe(), try pipe(), try pipe(), try pipe())
        let theirs = [input.read, output.write, errors.write, information.write, filter.read]
        // It fits into the pipe whole; bubblewrap reads it to its end.
        let refused = calls.program
        let isWritten = write(filter.write, refused, refused.count) == refused.count
        Glibc.close(filter.write)
        opened.removeAll { $0 == filter.write }
        guard isWritten else { throw WeirError.sshShutDown() }
        if let folder {
            child = try Namespace.whereNothingRuns(in: folder) { try Self.spawn(arguments, path, theirs) }
        } else {
            child = try Self.spawn(arguments, path, theirs)
        }
        ended = Namespace.processDescriptor(child)
        for descriptor in theirs {
            Glibc.close(descriptor)
            opened.removeAll { $0 == descriptor }
        }
        guard ended >= 0 else {
            kill(child, SIGKILL)
            throw WeirError.sshShutDown()
        }
        for descriptor in opened { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
        self.output = output.read
        self.errors = errors.read
        self.information = information.read
        state = Mutex(State(input: input.write))
        isMade = true
    }

    var input: Int32 { state.withLock { $0.input } }

    func closeInput() {
        state.withLock { state in
            if state.input >= 0 { Glibc.close(state.input) }
            state.input = -1
        }
    }

    func ending() -> CommandEnding? {
        state.withLock { state in
            if let known = state.ending { return known }
            var raw: Int32 = 0
            guard waitpid(child, &raw, WNOHANG) == child else { return nil }
            let ending = CommandEnding(waitStatus: raw)
            state.ending = ending
            return ending
        }
    }

    /// Waits for the end of a program that asks for nothing and says little. Nil when it takes too long.
    func untilEnded(within milliseconds: Int32) -> CommandEnding? {
        closeInput()
        var one = pollfd(fd: ended, events: Int16(POLLIN), revents: 0)
        guard poll(&one, 1, milliseconds) > 0 else { return nil }
        return ending()
    }

    func resize(_ size: TerminalSize) {}
    func signal(_ number: Int32) {}

    /// The sandbox's first process is killed, and with it all in its process namespace: nothing writes on.
    func close() {
        closeInput()
        if farewell > 0, ending() == nil { awaitEnd() }
        if ending() == nil {
            kill(child, SIGKILL)
            var raw: Int32 = 0
            while waitpid(child, &raw, 0) < 0, errno == EINTR {}
            untilEmpty()
        }
        for descriptor in [output, errors, ended, information] { Glibc.close(descriptor) }
        whenOver()
    }

    /// What it still says is read and thrown away, so that it is not kept from ending.
    private func awaitEnd() {
        let deadline = ContinuousClock.now + .milliseconds(Int(farewell))
        var polls = [output, errors, ended].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let left = (deadline - .now).milliseconds
            guard left > 0, poll(&polls, 3, Int32(clamping: left)) >= 0 || errno == EINTR, polls[2].revents == 0 else { return }
            for index in 0..<2 where polls[index].revents != 0 && read(polls[index].fd, &bytes, bytes.count) == 0 {
                polls[index].fd = -1
            }
        }
    }

    /// Both ends of the output are the sandbox's: when the last of them is closed, nothing of it is left.
    private func untilEmpty() {
        let deadline = ContinuousClock.now + .seconds(5)
        var bytes = [UInt8](repeating: 0, count: 4096)
        while ContinuousClock.now < deadline {
            var one = pollfd(fd: errors, events: Int16(POLLIN), revents: 0)
            guard poll(&one, 1, 1000) > 0 else { continue }
            if read(errors, &bytes, bytes.count) == 0 { return }
        }
    }

    /// A process of the sandbox, by its number on the host. To be asked once.
    func insider() -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(information, &bytes, bytes.count)
        guard count > 0 else { return nil }
        struct Information: Decodable {
            var child: Int32
            enum CodingKeys: String, CodingKey { case child = "child-pid" }
        }
        return (try? JSONDecoder().decode(Information.self, from: Data(bytes.prefix(count))))?.child
    }

    // MARK: The program

    private static func spawn(_ arguments: [String], _ path: [UInt8]?, _ descriptors: [Int32]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        guard ChildFiles.close(from: Int32(descriptors.count), &actions) == 0 else { throw WeirError.sshShutDown() }
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
        let variables: [String] = ["PATH=/usr/bin:/bin"]
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        if let path {
            let text: [CChar] = path.map { CChar(bitPattern: $0) } + [0]
            argv.append(strdup(text))
        }
        argv.append(nil)
        let envp = variables.map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var child: pid_t = 0
        let failure = posix_spawn(&child, arguments[0], &actions, &attributes, argv, envp)
        guard failure == 0 else { throw failure == ENOENT ? WeirError.sshToolsMissing(arguments[0]) : WeirError.sshShutDown() }
        return child
    }
}
