import Foundation
import WeirModel

/// People name things; the API knows identifiers. Names are looked up by the lists' filters.
extension ClientSession {
    func workspace(_ options: WorkspaceOptions) async throws -> Profile.Remembered {
        guard let wanted = options.workspace ?? environment["WEIR_WORKSPACE"] else {
            if let remembered = profile.workspace { return remembered }
            let all = try await api.list(.get("/api/v1/workspaces"), of: Records.Workspace.self).value
            guard all.count == 1 else { throw WeirError.notChosen("workspace") }
            return Profile.Remembered(id: all[0].id, name: all[0].name)
        }
        if wanted.isIdentifier("wsp") { return Profile.Remembered(id: wanted, name: wanted) }
        let all = try await api.list(.get("/api/v1/workspaces"), of: Records.Workspace.self).value
        if let found = all.first(where: { $0.name.sameName(as: wanted) }) {
            return Profile.Remembered(id: found.id, name: found.name)
        }
        return try await anyWorkspace(called: wanted)
    }

    /// The operator pays and looks for workspaces without being a member.
    private func anyWorkspace(called name: String) async throws -> Profile.Remembered {
        let call = APICall.get("/api/v1/operator/workspaces", [("name", name)])
        do {
            let all = try await api.list(call, of: Records.StandingWorkspace.self).value
            guard let found = all.first(where: { $0.name.sameName(as: name) }) else { throw WeirError.noneCalled("workspace", name) }
            return Profile.Remembered(id: found.id, name: found.name)
        } catch let failure as APIFailure where failure.httpStatus == 403 || failure.httpStatus == 404 {
            throw WeirError.noneCalled("workspace", name)
        }
    }

    func project(_ options: ProjectOptions) async throws -> Profile.Remembered {
        if let wanted = options.project ?? environment["WEIR_PROJECT"] {
            return try await project(called: wanted, in: options.workspace)
        }
        // A remembered project belongs to the remembered workspace.
        guard options.workspace.workspace == nil, environment["WEIR_WORKSPACE"] == nil, let project = profile.project
        else { throw WeirError.notChosen("project") }
        return project
    }

    func project(called name: String, in options: WorkspaceOptions) async throws -> Profile.Remembered {
        if name.isIdentifier("prj") { return Profile.Remembered(id: name, name: name) }
        let workspace = try await workspace(options)
        let path = "/api/v1/workspaces/\(workspace.id)/projects"
        let found = try await api.list(.get(path, [("name", name)]), of: Records.Project.self).value
        guard let project = found.first(where: { $0.name.sameName(as: name) }) else {
            throw WeirError.noneCalled("project", name)
        }
        return Profile.Remembered(id: project.id, name: project.name)
    }

    func asset(_ kind: AssetKind, _ name: String, in options: WorkspaceOptions) async throws -> Records.Asset {
        if name.isIdentifier("ast") {
            return try await api.answer(.get("/api/v1/assets/\(name)"), as: Records.Asset.self).value
        }
        let workspace = try await workspace(options)
        let call = APICall.get(
            "/api/v1/workspaces/\(workspace.id)/assets", [("kind", kind.rawValue), ("name", name)])
        let found = try await api.list(call, of: Records.Asset.self).value
        guard let asset = found.first(where: { $0.name.sameName(as: name) }) else {
            throw WeirError.noneCalled(kind.rawValue, name)
        }
        return asset
    }

    /// The newest workload of that name; those of the chosen project go first.
    func workload(_ kind: WorkloadKind?, _ name: String, in options: ProjectOptions) async throws -> Records.Workload {
        if name.isIdentifier("wld") {
            return try await api.answer(.get("/api/v1/workloads/\(name)"), as: Records.Workload.self).value
        }
        let workspace = try await workspace(options.workspace)
        let project = options.project == nil && environment["WEIR_PROJECT"] == nil ? nil : try await project(options).id
        let call = APICall.get(
            "/api/v1/workspaces/\(workspace.id)/workloads",
            [("kind", kind?.rawValue), ("name", name), ("project", project)])
        let found = try await api.list(call, of: Records.Workload.self).value.filter { $0.name.sameName(as: name) }
        guard let workload = found.first(where: { $0.project == profile.project?.id }) ?? found.first else {
            throw WeirError.noneCalled(kind?.commandName ?? "workload", name)
        }
        return workload
    }

    /// A mount as the API takes it, from `NAME`, `NAME@VERSION` or an id in place of the name.
    func mounts(_ kind: AssetKind, _ texts: [String], in options: WorkspaceOptions) async throws -> JSONValue {
        var mounts: [JSONValue] = []
        for text in texts {
            let choice = try VersionChoice(text)
            let asset = try await asset(kind, choice.name, in: options)
            mounts.append(.members(["asset": .string(asset.id), "version": choice.number.map { .integer(Int64($0)) }]))
        }
        return .array(mounts)
    }

    /// The reference of an image that is named in full, by its last part, or by its id.
    func image(_ name: String, in options: WorkspaceOptions) async throws -> String {
        if name.isIdentifier("img") { return name }
        let workspace = try await workspace(options)
        let images = try await api.list(.get("/api/v1/images", [("workspace", workspace.id)]), of: Records.Image.self)
            .value
        let exact = images.first { $0.reference == name }
        guard let image = exact ?? images.first(where: { $0.shortNames.contains(name) }) else {
            throw WeirError.noneCalled("image", name)
        }
        return image.reference
    }
}

/// An asset by name, and one of its versions: `digits`, `digits@3`.
struct VersionChoice: Equatable {
    let name: String
    let number: Int?

    init(_ text: String) throws(WeirError) {
        guard let at = text.lastIndex(of: "@") else {
            name = text
            number = nil
            return
        }
        guard let number = Int(text[text.index(after: at)...]), number > 0 else {
            throw .malformed("version", "NAME or NAME@NUMBER")
        }
        self.name = String(text[..<at])
        self.number = number
    }
}

extension String {
    func sameName(as other: String) -> Bool {
        precomposedStringWithCanonicalMapping.lowercased() == other.precomposedStringWithCanonicalMapping.lowercased()
    }

    /// Whether this is an id and not a name: the prefix and 26 characters.
    func isIdentifier(_ prefix: String) -> Bool { hasPrefix(prefix + "_") && utf8.count == prefix.utf8.count + 27 }
}

extension WorkloadKind {
    /// The noun that the command line uses.
    var commandName: String { self == .environment ? "env" : rawValue }
}
