import Foundation
import Testing
import WeirModel

@testable import WeirHTTP

/// The console's pages and forms, asked for as a browser does.
@Suite struct ConsoleTests {
    @Test("who is not logged in is led to the login, and from there back to where they wanted")
    func login() async throws {
        try await TestServer.with { server in
            try await server.signUp("ada")
            let stranger = Browser(server: server, user: nil)
            let sent = try await stranger.open("/jobs?state=running")
            #expect(sent.status == 303)
            #expect(sent.header("Location") == "/login?next=%2Fjobs%3Fstate%3Drunning")
            let page = try await stranger.open(sent.header("Location") ?? "")
            #expect(page.status == 200 && page.body.contains(#"name="_next" value="/jobs?state=running""#))
            let fields = [("login", "ada"), ("password:keep", TestServer.password), ("_next", "/jobs?state=running")]
            let done = try await stranger.submit("/form/sessions", fields)
            #expect(done.status == 303 && done.header("Location") == "/jobs?state=running")
            #expect(done.header("Set-Cookie")?.hasPrefix("weir_session=weirs_") == true)
            let wrong = try await stranger.submit("/form/sessions", [("login", "ada"), ("password:keep", "x"), ("_from", "/login")])
            #expect(wrong.status == 401 && wrong.body.contains(#"role="alert""#) && wrong.body.contains(#"name="login" value="ada""#))
        }
    }

