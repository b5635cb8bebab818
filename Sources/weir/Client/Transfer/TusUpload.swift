import AsyncHTTPClient
import Crypto
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import WeirModel

/// Sends files into an asset's draft by the tus 1.0 protocol: in parts, each with its checksum, each durable when it is
/// answered; what was cut off goes on at the last part.
struct TusUpload: Sendable {
    static let partSize = 16 << 20
    /// How many files go at once (X11).
    static let parallel = 3
    private static let attempts = 10

    let api: APIClient
    let asset: String
    let memory: UploadMemory
    let progress: Progress
    var partSize = TusUpload.partSize
    /// The first pause after a part that did not get through; each further one is twice as long.
    var pause = Duration.milliseconds(250)
    /// How long another request may hold the upload: one whose client is gone without a word does so until the server has noticed (F13).
    var patience = Duration.seconds(150)

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
        let key = UploadMemory.key(server: api.server, asset: asset, file: file)
        var offset: Int64 = 0
        var location = await memory.location(key)
        if let known = location {
            if let reached = try await offsetOnServer(known) {
                offset = reached
            } else {
                location = nil
            }
        }
        let target: String
        if let location { target = location } else { target = try await create(file) }
        try await memory.set(key, to: target)
        progress.advance(offset)
        var failures = 0
        var isFirst = true
        var busySince: ContinuousClock.Instant?
        while offset < file.size || isFirst {
            isFirst = false
            let part = try await FilePart.read(file.path, offset: offset, count: partSize)
            guard part.readableBytes > 0 || file.size == 0 else { throw WeirError.changedFile(file.path.text) }
            do {
                offset = try await append(part, to: target, at: offset)
                progress.advance(Int64(part.readableBytes))
                failures = 0
                busySince = nil
            } catch let failure as APIFailure where failure.code == "upload_busy" {
                let since = busySince ?? .now
                guard .now - since < patience else { throw failure }
                if busySince == nil { progress.note("Another command holds this upload; waiting for it.") }
                busySince = since
                try await Task.sleep(for: min(.seconds(5), pause * 8))
                guard let reached = try await offsetOnServer(target) else { throw failure }
                progress.advance(reached - offset)
                offset = reached
            } catch let failure as APIFailure where file.size == 0 && [404, 409].contains(failure.httpStatus) {
                // An empty file is complete as soon as it is created.
                break
            } catch let error {
                failures += 1
                guard failures < Self.attempts, Self.canGoOn(after: error) else { throw error }
                try await Task.sleep(for: min(.seconds(10), pause * (1 << failures)))
                guard let reached = try await offsetOnServer(target) else { throw error }
                progress.advance(reached - offset)
                offset = reached
            }
        }
        try await memory.set(key, to: nil)
    }

    /// A broken connection, a part that was damaged on its way, and a server that lost or kept more than was answered.
    private static func canGoOn(after error: any Error) -> Bool {
        switch error {
        case let failure as APIFailure: [409, 429, 460, 500, 502, 503, 504].contains(failure.httpStatus)
        case let error as WeirError: error.category == .unavailable
        default: false
        }
    }

    private func create(_ file: LocalFile) async throws -> String {
        var call = APICall.raw(.post, "/api/v1/assets/\(asset)/uploads")
        call.headers = [
            (name: "Tus-Resumable", value: "1.0.0"), (name: "Upload-Length", value: "\(file.size)"),
            (name: "Upload-Metadata", value: "filename \(Data(file.target.utf8).base64EncodedString())"),
        ]
        let response = try await api.response(call)
        guard let location = response.headers.first(name: "Location"), let parts = URLComponents(string: location)
        else {
            throw WeirError.unreadableAnswer(call.path)
        }
        // The path alone: the token goes to no other server.
        return parts.path
    }

    private func append(_ part: ByteBuffer, to location: String, at offset: Int64) async throws -> Int64 {
        var call = APICall.raw(.patch, location)
        let checksum = Data(SHA256.hash(data: part.readableBytesView)).base64EncodedString()
        call.headers = [
            (name: "Tus-Resumable", value: "1.0.0"), (name: "Upload-Offset", value: "\(offset)"),
            (name: "Upload-Checksum", value: "sha256 \(checksum)"),
            (name: "Content-Type", value: "application/offset+octet-stream"),
        ]
        call.body = .bytes(part)
        call.timeout = .seconds(600)
        let response = try await api.response(call)
        guard let text = response.headers.first(name: "Upload-Offset"), let reached = Int64(text) else {
            throw WeirError.unreadableAnswer(location)
        }
        return reached
    }

    /// Nil when the server does not know the upload any more.
    private func offsetOnServer(_ location: String) async throws -> Int64? {
        var call = APICall.raw(.head, location)
        call.headers = [(name: "Tus-Resumable", value: "1.0.0")]
        call.canRepeat = true
        do {
            return try await api.response(call).headers.first(name: "Upload-Offset").flatMap { Int64($0) }
        } catch let failure as APIFailure where [404, 410].contains(failure.httpStatus) {
            return nil
        }
    }
}

extension WeirError {
    static func changedFile(_ path: String) -> WeirError {
        WeirError(
            "file_changed", .conflict, subject: path,
            LocalizedText("\(path) became shorter while it was sent.", zh: "\(path) 在上传过程中变短。"),
            remedy: LocalizedText("Send it again when nothing writes to it.", zh: "请在文件不再写入后重新上传。"))
    }
}
