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

extension FileStore {
    public static let pageLimit = 1000

    /// The entries of a folder sorted by name. Throws `not_found`, `link_in_path`.
    public func list(
        _ folder: StoredFolder, at path: FilePath = .root, after: String? = nil, limit: Int = 200
    ) async throws -> FilePage {
        try await blocking {
            let place = try open(folder).folder(at: path)
            let limit = max(1, min(limit, Self.pageLimit))
            let names = try place.names(after: after.map { EntryName($0) }, most: limit + 1)
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
}

extension OpenFolder {
    /// The first names after one, in order. However many there are in the folder, a few times `most` are held.
    fileprivate func names(after bound: EntryName?, most: Int) throws -> [EntryName] {
        var found: [EntryName] = []
        var last: EntryName?
        func keepFirst() {
            found.sort()
            found.removeLast(max(0, found.count - most))
        }
        try eachName { name in
            if let bound, name <= bound { return true }
            if let last, name > last { return true }
            found.append(name)
            if found.count >= 4 * most + 1024 {
                keepFirst()
                last = found.last
            }
            return true
        }
        keepFirst()
        return found
    }
}
