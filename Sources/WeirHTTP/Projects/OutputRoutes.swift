import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform

/// What the workloads of a project wrote to /gemini/output (PRJ-11).
struct OutputRoutes {
    let projects: Projects
    let files: FileStore

    func add(to routes: Routes) {
        let (projects, files) = (projects, files)

        routes.get("projects/{project}/output", "listOutput") { call in
            let (project, path) = (try call.id("project", of: Project.self), try call.path())
            let (folder, place) = try await projects.output(of: project, at: path, for: call.caller)
            do {
                return try await call.listing(of: folder, at: place, in: files)
            } catch let error as WeirError where error.code == "not_found" {
                guard try await projects.isOutputOfRun(path, in: project, for: call.caller) else { throw error }
                return call.answer(["items": [] as [JSON], "next": JSON.null])
            }
        }

        routes.get("projects/{project}/output/file", "downloadOutput") { call in
            let path = try call.filePath()
            let (folder, place) = try await projects.output(of: call.id("project"), at: path, for: call.caller)
            guard !place.isRoot else { throw WeirError.missing("path") }
            return try call.answer(file: try await files.open(folder, at: place))
        }

        routes.delete("projects/{project}/output/file", "deleteOutput") { call in
            try await projects.deleteOutput(of: call.id("project"), at: call.filePath(), by: call.caller)
            return call.done()
        }

        routes.get("projects/{project}/output/archive", "downloadOutputArchive") { call in
            let path = try call.path()
            let (folder, place) = try await projects.output(of: call.id("project"), at: path, for: call.caller)
            return call.answer(archive: try await files.archive(folder, at: place), name: path.name ?? "output")
        }
    }
}
