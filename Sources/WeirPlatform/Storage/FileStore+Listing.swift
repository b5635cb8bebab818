public import WeirModel

/// One line of a folder's listing.
public struct FileEntry: Hashable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable { case file, folder, link, special }

    public let name: String
    public let kind: Kind
    /// Of a file; 0 for the others.
    public let size: Bytes
    public let modifiedAt: Timestamp
    /// Another content has another tag.
    public let tag: String

    init(_ name: EntryName, _ status: FileStatus) {
        self.name = name.text
        kind =
            switch status.kind {
            case .file: .file
            case .folder: .folder
            case .link: .link
            case .special: .special
            }
        size = Bytes(status.kind == .file ? status.size : 0)
        modifiedAt = Timestamp(milliseconds: status.modified)
        tag = status.tag
    }
}

public struct FilePage: Hashable, Sendable {
    public let entries: [FileEntry]
    /// What to hand in as `after` for the next page; nil on the last.
    public let next: String?
}

/// How much a folder holds.
public struct FolderSize: Hashable, Sendable, Codable {
    /// The sum of the sizes of its files.
    public var size: Bytes = 0
    /// What it takes on the disk for itself: files shared with a version are counted there.
    public var own: Bytes = 0
    public var files = 0
    public var folders = 0
}

extension FileStore {
    public static let pageLimit = 1000

    /// The entries of a folder sorted by name. Throws `not_found`, `link_in_path`.
    public func list(
        _ folder: StoredFolder, at path: FilePath = .root, after: String? = nil, limit: Int = 200
    ) async throws -> FilePage {
        try await blocking {
            let place = try open(folder).folder(at: path)
            let limit = max(1, min(limit, Self.pageLimit))
            var names = try place.names()
            if let after {
                let bound = EntryName(after)
                names.removeAll { $0 <= bound }
            }
            names.sort()
            let entries = try names.prefix(limit).compactMap { name -> FileEntry? in
                guard let status = try place.status(name) else { return nil }
                return FileEntry(name, status)
            }
            return FilePage(entries: entries, next: names.count > limit ? names[limit - 1].text : nil)
        }
    }

    /// Nil when there is nothing at the path.
    public func entry(_ folder: StoredFolder, at path: FilePath) async throws -> FileEntry? {
        guard let name = path.name else { return nil }
        return try await blocking {
            guard let status = try open(folder).folder(at: path.parent).status(EntryName(name)) else { return nil }
            return FileEntry(EntryName(name), status)
        }
    }

    /// The size of a folder; zero when it does not exist (yet).
    public func measure(_ folder: StoredFolder, at path: FilePath = .root) async throws -> FolderSize {
        try await blocking {
            do {
                return try open(folder).folder(at: path).measure()
            } catch let error as WeirError where error.code == "not_found" {
                return FolderSize()
            }
        }
    }
}

extension OpenFolder {
    /// What vanishes while it is being counted is not counted.
    func measure() throws -> FolderSize {
        var total = FolderSize()
        try measure(into: &total, depth: 0)
        return total
    }

    private func measure(into total: inout FolderSize, depth: Int) throws {
        // Descriptors are held on the way down; tenants can nest deeper than Weir lets in.
        guard depth < 4 * FilePath.depthLimit else { return }
        for name in try names() {
            guard let status = try status(name) else { continue }
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
                if case .some(let inner) = try? folder(name) { try inner.measure(into: &total, depth: depth + 1) }
            case .link, .special:
                total.files += 1
            }
        }
    }
}
