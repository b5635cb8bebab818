import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// Resumable uploads by the tus 1.0 protocol: core, creation, checksum, termination (DAT-04, DAT-07, PRJ-08).
struct UploadRoutes {
    static let partType = "application/offset+octet-stream"
    let uploads: Uploads

    func add(to routes: Routes) {
        let uploads = uploads

        routes.options("assets/{asset}/uploads", "describeUploads", .anyone) { _ in
            Response(
                status: .noContent,
                headers: [
                    .tusResumable: TusHeaders.version, .tusVersion: TusHeaders.version,
                    .tusExtension: TusHeaders.extensions, .tusChecksumAlgorithm: TusHeaders.checksumAlgorithms,
                ])
        }

        routes.post("assets/{asset}/uploads", "createUpload") { call in
            try await create(into: .draft(call.id("asset")), call)
        }

        routes.post("projects/{project}/uploads", "createCodeUpload") { call in
            try await create(into: .code(call.id("project")), call)
        }

        routes.get("assets/{asset}/uploads", "listUploads") { call in
            try await list(into: .draft(call.id("asset")), call)
        }

        routes.get("projects/{project}/uploads", "listCodeUploads") { call in
            try await list(into: .code(call.id("project")), call)
        }

        routes.head("uploads/{upload}", "getUploadOffset") { call in
            try call.requireTus()
            let progress = try await uploads.progress(of: call.id("upload"), by: call.caller)
            return Response(
                status: .ok,
                headers: [
                    .tusResumable: TusHeaders.version, .uploadOffset: String(progress.offset.count),
                    .uploadLength: String(progress.length.count), .cacheControl: "no-store",
                ])
        }

        routes.patch("uploads/{upload}", "appendUpload") { call in
            try call.requireTus()
            guard call.request.headers[.contentType] == Self.partType else {
                throw WeirError.unsupportedMediaType(Self.partType)
            }
            let progress = try await uploads.append(
                call.request.body, to: call.id("upload"),
                at: TusHeaders.offset(call.request.headers[.uploadOffset]),
                checksum: TusChecksum(header: call.request.headers[.uploadChecksum]), by: call.caller)
            return Response(
                status: .noContent,
                headers: [.tusResumable: TusHeaders.version, .uploadOffset: String(progress.offset.count)])
        }

        // A form can end one, too, and says nothing of the protocol.
        routes.delete("uploads/{upload}", "endUpload") { call in
            if call.request.headers[.tusResumable] != nil { try call.requireTus() }
            try await uploads.cancel(call.id("upload"), by: call.caller)
            return Response(status: .noContent, headers: [.tusResumable: TusHeaders.version])
        }
    }

    private func list(into target: UploadTarget, _ call: Call) async throws -> Response {
        call.answer(all: try await uploads.unfinished(into: target, by: call.caller)) { item in
            [
                "id": item.upload.id, "path": item.upload.path, "length": item.upload.length, "offset": item.offset,
                "created_at": item.upload.createdAt, "account": ["id": item.upload.account, "login": item.login] as JSON,
            ]
        }
    }

    private func create(into target: UploadTarget, _ call: Call) async throws -> Response {
        try call.requireTus()
        let length = try TusHeaders.length(call.request.headers[.uploadLength])
        let metadata = try TusHeaders.metadata(call.request.headers[.uploadMetadata])
        guard let path = metadata["filename"] else { throw WeirError.missing("filename") }
        let upload = try await uploads.create(into: target, path: path, length: length, by: call.caller)
        var response = Response(
            status: .created, headers: [.tusResumable: TusHeaders.version, .location: "/api/v1/uploads/\(upload.id)"])
        // The first part may come along.
        if call.request.headers[.contentType] == Self.partType {
            let progress = try await uploads.append(
                call.request.body, to: upload.id, at: 0, checksum: TusChecksum(header: call.request.headers[.uploadChecksum]),
                by: call.caller)
            response.headers[.uploadOffset] = String(progress.offset.count)
        }
        return response
    }
}

extension Call {
    /// Throws `tus_version`.
    func requireTus() throws(WeirError) {
        guard request.headers[.tusResumable] == TusHeaders.version else { throw .tusVersion() }
    }
}

extension WeirError {
    static func tusVersion() -> WeirError {
        WeirError(
            "tus_version", .invalid, subject: "Tus-Resumable",
            LocalizedText("This server speaks tus \(TusHeaders.version).", zh: "本服务使用 tus \(TusHeaders.version) 协议。"),
            remedy: LocalizedText(
                "Send `Tus-Resumable: \(TusHeaders.version)`.", zh: "请发送 `Tus-Resumable: \(TusHeaders.version)`。"))
    }
}

extension HTTPField.Name {
    static let tusResumable = HTTPField.Name("Tus-Resumable")!
    static let tusVersion = HTTPField.Name("Tus-Version")!
    static let tusExtension = HTTPField.Name("Tus-Extension")!
    static let tusChecksumAlgorithm = HTTPField.Name("Tus-Checksum-Algorithm")!
    static let uploadOffset = HTTPField.Name("Upload-Offset")!
    static let uploadLength = HTTPField.Name("Upload-Length")!
    static let uploadMetadata = HTTPField.Name("Upload-Metadata")!
    static let uploadChecksum = HTTPField.Name("Upload-Checksum")!
}
