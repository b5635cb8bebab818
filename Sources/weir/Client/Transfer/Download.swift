import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import WeirModel

/// Fetches files into a folder of this machine. A file appears under its name when all of it has come; what was cut off goes on.
struct Download: Sendable {
    static let parallel = 3
    private static let attempts = 6

    let api: APIClient
    /// Lists a folder: `path` is its query.
    let folderPath: String
    /// Gives one file.
    let filePath: String

    struct RemoteFile: Sendable, Equatable {
        let path: String
        let size: Int64
    }

    /// Every file below `folder`, and what is none and cannot be fetched.
    func files(below folder: String) async throws -> (files: [RemoteFile], leftOut: [String]) {
        var files: [RemoteFile] = []
        var leftOut: [String] = []
        var open = [folder]
        while let next = open.popLast() {
            let entries = try await api.list(
                .get(folderPath, [("path", next)]), of: Records.FileEntry.self, most: 1_000_000)
            for entry in entries.value {
                switch entry.kind {
                case .folder: open.append(entry.path)
                case .file: files.append(RemoteFile(path: entry.path, size: Int64(entry.size)))
                case .link, .special: leftOut.append(entry.path)
                }
            }
        }
        return (files.sorted { $0.path < $1.path }, leftOut.sorted())
    }

    func fetch(_ files: [RemoteFile], into folder: String, progress: Progress) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, file) in files.enumerated() {
                if index >= Self.parallel { try await group.next() }
                group.addTask { try await fetch(file, into: folder, progress: progress) }
            }
            try await group.waitForAll()
        }
    }

    private func fetch(_ file: RemoteFile, into folder: String, progress: Progress) async throws {
        let target = try Self.target(of: file.path, in: folder)
        try target.parent.makeFolders()
        let partial = target.appending(suffix: ".weir-part")
        partial.remove()
        var offset: Int64 = 0
        var failures = 0
        repeat {
            do {
                var call = APICall.raw(.get, filePath, [("path", file.path)])
                call.timeout = nil
                if offset > 0 { call.headers = [(name: "Range", value: "bytes=\(offset)-")] }
                let response = try await api.response(call)
                if response.status != .partialContent, offset > 0 {
                    progress.advance(-offset)
                    offset = 0
                }
                if file.size == 0 { try await FilePart.write(ByteBuffer(), to: partial, offset: 0) }
                for try await buffer in response.body where buffer.readableBytes > 0 {
                    try await FilePart.write(buffer, to: partial, offset: offset)
                    offset += Int64(buffer.readableBytes)
                    progress.advance(Int64(buffer.readableBytes))
                    failures = 0
                }
                guard offset >= file.size else { throw WeirError.connectionBroke("the file came short") }
            } catch let failure as APIFailure {
                throw failure
            } catch let error as WeirError where error.category != .unavailable {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                failures += 1
                guard failures < Self.attempts else { throw error }
                try await Task.sleep(for: .milliseconds(250 << failures))
            }
        } while offset < file.size
        guard partial.rename(to: target) else { throw WeirError.unreadableFile(target.text) }
    }

    /// Where a file of the server's naming goes: always below `folder`.
    static func target(of path: String, in folder: String) throws(WeirError) -> LocalPath {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !path.isEmpty, !path.contains("\0"), !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." })
        else {
            throw .unsafePath(path)
        }
        return LocalPath(folder).appending(path)
    }
}
