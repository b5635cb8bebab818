import Foundation
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
    static func run(
        _ arguments: [String], environment: [String: String] = [:], input: Data? = nil, output file: String? = nil
    ) async throws -> Result {
        guard let program = arguments.first, let path = find(program) else {
            throw WeirError.programMissing(arguments.first ?? "")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = Array(arguments.dropFirst())
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        process.environment = ["PATH": folders.joined(separator: ":"), "LANG": "C.UTF-8", "HOME": "/root"]
            .merging(environment) { $1 }
        // Files and not pipes: nobody has to read while the program runs, and a daemon may keep them.
        let sink = try file.map(appending) ?? nameless()
        defer { try? sink.close() }
        process.standardOutput = sink
        process.standardError = sink
        if let input {
            let source = try nameless()
            try source.write(contentsOf: input)
            try source.seek(toOffset: 0)
            process.standardInput = source
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
        guard file == nil else { return Result(status: status, output: "") }
        try sink.seek(toOffset: 0)
        let bytes = try sink.read(upToCount: mostOutput) ?? Data()
        return Result(status: status, output: String(decoding: bytes, as: UTF8.self))
    }

    private static let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    static func find(_ program: String) -> String? {
        if program.hasPrefix("/") { return FileManager.default.isExecutableFile(atPath: program) ? program : nil }
        return folders.map { "\($0)/\(program)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
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
