import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// Results become versions in the libraries (PRJ-11).
struct ExportRoutes {
    let exports: Exports
    let accounts: Accounts
    let workspaces: Workspaces

    func add(to routes: Routes) {
        let exports = exports

        routes.post("projects/{project}/output/export", "exportProjectOutput") { call in
            let id = try call.id("project", of: Project.self)
            let input = try await call.input(Export.self)
            let (asset, version) = try await exports.export(
                of: id, path: input.path ?? "", to: input.destination, note: input.note ?? "",
                key: call.idempotencyKey(for: input), by: call.caller)
            return try await show(asset, version, call)
        }

        routes.post("workloads/{workload}/export", "exportOutput") { call in
            let id = try call.id("workload", of: Workload.self)
            let input = try await call.input(Export.self)
            let (asset, version) = try await exports.export(
                of: id, path: input.path ?? "", to: input.destination, note: input.note ?? "",
                key: call.idempotencyKey(for: input), by: call.caller)
            return try await show(asset, version, call)
        }
    }

    @Sendable private func show(_ asset: AssetRecord, _ version: AssetVersionRecord, _ call: Call) async throws -> Response {
        let people = try await accounts.people([asset.createdBy, version.createdBy])
        let roles = try await workspaces.roles(of: call.caller, in: [asset.workspace])
        return call.answer(
            [
                "asset": AssetView(
                    asset: asset, rights: ThingRight.of(try call.caller, roles[asset.workspace], to: asset), people: people),
                "version": VersionView(version: version, people: people),
            ], status: .created)
    }

    struct Export: Input, Encodable {
        let kind: AssetKind
        let asset: Identifier<Asset>?
        let name: String?
        let path: String?
        let note: String?

        enum CodingKeys: String, CodingKey, CaseIterable { case kind, asset, name, path, note }

        /// The asset that is named by its identifier, else the one of that name.
        var destination: Exports.Destination {
            get throws(WeirError) {
                if let asset { return .asset(asset) }
                guard let name else { throw .missing("name") }
                return .named(name, kind)
            }
        }
    }
}
