import Foundation
import WeirModel

/// A form that begins with what an earlier workload was made of (ux 14): `?from=wld_…`, and with `larger=yes` the next flavor with more memory.
struct Prefill {
    /// As the API shows the workload.
    let workload: JSON
    /// The images that the form offers, for it chooses by identifier, and the flavors.
    let images: [JSON]
    let flavors: [JSON]

    init?(_ context: (String) -> JSON?) {
        guard let workload = context("from"), case .object = workload else { return nil }
        self.workload = workload
        images = context("images")?["items"]?.items ?? []
        flavors = context("flavors")?["items"]?.items ?? []
    }

    /// By the names that `FormFields.values` gives.
    func fields(wantsLarger: Bool) -> [String: String] {
        var fields: [String: String] = [:]
        func put(_ name: String, _ value: JSON?) {
            if let text = value?.plain, !text.isEmpty { fields[name] = text }
        }
        if let name = workload["name"]?.plain { fields["name"] = Self.next(name) }
        put("description", workload["description"])
        put("image", images.first { $0["reference"]?.plain == workload["image"]?["reference"]?.plain }?["id"])
        put("flavor", wantsLarger ? larger?["name"] ?? workload["flavor"]?["name"] : workload["flavor"]?["name"])
        put("priority", workload["priority"])
        put("access", workload["access"])
        for kind in ["datasets", "models"] {
            for (position, mount) in (workload[kind]?.items ?? []).enumerated() {
                put("\(kind)_\(position + 1)_asset", mount["asset"])
                put("\(kind)_\(position + 1)_version", mount["version"])
            }
        }
        if case .object(let variables)? = workload["variables"], !variables.isEmpty {
            fields["variables"] = variables.map { "\($0.key)=\($0.value.plain ?? "")" }.joined(separator: "\n")
        }
        for kind in ["job", "service"] { put("command", workload[kind]?["command"]) }
        put("time_limit", Self.hours(workload["job"]?["time_limit"]))
        for name in ["port", "mode", "health_path", "start_limit"] { put(name, workload["service"]?[name]) }
        if workload["service"] != nil { put("replicas", workload["replicas"]) }
        for name in ["tool", "on_idle"] { put(name, workload["environment"]?[name]) }
        put("auto_stop", Self.hours(workload["environment"]?["auto_stop"]))
        if let path = workload["board"]?["log_path"]?.plain {
            fields["path"] = path.hasPrefix("/gemini/output") ? String(path.dropFirst("/gemini/output".count).trimmingPrefix("/")) : path
        }
        return fields
    }

    /// The smallest that has more memory, the same accelerator, and no less of the rest.
    private var larger: JSON? {
        guard let old = workload["flavor"], let memory = old["memory"]?.number else { return nil }
        return flavors.filter { flavor in
            flavor["retired_at"]?.plain == nil && flavor["gpu"]?["kind"]?.plain == old["gpu"]?["kind"]?.plain
                && flavor["gpu"]?["class"]?.plain == old["gpu"]?["class"]?.plain && (flavor["memory"]?.number ?? 0) > memory
                && (flavor["cpu"]?.number ?? 0) >= (old["cpu"]?.number ?? 0)
        }.min { ($0["memory"]?.number ?? 0) < ($1["memory"]?.number ?? 0) }
    }

    /// `train` becomes `train-2`, `train-2` becomes `train-3`.
    static func next(_ name: String) -> String {
        guard let match = name.wholeMatch(of: /(.*)-([0-9]{1,4})/), let number = Int(match.output.2) else { return "\(name.prefix(60))-2" }
        return "\(match.output.1)-\(number + 1)"
    }

    private static func hours(_ seconds: JSON?) -> JSON? {
        seconds?.number.map { .text(Format.decimal($0 * 1000 / 3600, 1000)) }
    }
}

extension JSON {
    /// Of a list; nothing of anything else.
    fileprivate var items: [JSON] { if case .array(let items) = self { items } else { [] } }
}
