import Foundation
import WeirModel

/// A form that begins with what an earlier workload was made of (ux 14): `?from=wld_…`, and with `larger=yes` the next flavor with more
/// memory.
struct Prefill {
    /// The API's answer about the workload.
    let workload: JSON
    /// The form's choices, by the names of the page's answers: `images`, `flavors`, `datasets`, `models`.
    private let choices: [String: [JSON]]

    init?(_ context: (String) -> JSON?) {
        guard let workload = context("from"), case .object = workload else { return nil }
        self.workload = workload
        choices = Dictionary(
            uniqueKeysWithValues: ["images", "flavors", "datasets", "models"].map { ($0, context($0)?["items"]?.items ?? []) })
    }

    /// By the names that `FormFields.values` gives. Each `lacks_…` names something that could not be taken over.
    func fields(wantsLarger: Bool) -> [String: String] {
        var fields: [String: String] = [:]
        func put(_ name: String, _ value: JSON?) {
            if let text = value?.plain, !text.isEmpty { fields[name] = text }
        }
        if let name = workload["name"]?.plain { fields["name"] = Self.next(name) }
        put("description", workload["description"])
        let image = choices["images"]?.first { $0["reference"]?.plain == workload["image"]?["reference"]?.plain }?["id"]?.plain
        // Chosen by nobody, an image of another kind would be the first of the list.
        fields["image"] = image ?? ""
        if image == nil { put("lacks_image", workload["image"]?["reference"]) }
        let larger = wantsLarger ? Self.larger(than: workload, among: choices["flavors"] ?? []) : nil
        let flavor = larger?["name"]?.plain ?? workload["flavor"]?["name"]?.plain ?? ""
        // Empty where there is none to choose: a form that begins with something has the field.
        fields["flavor"] = isOffered(flavor) ? flavor : ""
        if !isOffered(flavor) { put("lacks_flavor", workload["flavor"]?["name"]) }
        put("priority", workload["priority"])
        put("access", workload["access"])
        for kind in ["datasets", "models"] {
            for (position, mount) in (workload[kind]?.items ?? []).enumerated() {
                guard let asset = mount["asset"]?.plain, choices[kind]?.contains(where: { $0["id"]?.plain == asset }) == true else {
                    put("lacks_mounts", mount["path"])
                    continue
                }
                fields["\(kind)_\(position + 1)_asset"] = asset
                put("\(kind)_\(position + 1)_version", mount["version"])
            }
        }
        if case .object(let variables)? = workload["variables"], !variables.isEmpty {
            fields["variables"] = variables.map { "\($0.key)=\($0.value.plain ?? "")" }.joined(separator: "\n")
        }
        // Null to who may not enter it, who then knows of none.
        if workload["board"] == nil, case .null? = workload["variables"] { fields["lacks_variables"] = "yes" }
        for kind in ["job", "service"] { put("command", workload[kind]?["command"]) }
        put("time_limit", Self.hours(workload["job"]?["time_limit"]))
        for name in ["port", "mode", "health_path", "start_limit"] { put(name, workload["service"]?[name]) }
        if workload["service"] != nil { put("replicas", workload["replicas"]) }
        for name in ["tool", "on_idle"] { put(name, workload["environment"]?[name]) }
        put("auto_stop", Self.hours(workload["environment"]?["auto_stop"]))
        if case .bool(true)? = workload["environment"]?["open_log"] { fields["open_log"] = "on" }
        // A new environment has it on; it is switched off where it runs.
        if case .bool(false)? = workload["environment"]?["ssh"] { fields["lacks_ssh"] = "yes" }
        if let path = workload["board"]?["log_path"]?.plain {
            fields["path"] = path.hasPrefix("/gemini/output") ? String(path.dropFirst("/gemini/output".count).trimmingPrefix("/")) : path
        }
        if fields.keys.contains(where: { $0.hasPrefix("lacks_") }) { fields["lacks"] = "yes" }
        return fields
    }

    /// The smallest flavor with more memory than the workload's that has a price for its kind: of the same accelerator and group, as
    /// safe from being stopped, and with no less of anything.
    static func larger(than workload: JSON, among flavors: [JSON]) -> JSON? {
        guard let old = workload["flavor"], let memory = old["memory"]?.number, let kind = workload["kind"]?.plain else { return nil }
        func isSame(_ flavor: JSON, _ name: String) -> Bool { flavor[name]?.plain == old[name]?.plain }
        func hasAsMuch(_ flavor: JSON?, _ name: String, as old: JSON?) -> Bool {
            (flavor?[name]?.number ?? 0) >= (old?[name]?.number ?? 0)
        }
        return flavors.filter { flavor in
            guard flavor["retired_at"]?.plain == nil, flavor["prices"]?[kind]?.plain != nil, (flavor["memory"]?.number ?? 0) > memory,
                isSame(flavor, "group"), flavor["preemptible"]?.isTrue == old["preemptible"]?.isTrue
            else { return false }
            let (gpu, oldGPU) = (flavor["gpu"], old["gpu"])
            guard ["kind", "class"].allSatisfy({ gpu?[$0]?.plain == oldGPU?[$0]?.plain }) else { return false }
            guard ["compute", "memory"].allSatisfy({ hasAsMuch(gpu, $0, as: oldGPU) }) else { return false }
            return ["cpu", "scratch", "processes"].allSatisfy { hasAsMuch(flavor, $0, as: old) }
        }.min { ($0["memory"]?.number ?? 0) < ($1["memory"]?.number ?? 0) }
    }

    /// Whether the form has it to choose: neither retired nor without a price for this kind.
    private func isOffered(_ flavor: String?) -> Bool {
        guard let kind = workload["kind"]?.plain else { return false }
        return choices["flavors"]?.contains {
            $0["name"]?.plain == flavor && $0["retired_at"]?.plain == nil && $0["prices"]?[kind]?.plain != nil
        } == true
    }

    /// `train` becomes `train-2`, `train-2` becomes `train-3`.
    static func next(_ name: String) -> String {
        guard let match = name.wholeMatch(of: /(.*)-([0-9]{1,4})/), let number = Int(match.output.2) else { return "\(name.prefix(60))-2" }
        return "\(match.output.1)-\(number + 1)"
    }

    private static func hours(_ seconds: JSON?) -> JSON? {
        seconds?.number.map { .text(Format.hours($0)) }
    }
}

extension JSON {
    /// Empty for all that is no list.
    fileprivate var items: [JSON] { if case .array(let items) = self { items } else { [] } }

    fileprivate var isTrue: Bool { if case .bool(true) = self { true } else { false } }
}
