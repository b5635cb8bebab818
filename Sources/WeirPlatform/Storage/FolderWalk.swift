import Synchronization
import WeirModel

/// What some folders take together.
struct FolderWeight: Hashable, Sendable {
    /// Each file's length, but no more than it takes on the disk: a hole is nothing that is kept.
    var bytes: Int64 = 0
    var files = 0
    /// False when the walk was cut off: there is more.
    var isWhole = true
    /// The bytes that were counted of each upload on its way.
    var uploads: [Identifier<Upload>: Bytes] = [:]

    mutating func add(_ file: FileStatus) {
        let (sum, overflow) = bytes.addingReportingOverflow(min(file.size, file.allocated))
        bytes = overflow ? .max : sum
        files += 1
    }

    /// Counts a file of an upload, in the place of what was counted of it before.
    mutating func add(_ file: FileStatus, of upload: Identifier<Upload>) {
        if let before = uploads[upload] {
            bytes -= before.count
            files -= 1
        }
        add(file)
        uploads[upload] = Bytes(min(file.size, file.allocated))
    }
}

/// Adds up what stands below some folders, a slice at a time so that no thread is held for long, and never follows a link.
///
/// A file with several names counts once. What vanishes while it is being counted is not counted.
final class FolderWalk: Sendable {
    /// Files with several names that are remembered; further ones count once for each name.
    private static let mostRemembered = 4_000_000

    private struct State {
        var roots: [OpenFolder]
        var descent: FolderDescent?
        var seen: Set<FileID> = []
        /// The files of the uploads that the weight has already: they may come into a folder while this goes on.
        let uploads: [FileID: Identifier<Upload>]
        var weight: FolderWeight
    }

    private let state: Mutex<State>

    /// - Parameter uploads: counted first, by what has come of each.
    init(_ roots: [OpenFolder], uploads: [(id: Identifier<Upload>, data: FileStatus)] = []) {
        var weight = FolderWeight()
        for upload in uploads { weight.add(upload.data, of: upload.id) }
        let files = Dictionary(uploads.map { ($0.data.id, $0.id) }) { first, _ in first }
        state = Mutex(State(roots: roots, uploads: files, weight: weight))
    }

    var weight: FolderWeight { state.withLock { $0.weight } }

    /// Looks at `count` more entries. False when all are counted.
    func advance(_ count: Int) throws -> Bool {
        try state.withLock { state in
            for _ in 0..<count where try !Self.step(&state) { return false }
            return true
        }
    }

    private static func step(_ state: inout State) throws -> Bool {
        while true {
            if let (name, status) = try state.descent?.next() {
                try count(name, status, &state)
                return true
            }
            guard let root = state.roots.popLast() else { return false }
            state.descent = try FolderDescent(root)
        }
    }

    private static func count(_ name: EntryName, _ status: FileStatus, _ state: inout State) throws {
        switch status.kind {
        case .file:
            if let upload = state.uploads[status.id] { return state.weight.add(status, of: upload) }
            if status.links > 1, state.seen.count < mostRemembered {
                guard state.seen.insert(status.id).inserted else { return }
            }
            state.weight.add(status)
        case .folder:
            _ = try state.descent?.enter(name)
        case .link, .special:
            state.weight.files += 1
        }
    }
}

extension FileStore {
    /// What some folders and unfinished uploads take together, whose common files count once. Those that do not exist take nothing. A
    /// walk that is not at its end after `limit` gives what it has found by then.
    func weigh(
        _ folders: [StoredFolder], uploads: [StoredUpload] = [], within limit: Duration = .seconds(3600)
    ) async throws -> FolderWeight {
        let deadline = ContinuousClock.now + limit
        let walk = try await blocking { try self.walk(folders, uploads) }
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

    /// The beginning of a walk, which has counted the uploads.
    func walk(_ folders: [StoredFolder], _ uploads: [StoredUpload]) throws -> FolderWalk {
        var roots: [OpenFolder] = []
        for folder in folders {
            do { roots.append(try open(folder)) } catch let error as WeirError where error.code == "not_found" {}
        }
        var found: [(id: Identifier<Upload>, data: FileStatus)] = []
        for upload in uploads where isThere(upload.volume) {
            do {
                let own = try open(.uploads, of: upload.volume).folder(EntryName(upload.id.text))
                if let data = try own.status(UploadFile.data) { found.append((upload.id, data)) }
            } catch let error as WeirError where error.code == "not_found" {}
        }
        return FolderWalk(roots, uploads: found)
    }
}
