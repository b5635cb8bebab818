import Foundation
import Glibc
import WeirModel

/// Runs a program of the host and waits for its end without holding a thread.
enum HostCommand {
    struct Result: Sendable {
        var status: Int32
        /// Standard output and error, 1 MiB at most.
        var output: String
    }

    private static let mostOutput = 1 << 20

    /// `arguments` begins with the program, which is looked up in the usual folders. `output` sends both streams to a file.
    /// With `progress`, which gets each line, a cancelled caller ends the program.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], input: Data? = nil, output file: String? = nil,
        progress: (@Sendable (String) -> Void)? = nil
    ) async throws -> Result {
        guard let program = arguments.first, let path = find(program) else {
            throw WeirError.programMissing(arguments.first ?? "")
        }
        // Files and not pipes: nobody has to read while the program runs, and a daemon may keep them.
        let sink = try file.map(appending) ?? nameless()
        defer { try? sink.close() }
        let source = try input.map(filled) ?? FileHandle.nullDevice
        defer { if input != nil { try? source.close() } }
        let variables = ["PATH": folders.joined(separator: ":"), "LANG": "C.UTF-8", "HOME": "/root"]
            .merging(environment) { $1 }
        let child = try spawn(
            path, arguments, variables.map { "\($0.key)=\($0.value)" }, input: source.fileDescriptor,
            output: sink.fileDescriptor)
        let status =
            if let progress, file == nil {
                await end(of: child, telling: progress, from: sink.fileDescriptor)
            } else {
                await end(of: child)
            }
        guard file == nil else { return Result(status: status, output: "") }
        try sink.seek(toOffset: 0)
        let bytes = try sink.read(upToCount: mostOutput) ?? Data()
        return Result(status: status, output: String(decoding: bytes, as: UTF8.self))
    }

    /// For callers on a thread of a pool, and short programs: blocks until the end.
    static func runBlocking(_ arguments: [String]) throws -> Result {
        guard let program = arguments.first, let path = find(program) else {
            throw WeirError.programMissing(arguments.first ?? "")
        }
        let sink = try nameless()
        defer { try? sink.close() }
        let child = try spawn(
            path, arguments, ["PATH=" + folders.joined(separator: ":"), "LANG=C.UTF-8", "HOME=/root"],
            input: FileHandle.nullDevice.fileDescriptor, output: sink.fileDescriptor)
        let status = wait(for: child)
        try sink.seek(toOffset: 0)
        let bytes = try sink.read(upToCount: mostOutput) ?? Data()
        return Result(status: status, output: String(decoding: bytes, as: UTF8.self))
    }

    private static let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    static func find(_ program: String) -> String? {
        if program.hasPrefix("/") { return FileManager.default.isExecutableFile(atPath: program) ? program : nil }
        return folders.map { "\($0)/\(program)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Not Foundation's `Process`: it notices the end by a socket that a daemon, started by the program, would keep open.
    static func spawn(
        _ path: String, _ arguments: [String], _ environment: [String], input: Int32, output: Int32
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        // Nothing else is passed on: a daemon would hold our files and ports open, and the scripts of mmdebstrap break when
        // the first free number has two digits.
        let unclosed = Kernel.addCloseFrom(&actions, 3)
        guard unclosed == 0 else { throw WeirError.hostCommandFailed(path, String(cString: strerror(unclosed))) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The threads of an event loop may have signals blocked or ignored, which a child would inherit.
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = environment.map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var child: pid_t = 0
        let failure = posix_spawn(&child, path, &actions, &attributes, argv, envp)
        guard failure == 0 else { throw WeirError.hostCommandFailed(path, String(cString: strerror(failure))) }
        return child
    }

    /// A thread of its own waits: the programs are few, and the pools' threads are for short work.
    private static func end(of child: pid_t) async -> Int32 {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: wait(for: child)) }
        }
    }

    private static func wait(for child: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    private static func end(
        of child: pid_t, telling progress: @escaping @Sendable (String) -> Void, from output: Int32
    ) async -> Int32 {
        await withTaskGroup(of: Int32?.self) { group in
            group.addTask { await end(of: child) }
            group.addTask {
                var told = GrowingOutput(descriptor: output)
                while (try? await Task.sleep(for: .milliseconds(200))) != nil { told.lines().forEach(progress) }
                told.lines().forEach(progress)
                return nil
            }
            return await withTaskCancellationHandler {
                var status: Int32 = 0
                while let ended = await group.next() {
                    guard let ended else { continue }
                    status = ended
                    group.cancelAll()
                }
                return status
            } onCancel: {
                kill(child, SIGTERM)
            }
        }
    }

    private static func filled(_ data: Data) throws -> FileHandle {
        let handle = try nameless()
        try handle.write(contentsOf: data)
        try handle.seek(toOffset: 0)
        return handle
    }

    private static func nameless() throws -> FileHandle {
        var template = Array("/tmp/weir-command-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    private static func appending(_ path: String) throws -> FileHandle {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}

/// A file that a program writes, read line by line beside the program's own place in it.
private struct GrowingOutput {
    let descriptor: Int32
    private var offset = 0
    private var rest: [UInt8] = []

    init(descriptor: Int32) { self.descriptor = descriptor }

    mutating func lines() -> [String] {
        var part = [UInt8](repeating: 0, count: 64 << 10)
        let count = pread(descriptor, &part, part.count, offset)
        guard count > 0 else { return [] }
        offset += count
        rest += part[..<count]
        guard let end = rest.lastIndex(of: 10) else { return [] }
        defer { rest.removeFirst(end + 1) }
        return rest[..<end].split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension WeirError {
    static func programMissing(_ program: String) -> WeirError {
        WeirError(
            "host_program_missing", .unavailable, subject: program,
            LocalizedText("The program \(program) is not installed on the host.", zh: "主机未安装程序 \(program)。"),
            remedy: LocalizedText("Install it, then run `weir doctor`.", zh: "请安装后运行 `weir doctor`。"))
    }

    static func hostCommandFailed(_ program: String, _ detail: String) -> WeirError {
        WeirError(
            "host_command_failed", .failed, subject: program,
            LocalizedText("\(program) failed: \(detail.prefix(500))", zh: "\(program) 执行失败：\(detail.prefix(500))"))
    }
}
