import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// What a folder holds as the API shows it.
extension Call {
    /// The `path` of the query; the folder itself when it is left out.
    func path() throws -> FilePath { try FilePath(query("path") ?? "") }

    func filePath() throws -> FilePath {
        let path = try path()
        guard !path.isRoot else { throw WeirError.missing("path") }
        return path
    }

    /// `If-Match` with the tag that a file had when it was read, or `If-None-Match: *` for one that must not be there yet.
    var fileCondition: FileCondition? {
        get throws(WeirError) {
            let absent = request.headers[.ifNoneMatch]
            guard absent == nil || absent == "*" else { throw .malformed("If-None-Match", "*") }
            if let tag = request.headers[.ifMatch] { return .tag(tag.filter { $0 != "\"" }) }
            return absent == nil ? nil : .absent
        }
    }

    /// The entries at the path that was asked for; `place` is where it lies in the folder when that is another.
    func listing(of folder: StoredFolder, at place: FilePath? = nil, in files: FileStore) async throws -> Response {
        let (path, page) = (try path(), try page())
        let found = try await files.list(folder, at: place ?? path, after: page.after, limit: page.limit)
        return answer([
            // However deep it stands: nothing in a folder keeps the rest of it from being listed.
            "items": found.entries.map { Self.json(of: $0, at: path.isRoot ? $0.name : path.text + "/" + $0.name) },
            "next": found.next,
        ])
    }

    static func json(of entry: FileEntry, at path: FilePath) -> JSON { json(of: entry, at: path.text) }

    private static func json(of entry: FileEntry, at path: String) -> JSON {
        [
            "name": entry.name, "path": path, "kind": JSON.text(entry.kind.rawValue), "size": entry.size,
            "changed_at": entry.modifiedAt,
        ]
    }
}

struct FolderInput: Input {
    let path: String

    enum CodingKeys: String, CodingKey, CaseIterable { case path }
}

struct RenameInput: Input {
    let from: String
    let to: String

    enum CodingKeys: String, CodingKey, CaseIterable { case from, to }
}

struct UnpackInput: Input {
    let path: String
    let into: String?
    let charset: String?
    let keepArchive: Bool?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case path, into, charset
        case keepArchive = "keep_archive"
    }

    /// Unpacks into the archive's own folder when no other is named.
    func unpack(in intake: Intake) async throws -> JSON {
        let archive = try FilePath(path)
        let unpacked = try await intake.unpack(
            archive, into: try into.map { try FilePath($0) } ?? archive.parent, charset: try charset.map { try ArchiveCharset(named: $0) })
        if keepArchive != true { try await intake.delete(archive) }
        return ["files": unpacked.files, "size": unpacked.size]
    }
}
