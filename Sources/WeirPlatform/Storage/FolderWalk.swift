import Glibc
import Synchronization
import WeirModel

/// What some folders take together.
struct FolderWeight: Hashable, Sendable {
    /// Each file's length, but no more than it takes on the disk: a hole is nothing that is kept.
    var bytes: Int64 = 0
    var files = 0
    /// False when the walk was cut off: there is more.
    var isWhole = true

    mutating func add(_ file: FileStatus) {
        let (sum, overflow) = bytes.addingReportingOverflow(min(file.size, file.allocated))
        bytes = overflow ? .max : sum
        files += 1
    }
}

/// Adds up what stands below some folders, a slice at a time so that no thread is held for long, and never follows a link.
///
/// A file with several names counts once. What vanishes while it is being counted is not counted.
final class FolderWalk: Sendable {
    /// Descriptors that are held on the way down; what lies deeper is opened again from the top.
    private static let openDepth = 64
    /// No program can name a path with more parts.
    private static let mostDepth = 2048
    /// Files with several names that are remembered; further ones count once for each name.
    private static let mostRemembered = 4_000_000

    private struct Frame {
        let name: EntryName?
        let folder: OpenFolder
        let names: [EntryName]
        var next = 0
    }

    private struct Start {
        let root: OpenFolder
        let path: [EntryName]
    }

    private struct FileID: Hashable {
        let device: UInt64
        let number: UInt64
    }

    private struct State {
        var starts: [Start]
        var start: Start?
        var frames: [Frame] = []
        var seen: Set<FileID> = []
        var weight = FolderWeight()
    }

    private let state: Mutex<State>

    /// Counts on from `weight`.
    init(_ roots: [OpenFolder], from weight: FolderWeight = FolderWeight()) {
        state = Mutex(State(starts: roots.map { Start(root: $0, path: []) }, weight: weight))
    }

    var weight: FolderWeight { state.withLock { $0.weight } }

    /// Looks at `count` more entries. False when all are counted.
    func advance(_ count: Int) throws -> Bool {
        try state.withLock { state in
            var left = count
            while left > 0 {
                guard let top = state.frames.indices.last else {
                    guard try Self.begin(&state) else { return false }
                    continue
                }
                guard state.frames[top].next < state.frames[top].names.count else {
                    state.frames.removeLast()
                    continue
                }
                let name = state.frames[top].names[state.frames[top].next]
                state.frames[top].next += 1
                left -= 1
                try Self.count(name, &state)
            }
            return true
        }
    }

    private static func begin(_ state: inout State) throws -> Bool {
        guard let start = state.starts.popLast() else { return false }
        state.start = start
        guard let folder = try present({ try start.root.folder(at: start.path) }) else { return true }
        state.frames = [Frame(name: nil, folder: folder, names: try folder.names())]
        return true
    }

    private static func count(_ name: EntryName, _ state: inout State) throws {
        guard let start = state.start, let folder = state.frames.last?.folder, let status = try folder.status(name) else { return }
        switch status.kind {
        case .file:
            if status.links > 1, state.seen.count < mostRemembered {
                let id = FileID(device: UInt64(status.raw.st_dev), number: UInt64(status.raw.st_ino))
                guard state.seen.insert(id).inserted else { return }
            }
            state.weight.add(status)
        case .folder:
            guard state.frames.count < openDepth else {
                let path = start.path + state.frames.compactMap(\.name) + [name]
                if path.count < mostDepth { state.starts.append(Start(root: start.root, path: path)) }
                return
            }
            guard let inner = try present({ try folder.folder(name) }) else { return }
            state.frames.append(Frame(name: name, folder: inner, names: try inner.names()))
        case .link, .special:
            state.weight.files += 1
        }
    }

    /// Nil when the folder is gone, or something else stands in its place by now.
    private static func present(_ open: () throws -> OpenFolder) throws -> OpenFolder? {
        do {
            return try open()
        } catch let error as WeirError where ["not_found", "link_in_path"].contains(error.code) {
            return nil
        }
    }
}

extension FileStore {
    /// Entries that are looked at before the thread is given back.
    static let walkSlice = 4096

    /// What some folders and unfinished uploads take together, whose common files count once. Those that do not exist take nothing. A
    /// walk that is not at its end after `limit` gives what it has found by then.
    func weigh(
        _ folders: [StoredFolder], uploads: [Identifier<Upload>] = [], within limit: Duration = .seconds(3600)
    ) async throws -> FolderWeight {
        let deadline = ContinuousClock.now + limit
        let walk = try await blocking {
            var roots: [OpenFolder] = []
            for folder in folders {
                do { roots.append(try open(folder)) } catch let error as WeirError where error.code == "not_found" {}
            }
            var weight = FolderWeight()
            let place = try OpenFolder(trusted: layout.uploads)
            for upload in uploads {
                do {
                    guard let data = try place.folder(EntryName(upload.text)).status(UploadFile.data) else { continue }
                    weight.add(data)
                } catch let error as WeirError where error.code == "not_found" {}
            }
            return FolderWalk(roots, from: weight)
        }
        while try await blocking({ try walk.advance(Self.walkSlice) }) {
            try Task.checkCancellation()
            guard ContinuousClock.now < deadline else {
                var part = walk.weight
                part.isWhole = false
                return part
            }
        }
        return walk.weight
    }
}
