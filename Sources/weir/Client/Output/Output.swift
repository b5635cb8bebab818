import ArgumentParser
import Foundation
import Glibc
import WeirModel

/// How a command answers: tables for people, JSON for programs, identifiers for scripts. Messages go to standard error.
struct Output: Sendable {
    let json: Bool
    let quiet: Bool
    let language: Language

    /// Whether somebody watches: then progress is drawn.
    var isWatched: Bool { !json && !quiet && isatty(STDERR_FILENO) == 1 }

    /// A list: a row each, made by `row`; `identifier` is what `--quiet` prints.
    func list<Record>(
        _ answer: Answer<[Record]>, _ table: Table, identifier: (Record) -> String, row: (Record) -> [String]
    ) throws {
        if json { return print(try answer.json.pretty()) }
        if quiet {
            for record in answer.value { print(identifier(record)) }
            return
        }
        var table = table
        table.rows = answer.value.map(row)
        print(table.text)
    }

    /// One thing with its details.
    func details<Record>(
        _ answer: Answer<Record>, identifier: (Record) -> String, _ pairs: (Record) -> [(name: String, value: String?)]
    ) throws {
        if json {
            print(try answer.json.pretty())
        } else if quiet {
            print(identifier(answer.value))
        } else {
            print(Table.pairs(pairs(answer.value)))
        }
    }

    /// What was done, in a sentence; programs get what the API answered, scripts the identifier.
    func done(_ sentence: String, json answer: JSONValue = .null, identifier: String? = nil) throws {
        if json {
            print(answer == .null ? "{}" : try answer.pretty())
        } else if quiet {
            if let identifier { print(identifier) }
        } else {
            print(sentence)
        }
    }

    /// What stands below a list, for people: a sum.
    func closing(_ text: String) {
        if !json && !quiet { print("\n" + text.withoutControls) }
    }

    /// A remark that is no result.
    func note(_ text: String) {
        if !json && !quiet { Self.warn(text) }
    }

    /// A line of a stream: out at once, also into a pipe.
    static func line(_ text: String) throws { try put(text + "\n", to: STDOUT_FILENO) }

    /// Writes all of it at once. Throws `output_unwritable`; ends the program without a word where the reader of a pipe has seen enough:
    /// `weir job logs x | head`.
    static func put(_ text: String, to stream: Int32) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(stream, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: continue
            // Its reader is slower.
            case EAGAIN: usleep(10_000)
            case EPIPE: exit(0)
            case let number: throw WeirError.unwritableOutput(String(cString: strerror(number)))
            }
        }
    }

    static func warn(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8)) }

    /// Tells the person what went wrong, and gives the exit code for it.
    func report(_ error: any Error) -> any Error {
        switch error {
        case let error as APIFailure:
            tell(
                error.message, remedy: error.remedy,
                marks: [error.code, error.rule.map { "rule \($0)" }, error.requestID.map { "request \($0)" }],
                body: error.body, code: error.code)
            return ExitCode(error.exitStatus.rawValue)
        case let error as WeirError:
            tell(
                error.message[language], remedy: error.remedy?[language],
                marks: [error.code, error.rule.map { "rule \($0)" }], body: nil, code: error.code)
            return ExitCode(ExitStatus(error.category).rawValue)
        case let error as WorkloadFailed:
            tell(error.text, remedy: nil, marks: ["workload_failed"], body: nil, code: "workload_failed")
            return ExitCode(ExitStatus.workloadFailed.rawValue)
        case is CancellationError:
            return ExitCode(130)
        default:
            return error
        }
    }

    /// What an error says, for a line among others.
    func message(of error: any Error) -> String {
        switch error {
        case let error as APIFailure: error.message
        case let error as WeirError: error.message[language]
        default: "\(error)"
        }
    }

    private func tell(_ message: String, remedy: String?, marks: [String?], body: JSONValue?, code: String) {
        if json {
            let own: JSONValue = .object([
                "error": .members([
                    "code": .string(code), "message": .string(message), "remedy": remedy.map { .string($0) },
                ])
            ])
            Self.warn((try? (body ?? own).pretty()) ?? message)
            return
        }
        Self.warn("weir: " + message.withoutControls)
        if let remedy { Self.warn("  " + remedy.withoutControls) }
        Self.warn("  [" + marks.compactMap(\.self).joined(separator: ", ") + "]")
    }
}

extension WeirError {
    fileprivate static func unwritableOutput(_ reason: String) -> WeirError {
        WeirError(
            "output_unwritable", .failed, subject: "output",
            LocalizedText("The output cannot be written any further: \(reason).", zh: "输出无法继续写入：\(reason)。"))
    }
}
