import Glibc
import NIOPosix
import Synchronization
import WeirEngine
import WeirModel

/// A program to run, and how.
struct ChildProgram: Sendable {
    /// An absolute path; nothing is looked up.
    let path: String
    let arguments: [String]
    /// The whole environment: nothing of Weir's own is inherited.
    let environment: [String: String]
    let folder: OpenFolder
    var input: OpenFile?
    let timeLimit: Duration
}

/// How a program ended.
struct ChildOutcome: Sendable {
    /// As a shell counts: 128 and the signal's number for one that was killed.
    let status: Int32
    /// What it wrote to its standard error, cut.
    let errors: String
    let timedOut: Bool
}

/// What a reader of the output says after each piece: whether the program may go on.
enum ChildVerdict: Sendable { case goOn, end }

/// Runs a program with its own session and process group, no descriptor but the three, and ends the whole group when the
/// task is cancelled, the time is over, or the reader of its output says so.
struct ChildProcess: Sendable {
    static let errorLimit = 64 << 10
    /// `POSIX_SPAWN_SETSID`, which Glibc's module hides.
    private static let newSession: Int32 = 0x80

    let program: ChildProgram
    /// One thread is held for as long as the program runs.
    let pool: NIOThreadPool

    func run(
        output: @escaping @Sendable (UnsafeRawBufferPointer) throws -> ChildVerdict = { _ in .goOn },
        errors: (@Sendable (String) -> Void)? = nil
    ) async throws -> ChildOutcome {
        let group = ProcessGroup()
        return try await withTaskCancellationHandler {
            let outcome = try await pool.runIfActive { try follow(group, output, errors) }
            try Task.checkCancellation()
            return outcome
        } onCancel: {
            group.kill()
        }
    }

    private func follow(
        _ group: ProcessGroup, _ output: (UnsafeRawBufferPointer) throws -> ChildVerdict, _ errors: ((String) -> Void)?
    ) throws -> ChildOutcome {
        let (out, err) = try spawn(group)
        defer { group.end() }
        let deadline = ContinuousClock.now + program.timeLimit
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { block.deallocate() }
        var open: [(pipe: Descriptor, isOutput: Bool)] = [(out, true), (err, false)]
        var text: [UInt8] = []
        var timedOut = false
        var refusal: (any Error)?
        while !open.isEmpty {
            let left = deadline - ContinuousClock.now
            if left <= .zero, !timedOut {
                timedOut = true
                group.kill()
            }
            var polls = open.map { entry in entry.pipe.use { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) } }
            let wait = timedOut ? 1000 : Int32(clamping: min(left.milliseconds + 1, 1000))
            guard poll(&polls, nfds_t(polls.count), wait) > 0 else {
                // After the kill, a pipe that someone still holds open is not waited for.
                if timedOut { break }
                continue
            }
            for index in polls.indices.reversed() where polls[index].revents != 0 {
                let count = open[index].pipe.use { Glibc.read($0, block.baseAddress, block.count) }
                if count < 0, errno == EINTR || errno == EAGAIN { continue }
                guard count > 0 else {
                    open.remove(at: index)
                    continue
                }
                let piece = UnsafeRawBufferPointer(rebasing: block[..<count])
                if open[index].isOutput {
                    guard refusal == nil else { continue }
                    do {
                        if try output(piece) == .end { group.kill() }
                    } catch {
                        refusal = error
                        group.kill()
                    }
                } else {
                    if text.count < Self.errorLimit { text += piece.prefix(Self.errorLimit - text.count) }
                    errors?(String(decoding: piece, as: UTF8.self))
                }
            }
        }
        let status = group.wait(until: timedOut ? ContinuousClock.now : deadline)
        if let refusal { throw refusal }
        return ChildOutcome(status: status, errors: String(decoding: text, as: UTF8.self), timedOut: timedOut)
    }

    private func spawn(_ group: ProcessGroup) throws -> (output: Descriptor, errors: Descriptor) {
        let (outRead, outWrite) = try Self.pipe()
        let (errRead, errWrite) = try Self.pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var everySignal = sigset_t()
        sigfillset(&everySignal)
        posix_spawnattr_setsigdefault(&attributes, &everySignal)
        var noSignal = sigset_t()
        sigemptyset(&noSignal)
        posix_spawnattr_setsigmask(&attributes, &noSignal)
        posix_spawnattr_setflags(
            &attributes, Int16(Self.newSession | Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)))

        func require(_ code: CInt) throws {
            if code != 0 { throw SystemFault.current("spawn", program.path, code: code) }
        }
        try program.folder.descriptor.use { try require(Kernel.addFolder(&actions, $0)) }
        if let input = program.input {
            try input.descriptor.use { try require(posix_spawn_file_actions_adddup2(&actions, $0, 0)) }
        } else {
            try require(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0))
        }
        try outWrite.use { try require(posix_spawn_file_actions_adddup2(&actions, $0, 1)) }
        try errWrite.use { try require(posix_spawn_file_actions_adddup2(&actions, $0, 2)) }
        try require(ChildFiles.close(from: 3, &actions))

        var arguments = ([program.path] + program.arguments).map { strdup($0) } + [nil]
        var environment = program.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + environment { free(pointer) } }
        var number: pid_t = 0
        try require(posix_spawn(&number, program.path, &actions, &attributes, &arguments, &environment))
        withExtendedLifetime((outWrite, errWrite, program)) {}
        group.begin(number)
        return (outRead, errRead)
    }

    private static func pipe() throws -> (read: Descriptor, write: Descriptor) {
        var ends: [CInt] = [0, 0]
        try SystemFault.check("pipe", "") { Kernel.pipe(&ends) }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }
}

