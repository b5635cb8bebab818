import Foundation
import TestSupport
import Testing
import WeirEngine
import WeirModel

/// Builds hundreds of megabytes where the images are not there; `make test` brings them first.
@Suite("Official images", .serialized)
struct OfficialImageTests {
    static let definitions = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Images").path
    static let bundle = "/etc/ssl/certs/ca-certificates.crt"

    @Test("they are built once, and their tools answer under a path with the secret (DEV-02, IMG-20)", .timeLimit(.minutes(15)))
    func build() async throws {
        try await TestEngine.with(caBundle: Self.bundle) { test in
            let official = OfficialImages(engine: test.engine, definitions: Self.definitions, base: .made)
            let image = try await official.ensure(.notebook) { print($0) }
            #expect(image.labels["weir.official"] == "true" && image.labels["weir.version"]?.contains("Python") == true)
            #expect(try await official.ensure(.notebook) { Issue.record("built again: \($0)") } == image)
            let tools = ImageTool.tools(in: image.labels)
            #expect(tools.keys.sorted() == ["jupyterlab", "tensorboard"])
            for tool in tools.values {
                let prefix = "/i/7/\(tool.name)/"
                var launch = test.launch("", memory: .gib(1), processes: 256)
                launch.image = image.digest
                launch.command = tool.command(prefix: prefix, path: "/gemini/code")
                launch.environment.merge(tool.environment(secret: "s3cret")) { $1 }
                launch.workingDirectory = "/gemini/code"
                _ = try await test.engine.launch(launch)
                let header = tool.authorization(secret: "s3cret").map { ["-H", "Authorization: \($0)"] } ?? []
                let url = "http://127.0.0.1:\(tool.port)\(tool.healthPath(prefix: prefix))"
                let began = ContinuousClock.now
                var code = ""
                while code != "200", ContinuousClock.now - began < .seconds(40) {
                    let ask = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}"] + header + [url]
                    code = try await test.engine.run(ask, in: launch.instance).output
                    if code != "200" { try await Task.sleep(for: .milliseconds(100)) }
                }
                print("\(tool.name) answered \(code) after \(ContinuousClock.now - began)")
                let log = try await test.output(launch)
                #expect(code == "200", "\(log)")
                if !header.isEmpty {
                    let bare = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url]
                    #expect(try await test.engine.run(bare, in: launch.instance).output == "403")
                }
                let install = [
                    "sh", "-c",
                    "apt-get update >/dev/null && apt-get install -y -q tree && uv pip install -q idna==3.10 && pip download -q --no-deps idna==3.7",
                ]
                let processes = try await test.engine.processes(in: launch.instance)
                #expect(!processes.isEmpty && !processes.contains { $0.command.contains("s3cret") })
                if tool.name == "jupyterlab" {
                    let done = try await test.engine.run(install, in: launch.instance)
                    #expect(done.exitCode == 0, "\(done.output)")
                }
                try await test.engine.remove(launch.instance)
            }
        }
    }
}
