import Foundation
import NIOCore
import NIOPosix
import TestSupport
import WeirModel
@testable import WeirPlatform

/// A store in a folder of its own, and what tests need to put things into it and look at them.
struct StorageBench: Sendable {
    let folder: TemporaryFolder
    let store: FileStore
    let workspace: Identifier<Workspace>
    let asset: Identifier<Asset>
    let project: Identifier<Project>

    init(limits: UnpackLimits = .standard, git: GitRules = .standard, in parent: String = "/tmp") async throws {
        folder = try TemporaryFolder("weir-storage", in: parent)
        workspace = Self.identifier()
        asset = Self.identifier()
        project = Self.identifier()
        store = Self.open(folder, limits, git)
        try await store.prepare()
    }

    static let pool = started(4)
    static let tools = started(4)
    /// For the programs of the tests themselves, such as a server.
    static let servers = started(4)

    private static func started(_ threads: Int) -> NIOThreadPool {
        let pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
        return pool
    }

    /// Another store over the same folder, as after a restart.
    func reopened() -> FileStore { Self.open(folder, store.limits, .standard) }

    private static func open(_ folder: TemporaryFolder, _ limits: UnpackLimits, _ git: GitRules) -> FileStore {
        FileStore(
            layout: StorageLayout(root: folder.path + "/zone"), pool: Self.pool, tools: Self.tools, limits: limits,
            git: git)
    }

    static func identifier<Subject>(_: Subject.Type = Subject.self) -> Identifier<Subject> {
        RandomIdentifiers().next(Subject.self, at: SystemClock().now())
    }

    static func tree() -> TreeName { TreeName(identifier(Tree.self)) }

    var draft: StoredFolder { .draft(asset, in: workspace) }
    var code: StoredFolder { .code(project, in: workspace) }

    func folder(_ tree: TreeName) -> StoredFolder { .tree(tree, in: workspace) }

    /// On the host.
    func path(_ part: VolumePart) -> String { store.layout.path(of: part, in: .workspace(workspace)) }

    @discardableResult
    func freeze(_ folder: StoredFolder, at path: FilePath = .root, as tree: TreeName, links: LinkRule? = nil) async throws -> FrozenTree {
        try await store.freeze(folder, at: path, as: tree, in: workspace, links: links)
    }

    func put(_ text: String, _ path: String, in folder: StoredFolder? = nil) async throws {
        try await store.write(Self.body(text), to: folder ?? draft, at: FilePath(path))
    }

    func put(_ bytes: [UInt8], _ path: String, in folder: StoredFolder? = nil) async throws {
        try await store.write(Self.stream([ByteBuffer(bytes: bytes)]), to: folder ?? draft, at: FilePath(path))
    }

    func text(_ path: String, in folder: StoredFolder? = nil) async throws -> String {
        let file = try await store.open(folder ?? draft, at: FilePath(path))
        return String(buffer: try await file.read(at: 0, count: Int(file.size.count)))
    }

    func names(_ path: String = "", in folder: StoredFolder? = nil) async throws -> [String] {
        try await store.list(folder ?? draft, at: FilePath(path)).entries.map(\.name)
    }

    func path(_ folder: StoredFolder, _ path: String) -> String { store.layout.path(of: folder) + "/" + path }

    func status(_ folder: StoredFolder, _ path: String) throws -> stat {
        var status = stat()
        guard lstat(self.path(folder, path), &status) == 0 else { throw POSIXError(.ENOENT) }
        return status
    }

    func setModified(_ folder: StoredFolder, _ path: String, _ seconds: Int, _ nanoseconds: Int = 0) throws {
        let time = timespec(tv_sec: seconds, tv_nsec: nanoseconds)
        guard utimensat(AT_FDCWD, self.path(folder, path), [time, time], 0) == 0 else { throw POSIXError(.EINVAL) }
    }

    /// Everything below a folder: path and content, or the target of a link.
    func content(_ folder: StoredFolder) throws -> [String: String] {
        let root = store.layout.path(of: folder)
        var content: [String: String] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: root) {
            let path = root + "/" + name
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) {
                content[name] = "-> " + target
            } else if let data = FileManager.default.contents(atPath: path), !data.isEmpty || !isFolder(path) {
                content[name] = data.base64EncodedString()
            }
        }
        return content
    }

    private func isFolder(_ path: String) -> Bool {
        var result: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &result) && result.boolValue
    }

    /// What is being made, and what was deleted and still takes space.
    var leftovers: [String] {
        [VolumePart.staging, .graves].flatMap { (try? FileManager.default.contentsOfDirectory(atPath: path($0))) ?? [] }
    }

    func isThere(_ folder: StoredFolder, _ path: String = "") -> Bool {
        (try? status(folder, path)) != nil
    }

    static func body(_ text: String) -> AsyncStream<ByteBuffer> { stream([ByteBuffer(string: text)]) }

    static func stream(_ buffers: [ByteBuffer]) -> AsyncStream<ByteBuffer> {
        AsyncStream { continuation in
            for buffer in buffers { continuation.yield(buffer) }
            continuation.finish()
        }
    }
}

/// Runs a program of the machine to its end and gives its status.
func run(_ program: String, _ arguments: String...) async throws -> Int32 {
    let child = ChildProgram(
        path: program, arguments: arguments, environment: ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"],
        folder: try OpenFolder(trusted: "/tmp"), timeLimit: .seconds(60))
    return try await ChildProcess(program: child, pool: StorageBench.servers).run().status
}

func bytes(_ count: Int, _ random: inout SeededRandom) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var index = 0
    while index + 8 <= count {
        withUnsafeBytes(of: random.next()) { word in
            for offset in 0..<8 { bytes[index + offset] = word[offset] }
        }
        index += 8
    }
    return bytes
}
