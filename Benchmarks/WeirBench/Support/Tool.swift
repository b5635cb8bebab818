import Foundation

/// Programs that the benchmarks run beside themselves.
enum Tool {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What the program printed. Waits on a thread of its own.
    @discardableResult
    static func output(_ program: String, _ arguments: [String]) async throws -> String {
        try await Threads.run {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [program] + arguments
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = pipe
            try process.run()
            let data = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            let text = String(decoding: data, as: UTF8.self)
            guard process.terminationStatus == 0 else { throw Failure(description: "\(program): \(text)") }
            return text
        }
    }

    /// A server that runs beside the benchmark until `terminate()`. It must stay in the foreground: the end of a program
    /// that leaves others behind is not noticed.
    static func server(_ program: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Waits until somebody listens on the port.
    static func wait(for port: Int) async throws {
        try await Threads.run {
            for _ in 0..<500 {
                if (try? Wire(port: port)) != nil { return }
                usleep(20_000)
            }
            throw Failure(description: "nobody listens on \(port)")
        }
    }

    /// The number behind `label` in a text.
    static func number(after label: String, in text: String) throws -> Double {
        guard let range = text.range(of: label),
            let value = Double(
                text[range.upperBound...].trimmingPrefix { $0 == " " }.prefix { $0.isNumber || $0 == "." })
        else { throw Failure(description: "no \(label) in:\n\(text)") }
        return value
    }
}
