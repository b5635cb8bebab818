import Foundation
import WeirModel

/// A page as its file describes it: where it is, what it asks of the API, and how that is shown.
///
///     === /jobs/{job}
///     title: {{job.name}}
///     nav: jobs
///     workspace: job.workspace
///     data job: workloads/{job}
///     data usage?: workloads/{job}/usage
///     ---
///     <h1>{{job.name}}</h1>
///
/// `{job}` is of the page's path, `{workspace}` the workspace in which the visitor is, `{job.project}` of an answer that is there
/// already. A name alone in a query is passed on from the page's own query; `after` and `name` also from another of its names, as
/// `name:find_dataset`. With `?` an answer may be an error: then its name
/// holds nothing. A block that begins with `=== partial NAME` is a part of pages.
struct ConsolePage: Sendable {
    enum Access: String, Sendable {
        case anyone, account
        /// The operator alone.
        case `operator`
        /// Also with a password that somebody else made.
        case password
    }

    struct Need: Sendable {
        let name: String
        let request: String
        let mayFail: Bool
        /// Where the page's address says how far the list has been gone through: `after`, or `NAME` of `after:NAME`.
        let cursor: String

        init(name: String, request: String, mayFail: Bool) {
            self.name = name
            self.request = request
            self.mayFail = mayFail
            cursor = request.firstMatch(of: /[?&]after:([a-z_]+)/).map { String($0.output.1) } ?? "after"
        }

        /// Whether the request is made of the answer with that name, by itself or by the workspace that the answer names.
        func names(_ answer: String, workspace: String?) -> Bool {
            request.contains("{\(answer).") || (request.contains("{workspace}") && workspace?.hasPrefix("\(answer).") == true)
        }
    }

    let path: String
    let parts: [Substring]
    private(set) var title = ""
    private(set) var nav = ""
    private(set) var access = Access.account
    /// Where an answer names the workspace that the page is about.
    private(set) var workspace: String?
    /// Whether it is there for who is in no workspace.
    private(set) var needsWorkspace = true
    /// In the order of the file; those of one part name no answer of the same part, so they are asked for at once.
    private(set) var needs: [[Need]] = []
    private(set) var body = ""

    /// The name of its template.
    var template: String { "page " + path }

    /// What the path gives to the page's parameters, where it is the page's.
    func parameters(of path: String) -> [String: String]? {
        let other = path.split(separator: "/")
        guard other.count == parts.count else { return nil }
        var found: [String: String] = [:]
        for (own, given) in zip(parts, other) {
            if own.first == "{" {
                found[String(own.dropFirst().dropLast())] = given.removingPercentEncoding ?? String(given)
            } else if own != given {
                return nil
            }
        }
        return found
    }

    enum Block: Sendable {
        case page(ConsolePage)
        case partial(name: String, body: String)
    }

    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// The blocks of one file. Throws `Fault` for a line that is none of these.
    static func blocks(of file: String, named name: String) throws(Fault) -> [Block] {
        var blocks: [Block] = []
        for part in file.split(separator: "\n=== ", omittingEmptySubsequences: true) {
            let part = part.hasPrefix("=== ") ? part.dropFirst(4) : part
            guard let lineEnd = part.firstIndex(of: "\n") else { throw Fault(description: "\(name): an empty block") }
            let head = part[..<lineEnd]
            let rest = part[part.index(after: lineEnd)...]
            if head.hasPrefix("partial ") {
                blocks.append(.partial(name: String(head.dropFirst("partial ".count)), body: trimmed(rest)))
            } else if head.hasPrefix("/") {
                blocks.append(.page(try ConsolePage(path: String(head), text: rest, file: name)))
            } else {
                throw Fault(description: "\(name): a block begins with a path or `partial`, not with \"\(head)\"")
            }
        }
        return blocks
    }

    private init(path: String, text: Substring, file: String) throws(Fault) {
        self.path = path
        parts = path.split(separator: "/")
        var isHead = true
        var listed: [Need] = []
        var lines: [Substring] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard isHead else {
                lines.append(line)
                continue
            }
            if line == "---" {
                isHead = false
                continue
            }
            guard let colon = line.firstIndex(of: ":") else { throw Fault(description: "\(file), \(path): \"\(line)\"") }
            let value = String(line[line.index(after: colon)...].trimmingPrefix { $0 == " " })
            switch line[..<colon] {
            case "title": title = value
            case "nav": nav = value
            case "workspace":
                needsWorkspace = value != "none"
                workspace = value == "none" ? nil : value
            case "access":
                guard let known = Access(rawValue: value) else { throw Fault(description: "\(file), \(path): access \(value)") }
                access = known
            case let key where key.hasPrefix("data "):
                let name = key.dropFirst("data ".count)
                listed.append(Need(name: String(name.trimmingSuffix("?")), request: value, mayFail: name.hasSuffix("?")))
            default: throw Fault(description: "\(file), \(path): \"\(line)\"")
            }
        }
        guard !isHead, !title.isEmpty else { throw Fault(description: "\(file), \(path): no title or no `---`") }
        for need in listed {
            if let last = needs.last, !last.contains(where: { need.names($0.name, workspace: workspace) }) {
                needs[needs.count - 1].append(need)
            } else {
                needs.append([need])
            }
        }
        body = Self.trimmed(lines.joined(separator: "\n")[...])
    }

    /// Without what lays out the file: it would be sent each time, and a part would be indented again. In `<pre>` and `<textarea>`
    /// nothing but names stands.
    private static func trimmed(_ text: Substring) -> String {
        text.split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }.joined(separator: "\n")
    }
}

extension Substring {
    fileprivate func trimmingSuffix(_ end: String) -> Substring { hasSuffix(end) ? dropLast(end.count) : self }
}
