import AsyncHTTPClient
import Crypto
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

    /// A file that could not be fetched.
    struct Failed: Sendable {
        let path: String
        let error: any Error
    }

    /// Fetches all that can be fetched, and gives the rest. Throws what would befall every other file as well.
    func fetch(_ files: [RemoteFile], into folder: String, progress: Progress) async throws -> [Failed] {
        try await withThrowingTaskGroup(of: Failed?.self) { group in
            var failed: [Failed] = []
            for (index, file) in files.enumerated() {
                if index >= Self.parallel, let next = try await group.next(), let next { failed.append(next) }
                group.addTask {
                    do {
                        try await fetch(file, into: folder, progress: progress)
                        return nil
                    } catch let error where Self.isOfOneFile(error) {
                        return Failed(path: file.path, error: error)
                    }
                }
            }
            for try await next in group {
                if let next { failed.append(next) }
            }
            return failed.sorted { $0.path < $1.path }
        }
    }

    /// What this machine cannot name or write, and what the server does not have any more.
    private static func isOfOneFile(_ error: any Error) -> Bool {
        switch error {
        case let failure as APIFailure: [400, 404, 409, 410].contains(failure.httpStatus)
        case let error as WeirError: ["unreadable_file", "unsafe_path"].contains(error.code)
        default: false
        }
    }

    /// Where a file grows until all of it is there: beside its place, under a name that is short whatever its own is, and the same one the
    /// next time.
    static func partial(of target: LocalPath) -> LocalPath {
        let digest = SHA256.hash(data: Data(target.text.utf8)).prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return target.parent.appending(".weir-part-" + digest.joined())
    }

    private func fetch(_ file: RemoteFile, into folder: String, progress: Progress) async throws {
        let target = try Self.target(of: file.path, in: folder)
        try target.parent.makeFolders()
        let partial = Self.partial(of: target)
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
        guard partial.rename(to: target) else {
            partial.remove()
            throw WeirError.unreadableFile(target.text)
        }
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

extension WeirError {
    /// Whoever runs a script notices; each file has been told of by then.
    static func notFetched(_ paths: [String]) -> WeirError {
        return WeirError(
            "not_fetched", .failed, subject: "path",
            LocalizedText(
                "\(paths.count) files could not be fetched: \(someOf(paths)). All else is there.",
                zh: "有 \(paths.count) 个文件无法下载：\(someOf(paths))。其余已完成。"))
    }
}
