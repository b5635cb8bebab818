import Foundation
import NIOCore
import Synchronization
import TestSupport
import Testing
import WeirModel

@testable import weir

@Suite("Client against a server that fails")
struct TransferTests {
    static let output = Output(json: false, quiet: true, language: .english)

    static func file(_ folder: TemporaryFolder, _ name: String, size: Int) throws -> (path: String, bytes: [UInt8]) {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<size).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let path = folder.path + "/" + name
        try Data(bytes).write(to: URL(filePath: path))
        return (path, bytes)
    }

    @Test("whatever happens to a part, all bytes arrive, and at most that part is sent again", arguments: 1...8)
    func resumes(seed: Int) async throws {
        let folder = try TemporaryFolder()
        let (path, bytes) = try Self.file(folder, "data.bin", size: 100_000 + seed)
        let faults = (0..<seed).map { FakeServer.Fault.allCases[($0 * 7 + seed) % 4] }
        try await FakeServer.run { server, api in
            server.state.withLock { $0.faults = faults }
            let tree = try LocalTree([path])
            let upload = TusUpload(
                api: api, asset: "ast_1", memory: UploadMemory(folder: folder.path),
                progress: Progress("x", total: tree.size, output: Self.output), partSize: 10_000,
                pause: .milliseconds(1))
            try await upload.send(tree.files)
            let state = server.state.withLock { ($0.uploads, $0.received) }
            #expect(state.0.count == 1)
            #expect(state.0["upl_0"]?.bytes == bytes)
            #expect(state.0["upl_0"]?.name == "data.bin")
            #expect(state.1 <= bytes.count + seed * 10_000, "faults \(faults)")
        }
    }

    @Test(
        "an upload that another command holds is waited for, however often it is asked; in the end it is told as busy, not as logged out (F13)"
    )
    func waitsForAnother() async throws {
        let folder = try TemporaryFolder()
        let (path, bytes) = try Self.file(folder, "data.bin", size: 30_000)
        try await FakeServer.run { server, api in
            let tree = try LocalTree([path])
            func upload(_ patience: Duration) -> TusUpload {
                TusUpload(
                    api: api, asset: "ast_1", memory: UploadMemory(folder: folder.path),
                    progress: Progress("x", total: tree.size, output: Self.output), partSize: 10_000, pause: .milliseconds(1),
                    patience: patience)
            }
            server.state.withLock { $0.faults = Array(repeating: .busy, count: 3) }
            let refusal = await #expect(throws: APIFailure.self) { try await upload(.zero).send(tree.files) }
            #expect(refusal?.code == "upload_busy")
            #expect(refusal?.exitStatus == .unavailable)
            server.state.withLock { $0.faults = Array(repeating: .busy, count: 15) }
            try await upload(.seconds(60)).send(tree.files)
            #expect(server.state.withLock { $0.uploads["upl_0"]?.bytes } == bytes)
        }
    }

    @Test("a version that was to be made of what was left out in part is told to be missing (review 15)")
    func unconfirmed() {
        let told = WeirError.leftUnconfirmed(["link"])
        #expect(told.code == "left_out" && told.message.en.hasSuffix("No version was made."))
        #expect(told.message.zh.contains("link") && told.message.zh.hasSuffix("未生成新版本。"))
        #expect(!WeirError.leftOut(["link"]).message.en.contains("version"))
    }

    @Test("a draft that is locked for another reason than a busy upload is told at once (review 17)")
    func locked() async throws {
        let folder = try TemporaryFolder()
        let (path, _) = try Self.file(folder, "data.bin", size: 30_000)
        try await FakeServer.run { server, api in
            let tree = try LocalTree([path])
            let upload = TusUpload(
                api: api, asset: "ast_1", memory: UploadMemory(folder: folder.path),
                progress: Progress("x", total: tree.size, output: Self.output), partSize: 10_000, pause: .milliseconds(1))
            server.state.withLock { $0.faults = [.locked] }
            let refusal = await #expect(throws: APIFailure.self) { try await upload.send(tree.files) }
            #expect(refusal?.code == "login_locked")
        }
    }

    @Test("a command that was cut off goes on where it was when it is given again")
    func resumesLater() async throws {
        let folder = try TemporaryFolder()
        let (path, bytes) = try Self.file(folder, "data.bin", size: 50_000)
        try await FakeServer.run { server, api in
            let tree = try LocalTree([path])
            func upload() -> TusUpload {
                TusUpload(
                    api: api, asset: "ast_1", memory: UploadMemory(folder: folder.path),
                    progress: Progress("x", total: tree.size, output: Self.output), partSize: 10_000,
                    pause: .microseconds(1))
            }
            // After two parts, more failures in a row than the client has patience for.
            server.state.withLock { $0.faults = [nil, nil] + Array(repeating: .refuse, count: 10) }
            await #expect(throws: APIFailure.self) { try await upload().send(tree.files) }
            server.state.withLock { $0.received = 0 }
            try await upload().send(tree.files)
            let state = server.state.withLock { ($0.uploads, $0.received) }
            #expect(state.0.count == 1)
            #expect(state.0["upl_0"]?.bytes == bytes)
            #expect(state.1 == 30_000)
        }
    }

    @Test("a file whose name is no text goes under the text of its name, and comes back under its own (bugs F5, F14)")
    func oddNames() async throws {
        let folder = try TemporaryFolder()
        let name: [UInt8] = [0x62, 0xFF, 0x0A, 0x61]
        let path = LocalPath(folder.path).appending(FileNameText.text(of: name))
        try #require(path.open(O_WRONLY | O_CREAT)).write(contentsOf: Data([1, 2, 3]))
        let tree = try LocalTree([folder.path])
        #expect(tree.files.map(\.target) == [#"b\xFF\x0Aa"#])
        #expect(tree.skipped.isEmpty)
        #expect(try await FilePart.read(tree.files[0].path, offset: 0, count: 9).readableBytes == 3)
        #expect(try Download.target(of: #"b\xFF\x0Aa"#, in: folder.path).status(followingLinks: false)?.size == 3)
        #expect(LocalPath(folder.path).names() == [#"b\xFF\x0Aa"#])
        // A name that reads like such a text is another one.
        let other = LocalPath(folder.path).appending(FileNameText.text(of: Array(#"b\xFF"#.utf8)))
        try #require(other.open(O_WRONLY | O_CREAT)).close()
        #expect(FileManager.default.fileExists(atPath: folder.path + #"/b\xFF"#))
        #expect(try LocalTree([folder.path]).files.map(\.target).contains(#"b\x5CxFF"#))
    }

    @Test("a name that is too long is told before anything is sent, with every other; the rest goes when that is asked for (G4)")
    func longNames() throws {
        let folder = try TemporaryFolder()
        let long = String(repeating: "名", count: 65)
        for name in ["a", String(repeating: "名", count: 64), long] { _ = try Self.file(folder, name, size: 1) }
        var tree = try LocalTree([folder.path])
        #expect(tree.files.count == 3)
        let refusal = #expect(throws: WeirError.self) { try tree.checkNames(leavingOut: false, Self.output) }
        #expect(refusal?.code == "names_too_long" && refusal?.message.en.contains(long) == true)
        #expect(refusal?.remedy?.en.contains("SFTP") == true && ExitStatus(refusal?.category ?? .failed) == .usage)
        #expect(tree.files.count == 3)
        try tree.checkNames(leavingOut: true, Self.output)
        #expect(tree.files.map(\.target).sorted() == ["a", String(repeating: "名", count: 64)])
    }

    @Test("a file with the longest name comes, and one that cannot be written keeps no other from coming (G4)")
    func downloads() async throws {
        let folder = try TemporaryFolder()
        let long = String(repeating: "n", count: 255)
        try FileManager.default.createDirectory(atPath: folder.path + "/taken", withIntermediateDirectories: false)
        try await FakeServer.run { _, api in
            let download = Download(api: api, folderPath: "/list", filePath: "/file")
            let paths = ["a", long, long + "n", "gone", "taken", "z"]
            let files = paths.map { Download.RemoteFile(path: $0, size: 4) }
            let progress = Progress("x", total: 24, output: Self.output)
            let failed = try await download.fetch(files, into: folder.path, progress: progress)
            #expect(failed.map(\.path) == ["gone", long + "n", "taken"])
            for name in ["a", long, "z"] { #expect(FileManager.default.contents(atPath: folder.path + "/" + name) == Data("file".utf8)) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a", long, "taken", "z"].sorted())
        }
    }

    @Test("many files go side by side, each whole, empty ones too")
    func manyFiles() async throws {
        let folder = try TemporaryFolder()
        var expected: [String: [UInt8]] = [:]
        for number in 0..<12 {
            expected["f\(number)"] = try Self.file(folder, "f\(number)", size: number * 4_321).bytes
        }
        let wanted = expected
        try await FakeServer.run { server, api in
            let tree = try LocalTree([folder.path])
            let upload = TusUpload(
                api: api, asset: "ast_1", memory: UploadMemory(folder: folder.path + "/../\(UUID())"),
                progress: Progress("x", total: tree.size, output: Self.output), partSize: 10_000)
            try await upload.send(tree.files)
            let uploads = server.state.withLock { $0.uploads.values.map { ($0.name, $0.bytes) } }
            #expect(Dictionary(uploads) { first, _ in first } == wanted)
        }
    }

    @Test("a list is read part after part to its end, or as far as asked")
    func pages() async throws {
        try await FakeServer.run { server, api in
            #expect(
                try await api.list(.get("/list"), of: Records.Token.self).value.map(\.id) == (0..<10).map { "t\($0)" })
            #expect(server.state.withLock { $0.requests } == 4)
            let some = try await api.list(.get("/list"), of: Records.Token.self, most: 4)
            #expect(some.value.count == 4)
        }
    }

    @Test("a stream that breaks is taken up behind the last event, and nothing is missed or doubled")
    func stream() async throws {
        try await FakeServer.run { server, api in
            server.state.withLock { $0.events = ["a", "b", "c"] }
            var seen: [String] = []
            try await api.follow(.get("/stream")) { event in
                guard event.name == "line" else { return false }
                seen.append(event.data)
                return true
            }
            #expect(seen == ["a", "b", "c"])
            #expect(server.state.withLock { $0.lastEventIDs } == [nil, "1", "2", "3"])
        }
    }

    @Test("a refusal is told with its code, a server that is not there as unavailable")
    func refusals() async throws {
        try await FakeServer.run { _, api in
            await #expect { try await api.answer(.get("/refused")) } throws: { error in
                (error as? APIFailure)?.code == "name_taken" && (error as? APIFailure)?.exitStatus == .conflict
            }
            let nobody = APIClient(server: "http://127.0.0.1:1", token: nil, language: .english, http: api.http)
            await #expect { try await nobody.answer(.get("/x")) } throws: { error in
                (error as? WeirError)?.category == .unavailable
            }
        }
    }
}