/// The processes of one child. A signal goes out only while the child's number is still its own.
private final class ProcessGroup: Sendable {
    private enum State { case notStarted, running(pid_t), toBeKilled, ended(Int32) }
    private let state = Mutex(State.notStarted)

    func begin(_ number: pid_t) {
        state.withLock { state in
            if case .toBeKilled = state { _ = Glibc.kill(-number, SIGKILL) }
            state = .running(number)
        }
    }

    func kill() {
        state.withLock { state in
            switch state {
            case .notStarted: state = .toBeKilled
            case .running(let number): _ = Glibc.kill(-number, SIGKILL)
            case .toBeKilled, .ended: break
            }
        }
    }

    /// Waits for the child, which has closed its output; one that lives on past the deadline is killed.
    func wait(until deadline: ContinuousClock.Instant) -> Int32 {
        while true {
            if let status = reap() { return status }
            if ContinuousClock.now >= deadline { kill() }
            usleep(2_000)
        }
    }

    /// After an error: nothing of the group stays.
    func end() {
        kill()
        _ = wait(until: .now)
    }

    private func reap() -> Int32? {
        state.withLock { state in
            switch state {
            case .ended(let status): return status
            case .notStarted, .toBeKilled: return -1
            case .running(let number):
                var ended = siginfo_t()
                let result = waitid(P_PID, id_t(number), &ended, WEXITED | WNOHANG | WNOWAIT)
                if result == 0, ended.si_signo == 0 { return nil }
                // What the child left running ends with it; until it is reaped, the number is still its group's.
                _ = Glibc.kill(-number, SIGKILL)
                var raw: Int32 = 0
                let reaped = waitpid(number, &raw, 0)
                let signal = raw & 0x7f
                let status = reaped < 0 ? -1 : signal == 0 ? (raw >> 8) & 0xff : 128 + signal
                state = .ended(status)
                return status
            }
        }
    }
}

extension ChildProgram {
    /// A program that runs as an unprivileged user without capabilities, in a sandbox with a folder of its own, with hard limits, and that
    /// dies with Weir. `largest` is the size of the largest file that it may write.
    static func confined(
        _ path: String, _ arguments: [String], user: UInt32, folder: OpenFolder, input: OpenFile? = nil,
        environment: [String: String] = [:], network: ToolSandbox.Network = .none, largest: Bytes, timeLimit: Duration
    ) -> ChildProgram {
        let limits = ["--fsize=\(largest.count)", "--core=0", "--nofile=256", "--as=\(Bytes.gib(8).count)"]
        let drop = ["--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
        let base = ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "TMPDIR": "/nonexistent"]
        return ChildProgram(
            path: ToolSandbox.program,
            arguments: ToolSandbox.arguments(network) + ["--", "/usr/bin/prlimit"] + limits + ["--", "/usr/bin/setpriv"]
                + drop + ["--", path] + arguments,
            environment: base.merging(environment) { $1 }, folder: folder, input: input, timeLimit: timeLimit)
    }
}
