public import WeirModel

/// How much a folder holds.
public struct FolderSize: Hashable, Sendable, Codable {
    /// The sum of the sizes of its files.
    public var size: Bytes = 0
    /// What it takes on the disk for itself: files shared with a version are counted there.
    public var own: Bytes = 0
    public var files = 0
    public var folders = 0
}

/// The measuring of one folder. What vanishes while it is being counted is not counted.
struct FolderMeasure: Sendable {
    private(set) var total = FolderSize()
    private var descent: FolderDescent

    init(_ folder: OpenFolder) throws { descent = try FolderDescent(folder) }

    /// Looks at `count` more entries. False when all are counted.
    mutating func advance(_ count: Int) throws -> Bool {
        for _ in 0..<count {
            guard let (name, status) = try descent.next() else { return false }
            switch status.kind {
            case .file:
                total.files += 1
                // A few sparse files can be longer than any number.
                let (sum, overflow) = total.size.count.addingReportingOverflow(status.size)
                total.size = Bytes(overflow ? .max : sum)
                if status.links == 1 { total.own += Bytes(status.allocated) }
            case .folder:
                total.folders += 1
                total.own += Bytes(status.allocated)
                _ = try descent.enter(name)
            case .link, .special:
                total.files += 1
            }
        }
        return true
    }
}

extension FileStore {
    /// The size of a folder; zero when it does not exist (yet).
    public func measure(_ folder: StoredFolder, at path: FilePath = .root) async throws -> FolderSize {
        do {
            return try await measure(try await blocking { try open(folder).folder(at: path) })
        } catch let error as WeirError where error.code == "not_found" {
            return FolderSize()
        }
    }

    func measure(_ folder: OpenFolder) async throws -> FolderSize {
        let measure = try await blocking { try FolderMeasure(folder) }
        return try await inSlices(measure) { try $0.advance(Self.walkSlice) }.total
    }
}
