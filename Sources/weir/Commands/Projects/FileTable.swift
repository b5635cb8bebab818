import WeirModel

/// What code, output, drafts and versions have in common: folders to list, to fetch and to unpack into.
enum FileTable {
    static func show(_ call: APICall, _ session: ClientSession) async throws {
        let answer = try await session.api.list(call, of: Records.FileEntry.self)
        let table = Table(.text("NAME"), .number("SIZE"), .text("CHANGED"))
        try session.output.list(answer, table, identifier: \.path) {
            let mark = $0.kind == .folder ? "/" : $0.kind == .link ? "@" : ""
            return [$0.name + mark, $0.kind == .folder ? "" : Phrase.size($0.size), $0.changedAt.short]
        }
    }

    /// Fetches a folder, or a file when the path is one.
    ///
    /// - Parameters:
    ///   - list: the path of the API that lists a folder.
    ///   - file: the path of the API that gives one file.
    static func download(_ list: String, _ file: String, path: String, to folder: String, _ session: ClientSession)
        async throws
    {
        let download = Download(api: try session.api, folderPath: list, filePath: file)
        let trimmed = path.split(separator: "/").joined(separator: "/")
        let parent = trimmed.split(separator: "/").dropLast().joined(separator: "/")
        var files: [Download.RemoteFile] = []
        if !trimmed.isEmpty {
            let beside = try await session.api.list(
                .get(list, [("path", parent)]), of: Records.FileEntry.self, most: 1_000_000)
            guard let entry = beside.value.first(where: { $0.path.utf8.elementsEqual(trimmed.utf8) }) else {
                throw WeirError.notFound(trimmed)
            }
            if entry.kind == .file { files = [Download.RemoteFile(path: trimmed, size: Int64(entry.size))] }
        }
        var leftOut: [String] = []
        if files.isEmpty { (files, leftOut) = try await download.files(below: trimmed) }
        let total = files.reduce(0) { $0 + $1.size }
        let progress = Progress(Phrase.count(files.count, "file"), total: total, output: session.output)
        let failed = try await download.fetch(files, into: folder, progress: progress)
        progress.finish()
        if files.count == 1, let only = failed.first { throw only.error }
        for one in failed { session.output.note("Not fetched: \(one.path): \(session.output.message(of: one.error))") }
        let missing = Set(failed.map(\.path))
        let size = files.reduce(0) { $0 + (missing.contains($1.path) ? 0 : $1.size) }
        try session.output.done(
            "Fetched \(Phrase.count(files.count - failed.count, "file")), \(Bytes(size)), to \(folder).",
            json: .object(["files": .integer(Int64(files.count - failed.count)), "size": .integer(size)]))
        guard failed.isEmpty else { throw WeirError.notFetched(failed.map(\.path)) }
        guard leftOut.isEmpty else { throw WeirError.leftOut(leftOut) }
    }

    static func unpack(
        _ api: String, _ path: String, _ into: String?, _ charset: String?, _ keep: Bool, _ session: ClientSession
    ) async throws {
        let body = JSONValue.members([
            "path": .string(path), "into": into.map { .string($0) }, "charset": charset.map { .string($0) },
            "keep_archive": keep ? true : nil,
        ])
        var call = try APICall.send(.post, api, body)
        call.timeout = .seconds(3600)
        let answer = try await session.api.answer(call, as: Records.Unpacked.self)
        try session.output.done(
            "Unpacked \(Phrase.count(answer.value.files, "file")), \(Phrase.size(answer.value.size)).",
            json: answer.json)
    }
}
