import Foundation
import TestSupport
import Testing
import WeirModel

@testable import weir

@Suite("Client")
struct ClientTests {
    @Test("events are read however their bytes are cut")
    func serverSentEvents() {
        let text = ": hello\r\n\r\nevent: line\nid: 7\ndata: {\"a\":1}\n\ndata: one\ndata: two\r\n\r\n"
        let expected = [
            ServerSentEvent(name: "line", id: "7", data: "{\"a\":1}"),
            ServerSentEvent(name: "message", id: "7", data: "one\ntwo"),
        ]
        for size in 1...text.utf8.count {
            var parser = ServerSentEventParser()
            var events: [ServerSentEvent] = []
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                events += parser.take(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(events == expected, "parts of \(size) bytes")
        }
    }

    @Test("a profile is readable by its owner alone, and refused when others can read it")
    func profile() throws {
        let folder = try TemporaryFolder()
        let file = ProfileFile(environment: ["XDG_CONFIG_HOME": folder.path])
        #expect(try file.read() == Profile())
        let profile = Profile(server: "http://127.0.0.1:8080", token: "secret", login: "ada")
        try file.write(profile)
        #expect(try file.read() == profile)
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
        #expect(throws: WeirError.openProfile(file.path)) { try file.read() }
    }

    @Test("of a folder the content is sent, links are left out, names can be excluded")
    func localTree() throws {
        let folder = try TemporaryFolder()
        for name in ["code/src/deep", "code/.git"] {
            try FileManager.default.createDirectory(atPath: folder.path + "/" + name, withIntermediateDirectories: true)
        }
        for (name, text) in [
            ("code/a.py", "a"), ("code/src/deep/b.py", "bb"), ("code/.git/HEAD", "x"), ("single.csv", "ccc"),
        ] {
            try text.write(toFile: folder.path + "/" + name, atomically: true, encoding: .utf8)
        }
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/code/link", withDestinationPath: "/etc/passwd")
        let tree = try LocalTree(
            [folder.path + "/code", folder.path + "/single.csv"], into: "/in//", exclude: [".git"])
        #expect(tree.files.map(\.target) == ["in/a.py", "in/single.csv", "in/src/deep/b.py"])
        #expect(tree.size == 6)
        #expect(tree.skipped == [folder.path + "/code/link"])
        #expect(throws: WeirError.self) { try LocalTree([folder.path + "/absent"]) }
    }

    @Test(
        "a file that the server names never leaves the folder",
        arguments: ["", "/etc/passwd", "a/../../b", "..", "a//b", "./a"])
    func unsafeNames(name: String) {
        #expect(throws: WeirError.self) { try Download.target(of: name, in: "/tmp/x") }
    }

    @Test("queries are escaped byte by byte")
    func escaping() throws {
        let call = APICall.get("/x", [("path", "a b/ä+&"), ("none", nil)])
        #expect(call.target == "/x?path=a%20b%2F%C3%A4%2B%26")
    }

    @Test("a creation carries a key of its own, so that it can be sent again")
    func idempotency() throws {
        let first = try APICall.create("/x", .object([:]))
        let second = try APICall.create("/x", .object([:]))
        let keys = [first, second].map { $0.headers.first { $0.name == "Idempotency-Key" }?.value }
        #expect(first.canRepeat)
        #expect(keys[0] != nil && keys[0] != keys[1])
    }

    @Test("an image is found by its last part, with or without tag and registry")
    func imageNames() throws {
        let json = """
            {"id":"img_1","workspace":null,"reference":"localhost/weir/notebook:1","digest":"sha256:0","tools":[],"size":1,
            "createdAt":"2026-11-21T08:00:00Z"}
            """
        let image = try JSONDecoder().decode(Records.Image.self, from: Data(json.utf8))
        #expect(image.shortNames == ["notebook:1", "notebook", "localhost/weir/notebook", "weir/notebook"])
    }

    @Test("JSON is printed as it came")
    func json() throws {
        let text = """
            {
              "a" : [
                1,
                1.5,
                null,
                true,
                "ä/b"
              ]
            }
            """
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        #expect(try value.pretty() == text)
    }

    @Test("an upload is remembered between two commands, and forgotten when it is done")
    func uploadMemory() async throws {
        let folder = try TemporaryFolder()
        let file = LocalFile(path: LocalPath("/tmp/a"), target: "a", size: 1, changedAt: Date(timeIntervalSince1970: 1))
        let key = UploadMemory.key(server: "s", asset: "x", file: file)
        try await UploadMemory(folder: folder.path).set(key, to: "/api/v1/uploads/u")
        #expect(await UploadMemory(folder: folder.path).location(key) == "/api/v1/uploads/u")
        try await UploadMemory(folder: folder.path).set(key, to: nil)
        #expect(await UploadMemory(folder: folder.path).location(key) == nil)
    }
}
