/// Who and what is called how, as far as a page's own answers say it: the API names things by their identifiers, people want names.
enum Names {
    /// The names of all that stand in the answers with an identifier of their own: projects, workspaces, members, workloads.
    static func within(_ answers: [JSON]) -> [String: String] {
        answers.reduce(into: [:]) { add(to: &$0, $1, deep: 4) }
    }

    private static func add(to names: inout [String: String], _ json: JSON, deep: Int) {
        guard deep > 0 else { return }
        switch json {
        case .array(let items):
            for item in items { add(to: &names, item, deep: deep - 1) }
        case .object(let fields):
            // A member is named by the account, a workspace's standing by the workspace.
            if let id = (json["id"] ?? json["account"] ?? json["workspace"])?.plain, let name = (json["login"] ?? json["name"])?.plain {
                names[id] = name
            }
            if case .object(let given)? = json["names"] {
                for (id, name) in given { names[id] = name.plain }
            }
            for field in fields { add(to: &names, field.value, deep: deep - 1) }
        default: return
        }
    }
}
