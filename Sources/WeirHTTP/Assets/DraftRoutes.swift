import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// What is being uploaded, before it is confirmed to a version (DAT-04..06, MOD-04).
struct DraftRoutes {
    let assets: Assets
    let accounts: Accounts
    let files: FileStore

    func add(to routes: Routes) {
        let (assets, accounts, files) = (assets, accounts, files)

        routes.get("assets/{asset}/draft", "listDraft") { call in
            let draft = try await assets.draftShown(of: call.id("asset"), for: call.caller)
            _ = (try call.path(), try call.page())
            guard let draft else { return call.answer(all: [FileEntry]()) { _ in .null } }
            return try await call.listing(of: draft, in: files)
        }

        routes.post("assets/{asset}/draft/files", "uploadDraftFiles") { call in
            try await call.receive(into: assets.intake(of: call.id("asset"), for: call.caller), files)
        }

        routes.post("assets/{asset}/draft/rename", "renameDraft") { call in
            let draft = try await assets.draft(of: call.id("asset"), for: call.caller, .changeDraft)
            let input = try await call.input(RenameInput.self)
            try await files.rename(draft, from: FilePath(input.from), toTyped: FilePath(input.to))
            return call.done()
        }

        routes.post("assets/{asset}/draft/delete", "deleteDraftFiles") { call in
            let draft = try await assets.draft(of: call.id("asset"), for: call.caller, .changeDraft)
            let paths = try await call.input(Paths.self).paths.map { try FilePath($0) }
            guard !paths.isEmpty else { throw WeirError.missing("paths") }
            for path in paths { try await files.delete(draft, at: path) }
            return call.done()
        }

        routes.post("assets/{asset}/draft/unpack", "unpackDraft") { call in
            let draft = try await assets.intake(of: call.id("asset"), for: call.caller)
            return call.answer(try await call.input(UnpackInput.self).unpack(in: draft))
        }

        routes.post("assets/{asset}/draft/discard", "discardDraft") { call in
            try await assets.discardDraft(of: call.id("asset"), by: call.caller)
            return call.done()
        }

        routes.post("assets/{asset}/versions", "confirmDraft") { call in
            let id = try call.id("asset", of: Asset.self)
            let input = try await call.inputOrNone(Confirmation.self)
            let version = try await assets.confirm(
                id, note: input.note ?? "", key: call.idempotencyKey(for: input), by: call.caller)
            let people = try await accounts.people([version.createdBy])
            return call.answer(VersionView(version: version, people: people).json, status: .created)
        }
    }

    struct Paths: Input {
        let paths: [String]

        enum CodingKeys: String, CodingKey, CaseIterable { case paths }
    }

    struct Confirmation: Input, Encodable {
        let note: String?

        enum CodingKeys: String, CodingKey, CaseIterable { case note }
    }
}

extension Call {
    /// A form's parts `file`, written below the query's `path` under their own names.
    func receive(into intake: Intake, _ files: FileStore) async throws -> Response {
        let place = try path()
        try requireLength(upTo: files.webLimits.form.count)
        var entries: [JSON] = []
        let form = try MultipartReader(request)
        while let part = try await form.nextPart() {
            guard part.name == "file" else { throw WeirError.unknownField(part.name, known: ["file"]) }
            try files.webLimits.check(files: entries.count + 1)
            let path = try place.appending(FileName(part.fileName ?? ""))
            try await intake.write(part.body, at: path)
            guard let entry = try await intake.entry(path) else { throw WeirError.notFound("file") }
            entries.append(Self.json(of: entry, at: path))
        }
        guard !entries.isEmpty else { throw WeirError.missing("file") }
        return answer(["items": entries, "next": JSON.null])
    }
}
