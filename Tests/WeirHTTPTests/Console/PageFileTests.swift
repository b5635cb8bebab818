import Foundation
import HTTPTypes
import Testing
import WeirModel

@testable import WeirHTTP

/// What the files of the console hold, without a server.
@Suite struct PageFileTests {
    private let sources = ConsoleFiles.pages.map { name in
        (name: name, text: String(decoding: ConsoleFiles.builtIn["\(name).html"] ?? [], as: UTF8.self))
    }

    private func catalogues() throws -> [Language: [String: [String: String]]] {
        try [Language.english: "en.json", .chinese: "zh-Hans.json"].mapValues { file in
            try JSONDecoder().decode([String: [String: String]].self, from: Data(ConsoleFiles.builtIn[file] ?? []))
        }
    }

    @Test("both languages have the same texts, and none is empty")
    func catalogueEquality() throws {
        let texts = try catalogues()
        let keys = texts.mapValues { groups in Set(groups.flatMap { group, texts in texts.keys.map { "\(group).\($0)" } }) }
        #expect(keys[.english] == keys[.chinese], "\(keys[.english]!.symmetricDifference(keys[.chinese]!).sorted())")
        for (language, groups) in texts {
            for (group, words) in groups {
                for (key, text) in words { #expect(!text.isEmpty, "\(language) \(group).\(key)") }
            }
        }
    }

    @Test("every text that a page uses is there")
    func usedTexts() throws {
        let groups = try #require(try catalogues()[.english])
        for (name, text) in sources {
            for match in text.matches(of: /[{(]t\.([a-z_]+)\.([a-z_0-9]+)/) {
                #expect(groups[String(match.output.1)]?[String(match.output.2)] != nil, "\(name): \(match.output.0)")
            }
            for done in Self.tellings(in: text) { #expect(groups["codes"]?[done] != nil, "\(name): \(done)") }
        }
    }

    /// What forms have told when they have done it.
    private static func tellings(in text: String) -> [String] {
        text.matches(of: /_done(?:" value="|=)([a-z_]+)/).map { String($0.output.1) }
    }

    @Test("every text is used: by a page, or as the word for a code of the API")
    func unusedTexts() throws {
        let groups = try #require(try catalogues()[.english])
        let all = sources.map(\.text).joined(separator: "\n")
        let named = Set(all.matches(of: /t\.([a-z_]+\.[a-z_0-9]+)/).map { String($0.output.1) })
        let document = String(decoding: PackageResources.openapi_yaml, as: UTF8.self)
        var codes = Set(document.matches(of: /[a-z][a-z_0-9]*/).map { String($0.output) })
        codes.formUnion(all.matches(of: /value="([a-z_0-9]+)"/).map { String($0.output.1) })
        codes.formUnion(Self.tellings(in: all))
        for (group, words) in groups {
            for key in words.keys where !named.contains("\(group).\(key)") {
                // A field's own name stands in a message that says what is wrong with it.
                let code = key.hasPrefix("field_") ? String(key.dropFirst("field_".count)) : key
                #expect(group == "codes" && codes.contains(code), "\(group).\(key)")
            }
        }
    }

    @Test("whatever is typed into a form has a name for the message that refuses it (ux 23)")
    func fieldNames() throws {
        let words = try #require(try catalogues()[.chinese]?["codes"])
        var seen = 0
        for (name, text) in sources {
            for form in text.matches(of: /(?s)<form[^>]*method="post".*?<\/form>/) {
                for field in form.output.matches(of: /<(?:input|textarea)[^>]*>/) {
                    guard field.output.firstMatch(of: /type="(hidden|checkbox|radio)"/) == nil,
                        let typed = field.output.firstMatch(of: /\sname="([a-z][a-z_.\[\]]*)/)?.output.1
                    else { continue }
                    seen += 1
                    let own = typed.replacing("[]", with: "").split(separator: ".").last ?? ""
                    #expect(words["field_\(own)"] != nil, "\(name): \(typed)")
                }
            }
        }
        #expect(seen > 60, "\(seen)")
    }

    @Test("a bar of what is held against a limit changes its colour towards the limit and above it (ux 16)")
    func bars() {
        var seen = 0
        for (name, text) in sources where ["Quotas", "Billing", "Operator"].contains(name) {
            for bar in text.matches(of: /<meter [^>]*>/) {
                // More than is free of charge is allowed.
                guard !bar.output.contains("max=\"{{free}}\"") else { continue }
                seen += 1
                let colours = ["low=\"{{low(", "high=\"{{high(", "optimum=\"0\""]
                #expect(colours.allSatisfy { bar.output.contains($0) }, "\(name): \(bar.output)")
            }
        }
        #expect(seen > 5, "\(seen)")
    }

    @Test("the time of a state is called by the state: what is over never says when it began (ux 20)")
    func sinceWhen() throws {
        let page = try #require(sources.first { $0.name == "Workloads" }).text
        for state in WorkloadState.allCases.map(\.rawValue) {
            let label = "{{#state.is_\(state)}}{{t.workloads.since_\(state)}}{{/state.is_\(state)}}"
            #expect(page.contains(label), "\(state)")
        }
        let chinese = try #require(try catalogues()[.chinese]?["workloads"])
        for state in ["completed", "failed", "stopped"] { #expect(chinese["since_\(state)"]?.contains("开始") == false, "\(state)") }
    }

    @Test("no page has a script or style in it, and nothing is put in unescaped but times")
    func nothingInline() {
        for (name, text) in sources {
            #expect(!text.contains("<style") && !text.contains(" style=") && !text.contains("javascript:"), "\(name)")
            #expect(text.firstMatch(of: /\son[a-z]+=/) == nil, "\(name)")
            for match in text.matches(of: /<script[^>]*>/) { #expect(match.output.contains("src="), "\(name): \(match.output)") }
            for match in text.matches(of: /\{\{[{&]\s*([^}]*)/) { #expect(match.output.1.hasPrefix("when("), "\(name): \(match.output.0)") }
        }
    }

    @Test("a filter narrows lists that are marked and have a name, and a log is never one of them (review 1, 2)")
    func narrowed() throws {
        var seen = 0
        for (name, text) in sources {
            for match in text.matches(of: /<[^>]*data-narrow[^>]*>/) {
                seen += 1
                #expect(match.output.contains(/\ id="[a-z-]+"/) && !match.output.contains(" data-build"), "\(name): \(match.output)")
            }
        }
        #expect(seen > 20)
        let workload = try #require(try ConsoleFiles().pages.all.first { $0.path == "/workloads/{workload}" })
        #expect(workload.body.contains(#"class="filters""#) && !workload.body.contains("data-narrow"))
    }

    @Test("what a page asks, and what its forms do, are operations of the API")
    func operations() async throws {
        let pages = try ConsoleFiles().pages.all
        try await TestServer.with { server in
            for page in pages {
                for need in page.needs.joined() {
                    let path = "/api/v1/" + need.request.split(separator: "?")[0].replacing(/\{[^}]*\}/, with: "x")
                    #expect(server.routes.contains { $0.method == .get && $0.matches(path: path) }, "\(page.path): \(need.request)")
                }
            }
            for (name, text) in sources {
                for match in text.matches(of: /"\/form\/([^"?]+)|\{\$action\}\}\/form\/([^?]*?)(?:\?[^{]*)?\{\{\/action/) {
                    let action = String(match.output.1 ?? match.output.2 ?? "")
                    let path = "/api/v1/" + action.replacing(/\{\{[^}]*\}\}|\{[^}]*\}/, with: "x")
                    #expect(server.routes.contains { $0.method != .get && $0.matches(path: path) }, "\(name): \(action)")
                }
            }
        }
    }

    @Test(
        "a description that is not understood stops the program's start, with the file and the line",
        arguments: [
            "=== /x\ntitle: x\n", "=== nothing\nx", "=== /x\nnav: y\n---\n", "=== /x\ntitle: x\nfoo: y\n---\n",
            "=== /x\ntitle: x\naccess: all\n---\n",
        ])
    func faults(file: String) throws {
        #expect(throws: ConsolePage.Fault.self) { try ConsolePage.blocks(of: file, named: "Test") }
    }

    @Test("what a page asks is asked at once, but for what names an answer that is not there yet")
    func parts() throws {
        let file = """
            === /jobs/{job}
            title: a
            workspace: job.workspace
            data job: workloads/{job}
            data usage?: workloads/{job}/usage
            data project: projects/{job.project}
            data flavors: flavors
            data members: workspaces/{workspace}/members
            data quotas: workspaces/{project.workspace}/quotas
            ---
            """
        guard case .page(let page)? = try ConsolePage.blocks(of: file, named: "T").first else {
            Issue.record("no page")
            return
        }
        #expect(page.needs.map { $0.map(\.name) } == [["job", "usage"], ["project", "flavors", "members"], ["quotas"]])
    }

    @Test("every text is escaped, in a page, in its parts and in what these are given")
    func escaped() throws {
        let file = """
            === partial part
            {{name}}|{{$block}}{{/block}}
            === partial layout
            {{$title}}{{/title}}|{{$content}}{{/content}}
            === /x
            title: {{name}}
            ---
            {{<part}}{{$block}}{{name}}{{/block}}{{/part}}|{{#list}}{{name}}{{/list}}
            """
        let pages = try Pages(files: [("T", file)], texts: Texts([:]))
        let html = pages.render("page /x", Shown.Group(values: ["name": "é<b a='\"'>&", "list": [1]]), in: .english)
        let escaped = "é&lt;b a=&#39;&quot;&#39;&gt;&amp;"
        #expect(
            html.split(separator: "|").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) } == [escaped, escaped, escaped, escaped])
    }

    @Test("a written-out path goes before one with a parameter")
    func order() throws {
        let texts = try Texts([:])
        let pages = try Pages(files: [("T", "=== /jobs/{job}\ntitle: a\n---\n\n=== /jobs/new\ntitle: b\n---\n")], texts: texts)
        #expect(pages.page(at: "/jobs/new")?.page.title == "b")
        #expect(pages.page(at: "/jobs/a%20b")?.parameters == ["job": "a b"])
        #expect(pages.page(at: "/jobs") == nil)
    }
}
