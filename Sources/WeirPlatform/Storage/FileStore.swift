import Glibc
public import NIOPosix
public import WeirEngine
public import WeirModel

/// The files of a zone: drafts, immutable trees, uploads on their way, the code and results of projects.
///
/// All work that blocks runs on `pool`; programs that are run (unpacking, git) hold a thread of `tools` each, which bounds
/// how many run at once. Errors that a person can mend are `WeirError`; others are `SystemFault`.
public struct FileStore: Sendable {
    public let layout: StorageLayout
    public let limits: UnpackLimits
    public let webLimits: WebUploadLimits
    let pool: NIOThreadPool
    let tools: NIOThreadPool
    /// For clones, which wait for others most of their time.
    let clones: NIOThreadPool
    let toolUser: UInt32
    let git: GitRules
    let wall: any StorageWall
    let volumes = OpenVolumes()
    var changes: any FolderChanges = UncountedChanges()
    let conditionalWrites = ConditionalWrites()
    let bell = GraveBell()

    /// - Parameters:
    ///   - toolUser: the unprivileged user (and group) number that archives are unpacked and repositories cloned as.
    public init(
        layout: StorageLayout, pool: NIOThreadPool, tools: NIOThreadPool, clones: NIOThreadPool? = nil, limits: UnpackLimits = .standard,
        webLimits: WebUploadLimits = .standard, toolUser: UInt32 = 65534, git: GitRules = .standard,
        wall: any StorageWall = NoWall()
    ) {
        self.layout = layout
        self.pool = pool
        self.tools = tools
        self.clones = clones ?? tools
        self.limits = limits
        self.webLimits = webLimits
        self.toolUser = toolUser
        self.git = git
        self.wall = wall
    }

    /// Makes the folders above the volumes; at every start, before anything else.
    public func prepare() async throws {
        try await blocking {
            try makePath(layout.root)
            // Containers get their folders from the kernel, which asks nobody's leave on the way: no other user of the machine comes in.
            try SystemFault.check("chmod", layout.root) { chmod(layout.root, 0o700) }
            for path in layout.all { try makePath(path) }
        }
    }

    /// Makes the folder when it is absent and gives its path on the host, for a mount. `owner` is set on a new folder.
    public func make(_ folder: StoredFolder, owner: UInt32 = 0) async throws -> String {
        try await blocking {
            _ = try open(folder, making: true, owner: owner)
            return layout.path(of: folder)
        }
    }

    /// The path on the host of a folder that is there, for a mount; its volume is open then.
    func path(of folder: StoredFolder) async throws -> String {
        try await blocking {
            _ = try open(folder.volume)
            return layout.path(of: folder)
        }
    }

    /// Makes the folder into which the engine writes what a workload says. Only the operator of the machine reads it.
    func makeLogs(of workload: Identifier<Workload>, in workspace: Identifier<Workspace>) async throws {
        try await blocking {
            try open(.logs, of: .workspace(workspace)).makeFolderIfAbsent(EntryName(workload.text), mode: 0o700)
        }
    }

    func removeLogs(of workload: Identifier<Workload>, in workspace: Identifier<Workspace>) async throws {
        try await blocking {
            let name = EntryName(workload.text)
            if isThere(.workspace(workspace)) { try open(.logs, of: .workspace(workspace)).remove(name) }
            try OpenFolder(trusted: layout.logs).remove(name)
        }
    }

    /// A name in the staging of a volume that no one else uses.
    func stagingName(_ purpose: String) -> EntryName {
        EntryName("\(purpose)-" + String(UInt64.random(in: .min ... .max), radix: 36))
    }

    func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await pool.runIfActive(body)
    }

    private func makePath(_ path: String) throws {
        var made = ""
        for component in path.split(separator: "/") {
            made += "/" + component
            if mkdir(made, 0o755) < 0, errno != EEXIST { throw SystemFault.current("mkdir", made) }
        }
    }
}
