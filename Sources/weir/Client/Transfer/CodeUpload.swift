import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import WeirModel

/// Puts files into a project's code, each in one request that replaces what was there.
struct CodeUpload: Sendable {
    static let parallel = 4
    private static let chunk = 256 << 10

    let api: APIClient
    let project: String
    let progress: Progress

    func send(_ files: [LocalFile]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, file) in files.enumerated() {
                if index >= Self.parallel { try await group.next() }
                group.addTask { try await send(file) }
            }
            try await group.waitForAll()
        }
    }

    private func send(_ file: LocalFile) async throws {
        var call = APICall.raw(.put, "/api/v1/projects/\(project)/code/file", [("path", file.target)])
        call.headers = [(name: "Content-Type", value: "application/octet-stream")]
        call.timeout = .seconds(3600)
        call.body = .stream(FileChunks(file: file, progress: progress), length: .known(file.size))
        _ = try await api.answer(call)
    }

    /// The file's bytes, read as they are sent.
    private struct FileChunks: AsyncSequence, Sendable {
        typealias Element = ByteBuffer
        let file: LocalFile
        let progress: Progress

        func makeAsyncIterator() -> Iterator { Iterator(file: file, progress: progress) }

        struct Iterator: AsyncIteratorProtocol {
            let file: LocalFile
            let progress: Progress
            var offset: Int64 = 0

            mutating func next() async throws -> ByteBuffer? {
                guard offset < file.size else { return nil }
                let count = Int(Swift.min(Int64(CodeUpload.chunk), file.size - offset))
                let part = try await FilePart.read(file.path, offset: offset, count: count)
                guard part.readableBytes > 0 else { throw WeirError.changedFile(file.path.text) }
                offset += Int64(part.readableBytes)
                progress.advance(Int64(part.readableBytes))
                return part
            }
        }
    }
}
