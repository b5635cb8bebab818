import Foundation
import Synchronization
import TestSupport
import Testing
import WeirModel

@testable import WeirEngine

@Suite("What images tell of themselves")
struct ImageToolTests {
    @Test(
        "a tool is read from labels and filled in with the path and the folder; its secret is in the environment, not in the command (DEV-02)"
    )
    func labels() throws {
        let labels = [
            "weir.tool.lab.command": "lab --port={port} --base={prefix} --root={path} --key={secret}",
            "weir.tool.lab.port": "8888", "weir.tool.lab.prefix": "kept", "weir.tool.lab.health": "{prefix}api",
            "weir.tool.lab.authorization": "token {secret}",
            "weir.tool.broken.command": "lab --port",
            "weir.tool.board.command": "board {prefix}", "weir.tool.board.port": "6006",
            "weir.tool.board.prefix": "stripped",
        ]
        let tools = ImageTool.tools(in: labels)
        #expect(tools.keys.sorted() == ["board", "lab"])
        let lab = try #require(tools["lab"])
        #expect(
            lab.command(prefix: "/i/7/", path: "/co de")
                == ["/bin/sh", "-c", "exec lab --port=8888 --base=/i/7/ --root='/co de' --key=${WEIR_TOOL_SECRET}"])
        #expect(lab.environment(secret: "s") == ["WEIR_TOOL_SECRET": "s"])
        #expect(lab.authorization(secret: "s") == "token s")
        #expect(lab.healthPath(prefix: "/i/7/") == "/i/7/api")
        #expect(lab.activityPaths(prefix: "/i/7/").isEmpty)
        let board = try #require(tools["board"])
        #expect(board.command(prefix: "/i/7/", path: "/").last == "exec board /")
        #expect(board.authorization(secret: "s") == nil && board.environment(secret: "s").isEmpty)
        for (name, variable) in [
            ("JUPYTER_TOKEN", "JUPYTER_TOKEN"), ("A B", "WEIR_TOOL_SECRET"), ("", "WEIR_TOOL_SECRET"), ("1A", "WEIR_TOOL_SECRET"),
        ] {
            let named = ImageTool.tools(in: labels.merging(["weir.tool.lab.secret": name]) { $1 })["lab"]
            #expect(named?.environment(secret: "s") == [variable: "s"])
            #expect(named?.command(prefix: "/", path: "/").last?.hasSuffix("--key=${\(variable)}") == true)
        }
    }

    @Test("an image is built from a Containerfile with its output told line by line, and keeps its labels")
    func build() async throws {
        try await TestEngine.with { test in
            let context = test.folder.path + "/context"
            try write(
                ["Containerfile": "FROM \(test.image)\nCOPY greeting /greeting\nRUN echo step-two\nLABEL a=b\n", "greeting": "hi"],
                to: context)
            let lines = Lines()
            let tag = "localhost/weir-test/\(test.configuration.installation):1"
            let image = try await test.engine.build(ImageBuild(context: context, tag: tag, labels: ["weir.c": "d"])) {
                lines.add($0)
            }
            #expect(image.digest.hasPrefix("sha256:") && image.labels["a"] == "b" && image.labels["weir.c"] == "d")
            #expect(lines.all.contains { $0.contains("step-two") })
            #expect(try await test.engine.images().contains { $0.reference == tag })
            try write(["Containerfile": "FROM \(test.image)\nRUN false\n"], to: context)
            await #expect(throws: WeirError.self) {
                try await test.engine.build(ImageBuild(context: context, tag: tag)) { _ in }
            }
            try await test.engine.removeImage(tag)
            #expect(try await test.engine.image(tag) == nil)
        }
    }

    @Test("images are listed while others are removed (review 6)")
    func listedWhileRemoved() async throws {
        try await TestEngine.with { test in
            let tar = test.folder.path + "/layer.tar"
            try write(["greeting": "hi"], to: test.folder.path + "/layer")
            let packed = try await HostCommand.run(["tar", "-cf", tar, "-C", test.folder.path + "/layer", "."])
            #expect(packed.status == 0)
            let tags = (0..<8).map { "localhost/weir-test/\(test.configuration.installation)-\($0):1" }
            for tag in tags { _ = try await test.engine.importImage(tar: tar, reference: tag, changes: ["LABEL tag=\(tag)"]) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for tag in tags { try await test.engine.removeImage(tag) } }
                for _ in 0..<2 {
                    group.addTask {
                        for _ in 0..<6 {
                            let all = try await test.engine.images()
                            #expect(all.contains { $0.reference == test.image })
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}

private func write(_ files: [String: String], to folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (name, text) in files { try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8) }
}

private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}
