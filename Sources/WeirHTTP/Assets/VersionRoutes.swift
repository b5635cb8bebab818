import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// A version of a dataset or model as the API shows it.
struct VersionView: JSONConvertible {
    let version: AssetVersionRecord
    let people: People

    var json: JSON {
        [
            "asset": version.asset, "number": version.number, "size": version.size, "added": version.added,
            "files": version.files, "note": version.note, "origin": version.origin,
            "created_by": people.json(of: version.createdBy), "created_at": version.createdAt,
        ]
    }
}

struct VersionRoutes {
    let assets: Assets
    let accounts: Accounts
    let files: FileStore

    func add(to routes: Routes) {
        let (assets, accounts, files) = (assets, accounts, files)

        routes.get("assets/{asset}/versions", "listVersions") { call in
            let versions = try await assets.versions(of: call.id("asset"), call.page(), for: call.caller)
            let people = try await accounts.people(versions.items.map(\.createdBy))
            return call.answer(versions) { VersionView(version: $0, people: people).json }
        }

        routes.get("assets/{asset}/versions/{number}", "getVersion") { call in
            let version = try await assets.version(call.number("number"), of: call.id("asset"), for: call.caller)
            return call.answer(
                VersionView(version: version, people: try await accounts.people([version.createdBy])).json)
        }

        routes.delete("assets/{asset}/versions/{number}", "deleteVersion") { call in
            try await assets.deleteVersion(call.number("number"), of: call.id("asset"), by: call.caller)
            return call.done()
        }

        routes.get("assets/{asset}/versions/{number}/files", "listVersionFiles") { call in
            let tree = try await assets.tree(of: call.number("number"), of: call.id("asset"), for: call.caller)
            return try await call.listing(of: tree, in: files)
        }

        routes.get("assets/{asset}/versions/{number}/file", "downloadVersionFile") { call in
            let tree = try await assets.tree(of: call.number("number"), of: call.id("asset"), for: call.caller)
            return try call.answer(file: try await files.open(tree, at: call.filePath()))
        }

        routes.get("assets/{asset}/versions/{number}/archive", "downloadVersionArchive") { call in
            let number = try call.number("number")
            let tree = try await assets.tree(of: number, of: call.id("asset"), for: call.caller)
            let path = try call.path()
            return call.answer(
                archive: try await files.archive(tree, at: path), name: path.name ?? "version-\(number)")
        }
    }
}
