import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// A dataset or model as the API shows it.
struct AssetView: JSONConvertible {
    let asset: AssetRecord
    let rights: [ThingRight]
    let people: People

    var json: JSON {
        [
            "id": asset.id, "workspace": asset.workspace, "kind": asset.kind, "name": asset.name,
            "description": asset.description, "tags": asset.tags, "visibility": asset.visibility,
            "data_type": asset.dataType, "scenario": asset.scenario, "zone": asset.zone,
            "latest_version": asset.latest == 0 ? nil : asset.latest, "created_by": people.json(of: asset.createdBy),
            "created_at": asset.createdAt, "changed_at": asset.changedAt, "rights": rights,
        ]
    }
}

struct AssetRoutes {
    let assets: Assets
    let accounts: Accounts
    let workspaces: Workspaces

    func add(to routes: Routes) {
        let (assets, accounts, workspaces) = (assets, accounts, workspaces)
        let view = self.view

        routes.get("workspaces/{workspace}/assets", "listAssets") { call in
            let workspace = try call.id("workspace", of: Workspace.self)
            guard let kind = try call.query("kind", as: AssetKind.self) else { throw WeirError.missing("kind") }
            let page = try await assets.list(
                kind, in: workspace, named: call.nameFilter(),
                dataType: call.query("data_type", as: DataType.self), call.pageOfChanged(), for: call.caller)
            let people = try await accounts.people(page.items.map(\.createdBy))
            let caller = try call.caller
            let roles = try await workspaces.roles(of: caller, in: [workspace])
            return call.answer(page) {
                AssetView(asset: $0, rights: ThingRight.of(caller, roles[workspace], to: $0), people: people).json
            }
        }

        routes.post("workspaces/{workspace}/assets", "createAsset") { call in
            let workspace = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(NewAsset.self)
            let asset = try await assets.create(
                input.kind, in: workspace, input.description, key: call.idempotencyKey(for: input), by: call.caller)
            return call.answer(try await view(asset, call), status: .created)
        }

        routes.get("assets/{asset}", "getAsset") { call in
            let asset = try await assets.asset(call.id("asset"), for: call.caller)
            return call.answer(try await view(asset, call))
        }

        routes.patch("assets/{asset}", "changeAsset") { call in
            let id = try call.id("asset", of: Asset.self)
            let input = try await call.input(ChangeAsset.self)
            let asset = try await assets.edit(id, input.description, by: call.caller)
            return call.answer(try await view(asset, call))
        }

        routes.delete("assets/{asset}", "deleteAsset") { call in
            let id = try call.id("asset", of: Asset.self)
            try await assets.delete(id, typed: call.inputOrNone(Confirmation.self).confirm, by: call.caller)
            return call.done()
        }
    }

    @Sendable private func view(_ asset: AssetRecord, _ call: Call) async throws -> JSON {
        let caller = try call.caller
        let roles = try await workspaces.roles(of: caller, in: [asset.workspace])
        let rights = ThingRight.of(caller, roles[asset.workspace], to: asset)
        return AssetView(asset: asset, rights: rights, people: try await accounts.people([asset.createdBy])).json
    }

    struct NewAsset: Input, Encodable {
        let kind: AssetKind
        let name: String
        let text: String?
        let tags: [String]?
        let visibility: Visibility?
        let dataType: DataType?
        let scenario: Scenario?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case kind, name, tags, visibility, scenario
            case text = "description"
            case dataType = "data_type"
        }

        var description: Assets.Description {
            Assets.Description(
                name: name, description: text, tags: tags, visibility: visibility, dataType: dataType,
                scenario: scenario)
        }
    }

    struct ChangeAsset: Input {
        let name: String?
        let text: String?
        let tags: [String]?
        let visibility: Visibility?
        let dataType: OrNone<DataType>?
        let scenario: OrNone<Scenario>?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case name, tags, visibility, scenario
            case text = "description"
            case dataType = "data_type"
        }

        var description: Assets.Description {
            var description = Assets.Description(
                name: name, description: text, tags: tags, visibility: visibility, dataType: dataType?.value, scenario: scenario?.value)
            description.hasNoDataType = dataType == OrNone.none
            description.hasNoScenario = scenario == OrNone.none
            return description
        }
    }
}

/// A word of a list, or `none`, which takes away what was said before.
enum OrNone<Value: RawRepresentable & Decodable & Hashable & Sendable>: Decodable, Hashable, Sendable where Value.RawValue == String {
    case none
    case some(Value)

    var value: Value? { if case .some(let value) = self { value } else { nil } }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = try container.decode(String.self) == "none" ? .none : .some(container.decode(Value.self))
    }
}
