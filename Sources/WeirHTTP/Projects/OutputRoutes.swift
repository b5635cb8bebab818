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
            let output = try await projects.output(of: call.id("project"), for: call.caller)
            return try await call.listing(of: output, in: files)
        }

        routes.get("projects/{project}/output/file", "downloadOutput") { call in
            let output = try await projects.output(of: call.id("project"), for: call.caller)
            return try call.answer(file: try await files.open(output, at: call.filePath()))
        }

        routes.get("projects/{project}/output/archive", "downloadOutputArchive") { call in
            let output = try await projects.output(of: call.id("project"), for: call.caller)
            let path = try call.path()
            return call.answer(archive: try await files.archive(output, at: path), name: path.name ?? "output")
        }
    }
}
