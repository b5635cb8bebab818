import Foundation
import TestSupport
import WeirEngine
import WeirModel
import WeirPlatform
import WeirStore

/// `weir serve` as a process of its own, on a folder that was prepared beforehand: an account with a token, a workspace,
/// a project and an image that Podman has.
struct ServedWeir: Sendable {
    static let image = "localhost/weir/python:1"
    static let port = 19_470
    private static let gatewayPort = 19_471

    let authorization: String
    let project: String

    static func with<Result: Sendable>(
        program: String, _ body: @Sendable (ServedWeir) async throws -> Result
    ) async throws -> Result {
        let test = try TestPlatform()
        let served = try await prepare(test)
        let file = test.folder.path + "/weir.yaml"
        try """
        flavors:
          - {name: bench, cpu: 1, memory: 1GiB, scratch: 0, price_per_hour: 1}
          - {name: bench-scratch, cpu: 1, memory: 1GiB, scratch: 1GiB, price_per_hour: 1}
        """.write(toFile: file, atomically: true, encoding: .utf8)
        let log = test.folder.path + "/serve.log"
        guard FileManager.default.createFile(atPath: log, contents: nil), let output = FileHandle(forWritingAtPath: log)
        else { throw Tool.Failure(description: "cannot write \(log)") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "serve", "--config", file, "--data", test.folder.path, "--listen", "127.0.0.1:\(port)", "--gateway-listen",
            "127.0.0.1:\(gatewayPort)", "--set", "log.level=warning", "--set", "ssh.listen=127.0.0.1:0",
        ]
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let result: Swift.Result<Result, any Error>
        do {
            try await Tool.output(
                "curl",
                [
                    "-sf", "-o", "/dev/null", "--retry", "30", "--retry-all-errors", "--retry-connrefused", "--retry-delay",
                    "1", "http://127.0.0.1:\(port)/readyz",
                ])
            result = .success(try await body(served))
        } catch {
            let told = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            result = .failure(Tool.Failure(description: "\(error)\n\(told.suffix(2000))"))
        }
        process.terminate()
        process.waitUntilExit()
        return try result.get()
    }

    private static func prepare(_ test: TestPlatform) async throws -> ServedWeir {
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let token = try await platform.accounts.createToken(named: "bench", expiresAt: nil, by: tenant.caller)
        let id = try await Tool.output("podman", ["image", "inspect", "--format", "{{.Id}}", image])
            .trimmingCharacters(in: .whitespacesAndNewlines)
        _ = try await platform.images.register(
            EngineImage(reference: image, digest: "sha256:" + id, labels: [:], size: 1), for: nil)
        try test.store.close()
        return ServedWeir(authorization: "Authorization: Bearer \(token.secret)", project: tenant.project.text)
    }

    /// Submits a job; gives its identifier.
    func submit(_ wire: Wire, _ command: String, flavor: String = "bench") throws -> String {
        let name = "start-\(UInt64.random(in: 0 ... .max))"
        return try wire.need(
            "POST", "/api/v1/projects/\(project)/jobs", [authorization],
            json: #"{"name":"\#(name)","image":"\#(Self.image)","flavor":"\#(flavor)","command":"\#(command)"}"#
        ).field("id")
    }

    /// Returns when the stream of the job's log gives its first line.
    func waitForOutput(of job: String) throws {
        while true {
            let stream = try Wire(port: Self.port)
            try stream.send("GET", "/api/v1/workloads/\(job)/logs/stream", [authorization])
            guard try stream.head().status == 200 else { throw Tool.Failure(description: "no stream of \(job)") }
            if try stream.wait(for: ["event: line", "event: end"]) == "event: line" { return }
            // Before there is an instance, the stream ends at once.
            usleep(2000)
        }
    }

    /// Returns when the job is at its end.
    func waitForEnd(of job: String) throws {
        let wire = try Wire(port: Self.port)
        while true {
            let state = try wire.need("GET", "/api/v1/workloads/\(job)", [authorization]).field("state")
            if state == "completed" { return }
            guard ["queued", "deploying", "running", "stopping"].contains(state) else {
                throw Tool.Failure(description: "the job is \(state)")
            }
            usleep(20_000)
        }
    }
}
