import WeirModel
import WeirPlatform

/// The cookie that lets a browser into one tool, and what becomes of the cookies that tools set themselves.
enum ToolCookie {
    static let name = "weir_tool"
    /// Cookies know no ports: those of the console reach the gateway too, and go no further.
    static func isReserved(_ pair: some StringProtocol) -> Bool {
        let name = pair.lowercased()
        return name.hasPrefix("weir_") || name.hasPrefix("__host-weir_")
    }

    /// Seen by no script, sent to no other tool.
    static func header(_ entry: EntryTokens.Entry, secure: Bool) -> String {
        let path = ToolName.path(of: entry.pass.tool, in: entry.pass.workload)
        let age = EntryTokens.cookieLife.components.seconds
        return "\(name)=\(entry.cookie); Path=\(path); Max-Age=\(age); HttpOnly; SameSite=Lax"
            + (secure ? "; Secure" : "")
    }

    /// The values under our name in a `Cookie` field: a browser may hold several.
    static func values(in field: String, under name: String = name) -> [String] {
        field.split(separator: ";").compactMap { part in
            let pair = part.trimmingPrefix { $0 == " " }
            return pair.hasPrefix(name + "=") ? String(pair.dropFirst(name.count + 1)) : nil
        }
    }

    /// A backend's cookie as it may leave: never under a platform's name, for no other host, and on the tools' common
    /// origin for no path but the tool's own.
    static func confined(_ cookie: String, _ rules: ResponseRules) -> String? {
        var parts = cookie.split(separator: ";").map { $0.trimmingPrefix { $0 == " " } }
        guard let pair = parts.first, !isReserved(pair) else { return nil }
        parts.removeFirst()
        var path: Substring?
        var kept = [pair]
        for part in parts {
            let lowered = part.lowercased()
            if lowered.hasPrefix("path=") {
                path = part.dropFirst(5)
            } else if !lowered.hasPrefix("domain=") {
                kept.append(part)
            }
        }
        if let prefix = rules.confinedTo {
            if let asked = path, asked.hasPrefix(prefix) {
                kept.append("Path=\(asked)")
            } else if let asked = path, rules.addsPrefix, asked.hasPrefix("/") {
                kept.append("Path=\(prefix)\(asked.dropFirst())")
            } else {
                kept.append("Path=\(prefix)")
            }
        } else if let path {
            kept.append("Path=\(path)")
        }
        return kept.joined(separator: "; ")
    }
}
