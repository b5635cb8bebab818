import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
public import WeirModel

/// What Podman is asked to run beside the instance's own command.
struct ExecRequest: Encodable {
    var Cmd: [String]
    var Env: [String] = []
    var AttachStdin = false
    var AttachStdout = true
    var AttachStderr = true
    var Tty = false
}

struct ExecStart: Encodable {
    var Detach = false
    var Tty = false
    var h: Int?
    var w: Int?
}

struct ExecState: Decodable {
    var ExitCode: Int
    var Pid: Int
    var Running: Bool
}

extension PodmanEngine {
    private struct Created: Decodable { var Id: String }

    public func run(_ command: [String], in instance: Identifier<Instance>) async throws -> CommandResult {
        let id = try await createExec(ExecRequest(Cmd: command), in: instance)
        do {
            return try await finishExec(id)
        } catch let refusal as PodmanRefusal where refusal.isMissing || refusal.isNotRunning {
            // It ended between the two requests.
            throw WeirError.instanceNotRunning(instance.text)
        }
    }

    private func finishExec(_ id: String) async throws -> CommandResult {
        let body = try await podman.stream(
            .POST, "/exec/\(id)/start", body: .bytes(ByteBuffer(bytes: try JSONEncoder().encode(ExecStart()))),
            timeout: .hours(24))
        var frames = ByteBuffer()
        var output: [UInt8] = []
        for try await var part in body {
            frames.writeBuffer(&part)
            Self.takeFrames(&frames, into: &output)
        }
        let state = try podman.decode(ExecState.self, from: await podman.call(.GET, "/exec/\(id)/json"))
        return CommandResult(exitCode: state.ExitCode, output: String(decoding: output, as: UTF8.self))
    }

    static let mostOutput = 1 << 20

    /// Both streams come in frames: one byte of kind, three of nothing, four of length. What is over the limit is left out.
    private static func takeFrames(_ frames: inout ByteBuffer, into output: inout [UInt8]) {
        while let length: UInt32 = frames.getInteger(at: frames.readerIndex + 4),
            frames.readableBytes >= 8 + Int(length)
        {
            frames.moveReaderIndex(forwardBy: 8)
            let bytes = frames.readBytes(length: Int(length)) ?? []
            output += bytes.prefix(mostOutput - output.count)
        }
        frames.discardReadBytes()
    }

    public func terminal(
        _ command: [String], in instance: Identifier<Instance>, size: TerminalSize
    ) async throws -> any TerminalSession {
        let request = ExecRequest(Cmd: command, Env: ["TERM=xterm-256color"], AttachStdin: true, Tty: true)
        let id = try await createExec(request, in: instance)
        return try await PodmanTerminal.open(id, podman: podman, size: size)
    }

    private func createExec(_ request: ExecRequest, in instance: Identifier<Instance>) async throws -> String {
        guard let there = try await observe(instance) else { throw WeirError.notFound("instance") }
        guard there.phase == .running else { throw WeirError.instanceNotRunning(instance.text) }
        do {
            let answer = try await podman.call(.POST, "/containers/\(instance)/exec", body: JSONEncoder().encode(request))
            return try podman.decode(Created.self, from: answer).Id
        } catch let refusal as PodmanRefusal where refusal.isMissing || refusal.isNotRunning {
            throw WeirError.instanceNotRunning(instance.text)
        }
    }
}

extension WeirError {
    public static func instanceNotRunning(_ instance: String) -> WeirError {
        WeirError(
            "instance_not_running", .conflict, subject: instance,
            LocalizedText("The instance is not running.", zh: "实例未在运行。"))
    }
}