    @Test(
        "a form leads to places of this site alone",
        arguments: ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x"])
    func ownPlaces(next: String) async throws {
        try await TestServer.with { server in
            try await server.signUp("ada")
            let fields = [("login", "ada"), ("password:keep", TestServer.password), ("_next", next)]
            let done = try await Browser(server: server, user: nil).submit("/form/sessions", fields)
            #expect(done.status == 303 && done.header("Location") == "/")
        }
    }

    @Test("a form from another site, or made for another session, changes nothing")
    func crossSite() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let eve = try await server.user("eve")
            let browser = Browser(server: server, user: ada)
            let fields = [("name", "mine"), ("_from", "/welcome")]
            let foreign = try await browser.submit("/form/workspaces", fields, origin: "https://evil.example")
            #expect(foreign.status == 403 && foreign.body.contains("cross_site_request"))
            for token in ["", "x", ConsoleForms.token(for: eve.secret)] {
                let stale = try await browser.submit("/form/workspaces", fields, token: token)
                #expect(stale.status == 403 && stale.body.contains("stale_form"))
            }
            let choice = try await browser.submit("/choose/language/zh-Hans", [], origin: "https://evil.example")
            #expect(choice.status == 403)
            #expect(try await server.api(ada, "GET", "workspaces")["items"].items.isEmpty)
            let own = try await browser.submit("/form/workspaces", fields)
            #expect(own.status == 303)
            #expect(try await server.api(ada, "GET", "workspaces")["items"].items.count == 1)
        }
    }

    @Test("a session that another page of this host has laid over one's own is not worked in")
    func shadowed() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let eve = try await server.user("eve")
            for cookies in [
                "weir_session=\(eve.secret); weir_session=\(ada.secret)", "weir_session=\(ada.secret); weir_session=\(eve.secret)",
            ] {
                let answer = try await server.client.send("GET", "/jobs", headers: [("Cookie", cookies)])
                #expect(answer.status == 303 && answer.header("Location")?.hasPrefix("/login") == true)
                #expect(try await server.client.send("GET", "/api/v1/account", headers: [("Cookie", cookies)]).status == 401)
            }
        }
    }

    @Test("what is asked before something is lost has an address of its own, and is gone when it is answered (X21)")
    func questions() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let browser = Browser(server: server, user: ada)
            let list = try await browser.open("/projects?name=")
            #expect(!list.body.contains(#"id="question""#) && list.body.contains(#"value="delete-\#(project)""#))
            let asked = try await browser.open("/projects?name=&ask=delete-\(project)")
            #expect(asked.body.contains(#"id="question""#) && asked.body.contains(#"action="/form/projects/\#(project)""#))
            #expect(asked.body.contains(#"href="/projects?name=">"#))
            for other in ["rename-\(project)", "delete-", "delete-x"] {
                #expect(try await !browser.open("/projects?ask=\(other)").body.contains(#"id="question""#), "\(other)")
            }
            let fields = [("name", "other"), ("_method", "patch"), ("_from", "/projects?name=o&ask=delete-\(project)")]
            let done = try await browser.submit("/form/projects/\(project)", fields)
            #expect(done.status == 303 && done.header("Location") == "/projects?name=o")
            // A failure is told where it was asked.
            let wrong = try await browser.submit("/form/projects/\(project)", [("name:keep", "")] + fields[1...])
            #expect((400...499).contains(wrong.status) && wrong.body.contains(#"id="question""#) && wrong.body.contains(#"role="alert""#))
            // One form has the buttons of all rows: what is the console's own stands in the address.
            let gone = try await browser.submit("/form/projects/\(project)?_method=delete&_next=/jobs&_done=done_deleted", [])
            #expect(gone.status == 303 && gone.header("Location") == "/jobs")
            #expect(try await server.api(ada, "GET", "workspaces/\(workspace)/projects")["items"].items.isEmpty)
        }
    }

    @Test("a page with fifty rows is at most 64 KiB")
    func fullPage() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            for number in 0..<60 {
                _ = try await server.api(ada, "POST", "workspaces/\(workspace)/projects", ["name": .text("project \(number)")])
                _ = try await server.api(
                    ada, "POST", "workspaces/\(workspace)/assets", ["name": .text("set \(number)"), "kind": "dataset"])
            }
            for path in ["/projects", "/datasets"] {
                let page = try await Browser(server: server, user: ada).open(path)
                #expect(page.body.matches(of: /<tr>/).count == 51 && page.bytes.count <= 64 << 10, "\(path): \(page.bytes.count)")
            }
        }
    }

    @Test("a form that is sent twice makes one thing")
    func twice() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let browser = Browser(server: server, user: ada)
            let fields = [("name", "twin"), ("_key", "11111111-2222-3333-4444-555555555555"), ("_next", "/projects/{id}")]
            let first = try await browser.submit("/form/workspaces/\(workspace)/projects", fields)
            let second = try await browser.submit("/form/workspaces/\(workspace)/projects", fields)
            #expect(first.status == 303 && first.header("Location") == second.header("Location"))
            let projects = try await server.api(ada, "GET", "workspaces/\(workspace)/projects?name=twin")
            #expect(projects["items"].items.count == 1)
        }
    }

    @Test("a form that fails is shown again with the rule and what was typed")
    func failure() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            var browser = Browser(server: server, user: ada)
            browser.language = "zh-CN"
            let long = String(repeating: "长", count: 65)
            let answer = try await browser.submit("/form/workspaces", [("name", long), ("_from", "/welcome")])
            #expect(answer.status == 400)
            #expect(answer.body.contains(#"role="alert""#) && answer.body.contains(#"<html lang="zh-Hans">"#))
            #expect(answer.body.contains(#"value="\#(long)""#))
        }
    }

    @Test("every page is there in both languages for who may see it, hides all from others, and loses no name that a person typed")
    func everyPage() async throws {
        let pages = try ConsoleFiles().pages.all
        try await TestServer.with { server in
            let ada = server.operatorAccount
            let eve = try await server.user("eve")
            _ = try await server.project(of: eve)
            var objects = try await TenantTests.objects(of: ada, in: server)
            (objects["ws"], objects["flavor"]) = (objects["workspace"], "cpu-small")
            let asset = try #require(objects["asset"])
            let (type, body) = FileRouteTests.form([("a.csv", "1,2")])
            _ = try await server.client.send(
                "POST", "/api/v1/assets/\(asset)/draft/files", secret: ada.secret, headers: [("Content-Type", type)], body: body)
            try await server.api(ada, "POST", "assets/\(asset)/versions")
            try await server.api(ada, "PUT", "workspaces/\(objects["workspace"] ?? "")/budgets/workspace", ["limit": "10"])
            for page in pages {
                let path = try page.path.split(separator: "/").map { part in
                    guard part.first == "{" else { return String(part) }
                    let name = String(part.dropFirst().dropLast())
                    return try #require(objects[name], "no object for \(page.path)")
                }
                for language in ["en", "zh-CN"] {
                    let own = try await Browser(server: server, user: ada, language: language).open("/" + path.joined(separator: "/"))
                    // Nothing has been entered yet.
                    let expected = page.path.contains("{entry}") ? [404] : [200, 303]
                    #expect(expected.contains(own.status), "\(page.path): \(own.status) \(own.body.suffix(900))")
                    #expect(own.header("Content-Security-Policy")?.contains("script-src 'self';") == true)
                }
                // These name what is in the visitor's own workspace.
                let own: Set<Substring> = ["{month}", "{kind}", "{entry}", "{scope}"]
                let named = page.parts.contains { $0.first == "{" && !own.contains($0) }
                if named || page.path.hasPrefix("/operator") {
                    let other = try await Browser(server: server, user: eve).open("/" + path.joined(separator: "/"))
                    #expect([403, 404].contains(other.status), "\(page.path): \(other.status)")
                    #expect(other.header("Content-Type")?.hasPrefix("text/html") == true)
                }
            }
        }
    }

    @Test("what people type is text on every page that lists it")
    func escaping() async throws {
        try await TestServer.with { server in
            let ada = server.operatorAccount
            let name = #"<img src=x onerror=alert(1)>"'&"#
            let workspace = try await server.api(ada, "POST", "workspaces", ["name": .text(name)])["id"].text
            let project = try await server.api(ada, "POST", "workspaces/\(workspace)/projects", ["name": .text(name)])["id"].text
            _ = try await server.api(
                ada, "POST", "workspaces/\(workspace)/assets",
                ["name": .text(name), "kind": "dataset", "data_type": "other", "scenario": "other"])
            let browser = Browser(server: server, user: ada)
            for path in [
                "/", "/projects", "/projects/\(project)", "/datasets", "/members", "/operator/workspaces",
                "/jobs?name=" + Address.escaped(name),
            ] {
                let page = try await browser.open(path)
                #expect(page.status == 200 && !page.body.contains("<img src=x"), "\(path)")
            }
        }
    }

    @Test("what is nowhere is a page that says so")
    func nowhere() async throws {
        try await TestServer.with { server in
            let answer = try await Browser(server: server, user: nil).open("/nowhere")
            #expect(answer.status == 404 && answer.header("Content-Type") == "text/html; charset=utf-8")
            #expect(try await server.client.send("GET", "/api/v1/nowhere").code == "no_route")
        }
    }

    @Test("the first page brings at most 100 KiB, and its files are kept by the browser for good")
    func weight() async throws {
        try await TestServer.with { server in
            let page = try await Browser(server: server, user: nil).open("/login")
            var sum = page.bytes.count
            var waiting = Set(page.body.matches(of: /"(\/console\/[^"]+\.[a-z]+)"/).map { String($0.output.1) })
            var seen: Set<String> = []
            while let path = waiting.popFirst() {
                guard seen.insert(path).inserted else { continue }
                let file = try await server.client.send("GET", path)
                #expect(file.status == 200 && file.header("Cache-Control") == "public, max-age=31536000, immutable", "\(path)")
                sum += file.bytes.count
                let folder = path.split(separator: "/").dropLast().joined(separator: "/")
                // What a module imports comes with it; what it fetches for some pages does not.
                waiting.formUnion(file.body.matches(of: /import \{[^}]*\} from "\.\/([a-z.]+)"/).map { "/\(folder)/\($0.output.1)" })
            }
            #expect(seen.count >= 3)
            #expect(sum <= 100 << 10, "\(sum) bytes")
        }
    }

    @Test("a language that was chosen goes before the browser's wish")
    func language() async throws {
        try await TestServer.with { server in
            let page = try await server.client.send(
                "GET", "/login", headers: [("Accept-Language", "en"), ("Cookie", "weir_language=zh-Hans")])
            #expect(page.body.contains(#"<html lang="zh-Hans">"#) && page.body.contains("登录"))
        }
    }
}
