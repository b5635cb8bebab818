public import WeirModel
public import WeirStore

extension Projects {
    /// A mounted version, with its asset when the caller may see that one.
    public struct MountedData: Sendable {
        public let record: ProjectDataRecord
        public let asset: AssetRecord?
    }

    /// The datasets and models that the project's workloads have mounted (PRJ-13).
    public func data(of id: Identifier<Project>, for caller: Caller) async throws -> [MountedData] {
        try await store.read { db in
            let project = try db.project(id, for: caller, .seeWorkspace)
            return try db.mountedData(of: project.id).map { record in
                let asset = try db.asset(record.asset)
                let isSeen = asset.map { $0.visibility == .workspace || $0.createdBy == caller.id } ?? false
                return MountedData(record: record, asset: isSeen ? asset : nil)
            }
        }
    }
}
