import CLibSSH
import Foundation
import Glibc
import Synchronization
import WeirEngine
import WeirModel

/// OpenSSH's `sftp-server` over one folder of the host, in namespaces of its own in which there is nothing else.
///
/// bubblewrap makes the namespaces (mounts, processes, network, IPC, names); setpriv drops every capability and the way back to them;
/// the folder stands at `/upload`. Links in it, `..` and absolute paths lead to the sandbox's own root, where nothing is: the loader and
/// its libraries, which a program needs to begin, are unmounted (`seal`) before the client has its first answer.
final class ConfinedFiles: RunningCommand {
    let output: Int32
    let errors: Int32
    let ended: Int32
    private let child: pid_t
    private let information: Int32
    private let state: Mutex<State>
    private let whenOver: @Sendable () -> Void

    private struct State {
        var input: Int32
        var ending: CommandEnding?
    }

    private static let sandbox = "/usr/bin/bwrap"
    private static let newSession: Int32 = 0x80

    /// `tools` is the folder of `FileTools`; `whenOver` is called once, when the program has ended.
    init(folder: String, tools: String, user: UInt32, isReadOnly: Bool, whenOver: @escaping @Sendable () -> Void) throws {
        self.whenOver = whenOver
        guard let loader = try FileManager.default.contentsOfDirectory(atPath: tools + "/lib").first(where: { $0.hasPrefix("ld-") })
        else { throw WeirError.sshToolsMissing("ld.so") }
        let load = ["/.weir/\(loader)", "--library-path", "/.weir"]
        let arguments =
            [
                Self.sandbox, "--unshare-ipc", "--unshare-net", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try",
                "--die-with-parent",
                "--new-session", "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP",
                "--clearenv", "--setenv", "LC_ALL", "C.UTF-8", "--info-fd", "3", "--perms", "0755", "--dir", "/dev", "--perms", "0755",
                "--dir", "/etc", "--dev-bind", "/dev/null", "/dev/null", "--ro-bind", tools + "/lib", "/.weir", "--ro-bind",
                tools + "/lib/passwd", "/etc/passwd", isReadOnly ? "--ro-bind" : "--bind", folder, "/upload", "--chdir", "/", "--",
            ] + load + ["/.weir/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]
            + ["--no-new-privs", "--"] + load + ["/.weir/sftp-server", "-d", "/upload", "-u", "0022"] + (isReadOnly ? ["-R"] : [])
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
        let (input, output, errors, information) = (try pipe(), try pipe(), try pipe(), try pipe())
        child = try Self.spawn(arguments, [input.read, output.write, errors.write, information.write])
        ended = Self.processDescriptor(child)
        for descriptor in [input.read, output.write, errors.write, information.write] {
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

    func resize(_ size: TerminalSize) {}
    func signal(_ number: Int32) {}

    /// The sandbox's first process is killed, and with it all in its process namespace: nothing writes on.
    func close() {
        closeInput()
        if ending() == nil {
            kill(child, SIGKILL)
            var raw: Int32 = 0
            while waitpid(child, &raw, 0) < 0, errno == EINTR {}
            untilEmpty()
        }
        for descriptor in [output, errors, ended, information] { Glibc.close(descriptor) }
        whenOver()
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

    // MARK: The seal

    /// Takes everything but the folder out of the sandbox. The program has begun by then and needs nothing more of it.
    func seal() {
        guard let process = insider() else { return }
        let namespace = open("/proc/\(process)/ns/mnt", O_RDONLY | O_CLOEXEC)
        guard namespace >= 0 else { return }
        let done = DispatchSemaphore(value: 0)
        // A thread of its own goes over and ends there.
        let thread = Thread {
            if Namespace.leaveShared() == 0, Namespace.enter(namespace) == 0 {
                for mount in ["/.weir", "/etc/passwd", "/dev/null"] { _ = Namespace.unmount(mount) }
                rmdir("/.weir")
                unlink("/etc/passwd")
                unlink("/dev/null")
                rmdir("/etc")
                rmdir("/dev")
                _ = Namespace.makeRootReadOnly()
            }
            Glibc.close(namespace)
            done.signal()
        }
        thread.stackSize = 256 << 10
        thread.start()
        done.wait()
    }

    /// A process of the sandbox, by its number on the host.
    private func insider() -> Int32? {
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

    private static func spawn(_ arguments: [String], _ descriptors: [Int32]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
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
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = variables.map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var child: pid_t = 0
        let failure = posix_spawn(&child, arguments[0], &actions, &attributes, argv, envp)
        guard failure == 0 else { throw WeirError.sshToolsMissing(arguments[0]) }
        return child
    }

    private static func processDescriptor(_ process: pid_t) -> Int32 { Namespace.processDescriptor(process) }
}

/// Calls of the C library that Swift's `Glibc` module hides.
private enum Namespace {
    private static func lookup<Call>(_ name: String, as _: Call.Type) -> Call? { dlsym(nil, name).map { unsafeBitCast($0, to: Call.self) } }

    /// The thread's own idea of root and folder, apart from the other threads' (`CLONE_FS`).
    static func leaveShared() -> CInt {
        typealias Call = @Sendable @convention(c) (CInt) -> CInt
        return lookup("unshare", as: Call.self)?(0x200) ?? -1
    }

    static func enter(_ namespace: CInt) -> CInt {
        typealias Call = @Sendable @convention(c) (CInt, CInt) -> CInt
        return lookup("setns", as: Call.self)?(namespace, 0x20000) ?? -1
    }

    static func unmount(_ path: String) -> CInt {
        typealias Call = @Sendable @convention(c) (UnsafePointer<CChar>, CInt) -> CInt
        return lookup("umount2", as: Call.self)?(path, 2 /* MNT_DETACH */) ?? -1
    }

    static func makeRootReadOnly() -> CInt {
        typealias Call =
            @Sendable @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafePointer<CChar>?, UInt, UnsafeRawPointer?) -> CInt
        // MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV
        return lookup("mount", as: Call.self)?("none", "/", nil, 32 | 4096 | 1 | 2 | 4, nil) ?? -1
    }

    static func processDescriptor(_ process: pid_t) -> CInt {
        typealias Call = @Sendable @convention(c) (pid_t, CUnsignedInt) -> CInt
        return lookup("pidfd_open", as: Call.self)?(process, 0) ?? -1
    }
}
