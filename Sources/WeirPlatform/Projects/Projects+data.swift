public import WeirModel
public import WeirStore

extension Projects {
    /// A mounted version, with its asset unless that was deleted.
    public struct MountedData: Sendable {
        public let record: ProjectDataRecord
        public let asset: AssetRecord?
    }

    /// The datasets and models that the project's workloads have mounted (PRJ-13), without what others keep to themselves (DAT-14).
    public func data(of id: Identifier<Project>, for caller: Caller) async throws -> [MountedData] {
        try await store.read { db in
            let project = try db.project(id, for: caller, .seeWorkspace)
            let mounted = try db.mountedData(of: project.id)
            let hidden = try db.assetsHidden(from: caller.id, among: Set(mounted.map(\.asset)))
            return try mounted.filter { !hidden.contains($0.asset) }.map { MountedData(record: $0, asset: try db.asset($0.asset)) }
        }
    }
}
