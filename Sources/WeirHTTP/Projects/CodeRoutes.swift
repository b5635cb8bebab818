import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform

/// The code store of a project (PRJ-08, PRJ-10, PRJ-14).
struct CodeRoutes {
    let projects: Projects
    let files: FileStore

    func add(to routes: Routes) {
        let (projects, files) = (projects, files)

        routes.get("projects/{project}/code", "listCode") { call in
            let code = try await projects.code(of: call.id("project"), for: call.caller, .seeWorkspace)
            return try await call.listing(of: code, in: files)
        }

        routes.get("projects/{project}/code/file", "downloadCode") { call in
            let code = try await projects.code(of: call.id("project"), for: call.caller, .seeWorkspace)
            return try call.answer(file: try await files.open(code, at: call.filePath()))
        }

        routes.put("projects/{project}/code/file", "uploadCode") { call in
            let code = try await projects.intake(of: call.id("project"), for: call.caller)
            let path = try call.filePath()
            let announced = call.request.headers[.contentLength].flatMap { Int64($0) }.map { Bytes($0) }
            try await code.write(call.request.body, at: path, announced: announced, if: try call.fileCondition)
            guard let entry = try await code.entry(path) else { throw WeirError.notFound("file") }
            var response = call.answer(Call.json(of: entry, at: path))
            response.headers[.eTag] = "\"\(entry.tag)\""
            return response
        }

        routes.delete("projects/{project}/code/file", "deleteCode") { call in
            let code = try await projects.code(of: call.id("project"), for: call.caller, .changeCode)
            try await files.delete(code, at: call.filePath())
            return call.done()
        }

        routes.post("projects/{project}/code/files", "uploadCodeFiles") { call in
            try await call.receive(into: projects.intake(of: call.id("project"), for: call.caller), files)
        }

        routes.post("projects/{project}/code/folder", "createCodeFolder") { call in
            let code = try await projects.code(of: call.id("project"), for: call.caller, .changeCode)
            try await files.makeFolder(code, atTyped: FilePath(call.input(FolderInput.self).path))
            return call.done()
        }

        routes.post("projects/{project}/code/rename", "renameCode") { call in
            let code = try await projects.code(of: call.id("project"), for: call.caller, .changeCode)
            let input = try await call.input(RenameInput.self)
            try await files.rename(code, from: FilePath(input.from), toTyped: FilePath(input.to))
            return call.done()
        }

        routes.post("projects/{project}/code/unpack", "unpackCode") { call in
            let code = try await projects.intake(of: call.id("project"), for: call.caller)
            return call.answer(try await call.input(UnpackInput.self).unpack(in: code))
        }

        routes.post("projects/{project}/code/clone", "cloneCode") { call in
            let input = try await call.input(CloneInput.self)
            try await projects.clone(
                Projects.Repository(url: input.url, branch: input.branch, user: input.user, password: input.password),
                into: call.id("project"), at: FilePath(input.into ?? ""), by: call.caller)
            return call.done()
        }

        CodeTextRoutes(projects: projects, files: files).add(to: routes)

        routes.get("projects/{project}/code/archive", "downloadCodeArchive") { call in
            let code = try await projects.code(of: call.id("project"), for: call.caller, .seeWorkspace)
            let path = try call.path()
            return call.answer(archive: try await files.archive(code, at: path), name: path.name ?? "code")
        }
    }

    struct CloneInput: Input {
        let url: String
        let into: String?
        let branch: String?
        let user: String?
        let password: String?

        enum CodingKeys: String, CodingKey, CaseIterable { case url, into, branch, user, password }
    }
}
