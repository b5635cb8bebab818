import Synchronization
import WeirModel

/// Goes through all that stands below a folder, however deep it is: neither a call nor a descriptor is held for each level.
///
/// Deep down the way back is "..", which counts only when it is the folder that the way down came from. Where somebody moved a folder
/// meanwhile, what had not been looked at around it is left out, like anything that vanishes while it is looked at.
struct FolderDescent: Sendable {
    private struct Level {
        let id: FileID
        let path: String
        var names: [EntryName]
    }

    /// Levels whose folders stay open, so that nothing has to be found again in what is as deep as people make it.
    private static let heldLevels = 32

    /// The folder in which the last entry stands.
    private(set) var folder: OpenFolder
    private var levels: [Level] = []
    private var held: [OpenFolder] = []
    private let isSorted: Bool

    init(_ root: OpenFolder, isSorted: Bool = false) throws {
        folder = root
        self.isSorted = isSorted
        try begin(root)
    }

    /// How deep `folder` stands: 0 for the one at which the descent began, -1 at the end.
    var depth: Int { levels.count - 1 }

    /// The next entry, which stands in `folder`; nil at the end.
    mutating func next() throws -> (name: EntryName, status: FileStatus)? {
        while !levels.isEmpty {
            guard let name = levels[levels.count - 1].names.popLast() else {
                try leave()
                continue
            }
            if let status = try folder.status(name) { return (name, status) }
        }
        return nil
    }

    /// Goes into the folder that came last. False when it is gone by now, or something else stands in its place.
    mutating func enter(_ name: EntryName) throws -> Bool {
        do {
            try begin(folder.folder(name))
            return true
        } catch let error as WeirError where ["not_found", "link_in_path"].contains(error.code) {
            return false
        }
    }

    private mutating func begin(_ inner: OpenFolder) throws {
        var names = try inner.names()
        if isSorted { names.sort(by: >) }
        levels.append(Level(id: try inner.id(), path: inner.path, names: names))
        if held.count < Self.heldLevels { held.append(inner) }
        folder = inner
    }

    private mutating func leave() throws {
        levels.removeLast()
        if held.count > levels.count { held.removeLast() }
        guard let level = levels.last, let deepest = held.last else { return }
        if held.count == levels.count {
            folder = deepest
        } else if let above = try folder.above(level.id, level.path) {
            folder = above
        } else {
            levels.removeLast(levels.count - held.count)
            folder = deepest
        }
    }
}

extension FileStore {
    /// Entries that are looked at before the thread is given back.
    static let walkSlice = 4096

    /// Does a long work slice by slice: no thread is held for long, and the task can be ended between two of them. `advance` gives false
    /// at the end.
    func inSlices<Work: Sendable>(
        _ work: Work, _ advance: @escaping @Sendable (inout Work) throws -> Bool
    ) async throws -> Work {
        let held = Mutex(work)
        while try await blocking({ try held.withLock { try advance(&$0) } }) { try Task.checkCancellation() }
        return held.withLock { $0 }
    }
}
