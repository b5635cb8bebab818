import Testing
import WeirModel

@testable import WeirHTTP

/// The places to which the console leads, and the first content of its forms.
@Suite struct ConsoleWayTests {
    @Test(
        "an address that is nowhere is a page, below one that is there and at a form's own address, too (ux 7)",
        arguments: [
            "/nope", "/projects/prj_x/nope", "/projects/prj_x/output?path=jobs/x", "/workloads/a/b/c", "/operator/a/b",
            "/projects//services/commitment", "/form/sessions", "/form/workspaces/x/budgets/%7Bscope%7D", "/choose/language/en",
            "/console/x/y/z",
        ])
    func nowhere(path: String) async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            for user in [ada, nil] {
                for language in ["en", "zh-Hans"] {
                    let answer = try await Browser(server: server, user: user, language: language).open(path)
                    #expect(answer.status == 404 && answer.header("Content-Type")?.hasPrefix("text/html") == true, "\(path)")
                    #expect(answer.body.contains(#"<html lang="\#(language)">"#) && answer.body.contains(#"href="/">"#))
                }
            }
            // Programs have the API's words, wherever that is theirs.
            #expect(try await server.client.send("GET", "/api/v1/nope", secret: ada.secret).code == "no_route")
        }
    }

    @Test("a refused form's page says its own address, and its field by the name that it has there (ux 7, ux 23)")
    func refused() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let fields = [("new_password:keep", "short"), ("current_password:keep", "x"), ("_method", "put"), ("_from", "/account")]
            let english = try await Browser(server: server, user: ada).submit("/form/account/password", fields)
            #expect(english.status == 400 && english.body.contains(#"data-address="/account""#))
            #expect(english.body.contains("<strong>The new password is not valid: expected at least 10 characters.</strong>"))
            #expect(!english.body.contains("new_password is not valid"))
            let chinese = try await Browser(server: server, user: ada, language: "zh-Hans").submit("/form/account/password", fields)
            #expect(chinese.body.contains("<strong>新密码 无效"))
            // The code is there for whoever asks for it.
            #expect(english.body.contains("<summary>Details</summary>"))
        }
    }

    @Test("a field within a list goes by its name, and a thing that is not there by its word (ux 23)")
    func named() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let browser = Browser(server: server, user: ada)
            func refusal(_ name: String, _ value: String) async throws -> String {
                let sent = try await browser.submit(
                    "/form/workspaces/\(workspace)/quotas/everyone", [(name, value), ("_method", "put"), ("_from", "/quotas")])
                #expect(sent.status == 400)
                return sent.body
            }
            #expect(try await refusal("weight:number", "0").contains("<strong>The weight is not valid: expected 1 to 10000.</strong>"))
            #expect(try await refusal("quota.cpu:number", "-5").contains("<strong>The number of cores is not valid: expected 0 to"))
            let chinese = Browser(server: server, user: ada, language: "zh-Hans")
            let gone = try await chinese.open("/workloads/wld_01k8x2m4d5e6f7g8h9jkmnpqrs")
            #expect(gone.body.contains("任务不存在，或您无权查看。"))
        }
    }

    @Test("the menu leads to the workspace that the head names, from whatever of it is opened; a page that looks anew moves nobody (G4)")
    func menu() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (home, _) = try await server.project(of: ada, "home")
            let (other, project) = try await server.project(of: ada, "other")
            let bob = try await server.user("bob")
            let (_, foreign) = try await server.project(of: bob, "foreign")
            func open(_ path: String, at workspace: String, _ headers: [(String, String)] = []) async throws -> TestClient.Answer {
                try await server.client.send(
                    "GET", path,
                    headers: [("Cookie", "weir_session=\(ada.secret); weir_workspace=\(workspace)"), ("Accept", "text/html")] + headers)
            }
            let opened = try await open("/projects/\(project)", at: home)
            #expect(opened.status == 200 && opened.body.contains(#"data-workspace="\#(other)""#))
            #expect(opened.header("Set-Cookie")?.hasPrefix("weir_workspace=\(other); ") == true)
            #expect(try await open("/projects/\(project)", at: other).header("Set-Cookie") == nil)
            #expect(try await open("/projects/\(project)", at: home, [("X-Weir-Refresh", "1")]).header("Set-Cookie") == nil)
            // What is not one's own leads nowhere.
            #expect(try await open("/projects/\(foreign)", at: home).header("Set-Cookie") == nil)
            #expect(try await open("/quotas", at: home).header("Set-Cookie") == nil)
        }
    }

    @Test("a tag keeps its spaces, and a choice of nothing takes away what was said (issue 12)")
    func tagsAndDashes() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let asset = try await server.api(
                ada, "POST", "workspaces/\(workspace)/assets",
                ["kind": "dataset", "name": "leaves", "data_type": "image", "scenario": "object_detection"])["id"].text
            let browser = Browser(server: server, user: ada)
            let edit = try await browser.open("/assets/\(asset)/edit")
            #expect(edit.body.contains(#"<option value="none">–"#))
            func save(_ fields: [(String, String)]) async throws -> TestClient.Answer {
                let sent = try await browser.submit(
                    "/form/assets/\(asset)", fields + [("_method", "patch"), ("_from", "/assets/\(asset)/edit")])
                #expect(sent.status == 303, "\(sent.body)")
                return try await server.api(ada, "GET", "assets/\(asset)")
            }
            let tagged = try await save([("tags:list!", "field work, 2026， 野外 调查"), ("data_type", "table")])
            #expect(tagged["tags"].items.map(\.text) == ["field work", "2026", "野外 调查"])
            #expect(tagged["data_type"].text == "table" && tagged["scenario"].text == "object_detection")
            let cleared = try await save([("tags:list!", ""), ("data_type", "none"), ("scenario", "none")])
            #expect(cleared["tags"].items.isEmpty && cleared["data_type"] == .null && cleared["scenario"] == .null)
        }
    }

    @Test("a form begins with what an earlier job was made of, under the next name, and with a larger flavor after out of memory (ux 14)")
    func prefill() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, project) = try await server.project(of: ada)
            let job = try await server.api(
                ada, "POST", "projects/\(project)/jobs",
                [
                    "name": "train-1", "description": "leaves", "image": "weir/notebook", "flavor": "cpu-small",
                    "command": "python train.py --epochs 3", "time_limit": 5400, "variables": ["EPOCHS": "3"], "priority": "high",
                ])["id"].text
            let browser = Browser(server: server, user: ada)
            let again = try await browser.open("/projects/\(project)/jobs/new?from=\(job)").body
            #expect(again.contains(#"name="name" value="train-2""#) && again.contains(">python train.py --epochs 3</textarea>"))
            #expect(again.contains(#"name="time_limit:hours" type="number" min="0.02" step="any" value="1.5""#))
            #expect(again.contains(">EPOCHS=3</textarea>") && again.contains(#"<option value="high" selected>"#))
            #expect(again.contains(#"value="cpu-small" required checked"#) && !again.contains(#"value="cpu-large" required checked"#))
            #expect(!again.contains("Not taken over"))
            let larger = try await browser.open("/projects/\(project)/jobs/new?from=\(job)&larger=yes").body
            #expect(larger.contains(#"value="cpu-large" required checked"#))
            // Typed words take the place of those that it began with.
            let typed = try await browser.submit(
                "/form/projects/\(project)/jobs",
                [("name", ""), ("command", "true"), ("_from", "/projects/\(project)/jobs/new?from=\(job)")]
            ).body
            #expect(typed.contains(">true</textarea>") && !typed.contains("--epochs 3"))
            let page = try await browser.open("/workloads/\(job)").body
            #expect(page.contains(#"href="/projects/\#(project)/jobs/new?from=\#(job)""#))
            #expect(page.contains("outputs?path=jobs%2F\(job)"))
            // Nothing was written yet: the folder is empty, and no dead end.
            let outputs = try await browser.open("/projects/\(project)/outputs?path=jobs%2F\(job)&run=\(job)")
            #expect(outputs.status == 200)
        }
    }

    private static func offer(
        _ name: String, memory: Int, compute: Int = 1000, scratch: Int = 4, preemptible: Bool = false, group: String = "common",
        price: String? = "1.000000"
    ) -> JSON {
        [
            "name": name, "cpu": 1000, "memory": memory, "scratch": scratch, "processes": 1024, "preemptible": preemptible,
            "group": group, "gpu": ["kind": "nvidia.com/gpu", "class": "A100", "compute": compute, "memory": 40] as JSON,
            "prices": ["job": price, "environment": price] as JSON, "retired_at": JSON.null,
        ]
    }

    @Test("more memory never comes with less of something else, with another price than none, or with less safety (review 6)")
    func larger() {
        let job: JSON = ["kind": "job", "flavor": Self.offer("old", memory: 2)]
        let lesser = [
            Self.offer("same", memory: 2), Self.offer("half-gpu", memory: 4, compute: 500), Self.offer("narrow", memory: 4, scratch: 2),
            Self.offer("spot", memory: 4, preemptible: true), Self.offer("elsewhere", memory: 4, group: "lab"),
            Self.offer("unpriced", memory: 4, price: nil),
        ]
        #expect(Prefill.larger(than: job, among: lesser) == nil)
        let fit = Prefill.larger(than: job, among: lesser + [Self.offer("huge", memory: 16), Self.offer("fit", memory: 8)])
        #expect(fit?["name"]?.plain == "fit")
    }

    @Test("what cannot be taken over is told, and no image is chosen for another; what can is, to the second (review 8, 9)")
    func lacks() throws {
        let lab: JSON = [
            "kind": "environment", "name": "lab", "image": ["reference": "gone:1"] as JSON, "flavor": Self.offer("old", memory: 2),
            "variables": JSON.null, "datasets": JSON.array([["asset": JSON.null, "version": JSON.null, "path": "/gemini/data-1"]]),
            "environment": ["tool": "jupyterlab", "auto_stop": 600, "open_log": true, "ssh": false] as JSON,
        ]
        let images = JSON.array([["id": "img_1", "reference": "here:1"]])
        let answers: [String: JSON] = [
            "from": lab, "images": ["items": images], "flavors": ["items": JSON.array([Self.offer("old", memory: 2)])],
        ]
        let fields = try #require(Prefill { answers[$0] }).fields(wantsLarger: false)
        #expect(fields["image"] == "" && fields["lacks_image"] == "gone:1" && fields["lacks"] == "yes")
        #expect(fields["lacks_mounts"] == "/gemini/data-1" && fields["lacks_variables"] == "yes" && fields["lacks_ssh"] == "yes")
        #expect(fields["flavor"] == "old" && fields["lacks_flavor"] == nil && fields["open_log"] == "on")
        // Nor is another flavor chosen for one that is gone.
        let without = try #require(Prefill { $0 == "flavors" ? nil : answers[$0] }).fields(wantsLarger: true)
        #expect(without["flavor"] == "" && without["lacks_flavor"] == "old")
        let hours = try #require(fields["auto_stop"])
        let body = FormFields("auto_stop%3Ahours=\(hours)").body()
        #expect(body["auto_stop"]?.number == 600)
    }

    @Test("a flavor can be chosen where its price for that kind is shown (review 7)")
    func ownPrice() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, project) = try await server.project(of: ada)
            try await server.api(
                server.operatorAccount, "POST", "flavors", ["name": "bare", "cpu": 1000, "memory": 1_073_741_824, "scratch": 0])
            let browser = Browser(server: server, user: ada)
            let environment = try await browser.open("/projects/\(project)/environments/new").body
            #expect(environment.contains(#"value="bare" required>"#))
            let job = try await browser.open("/projects/\(project)/jobs/new").body
            #expect(job.contains(#"value="bare" required disabled>"#) && job.contains(#"value="cpu-small" required>"#))
        }
    }

    @Test("what is no job is not run again, but another one like it made (review 23)")
    func another() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, project) = try await server.project(of: ada)
            let lab = try await server.api(
                ada, "POST", "projects/\(project)/environments", ["name": "lab", "image": "weir/notebook", "flavor": "cpu-small"]
            )["id"].text
            let page = try await Browser(server: server, user: ada).open("/workloads/\(lab)").body
            #expect(page.contains("New one like this") && !page.contains("Edit and run again"))
        }
    }

    @Test(
        "the next name counts up (ux 14)",
        arguments: [("train", "train-2"), ("train-1", "train-2"), ("train-9", "train-10"), ("a-b", "a-b-2"), ("x-99999", "x-99999-2")])
    func names(name: String, next: String) { #expect(Prefill.next(name) == next) }

    @Test("a workspace's rules for SSH are a page, and its administrators' to change (SSH-01, DEV-13)")
    func sshPolicy() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let browser = Browser(server: server, user: ada)
            #expect(try await browser.open("/environments/ssh").body.contains(#"action="/form/workspaces/\#(workspace)/ssh-policy""#))
            let fields = [("environments:flag", "false"), ("forwarding", "own"), ("_method", "put"), ("_from", "/environments/ssh")]
            #expect(try await browser.submit("/form/workspaces/\(workspace)/ssh-policy", fields).status == 303)
            let policy = try await server.api(ada, "GET", "workspaces/\(workspace)/ssh-policy")
            #expect(policy["environments"] == .bool(false) && policy["forwarding"].text == "own")
            #expect(try await browser.open("/environments/ssh").body.contains(#"<option value="own" selected>"#))
            // A page leads to the rules of its own workspace, whichever was looked at last (review 13).
            let (other, project) = try await server.project(of: ada, "other")
            let asked = try await browser.open("/environments/ssh?workspace=\(other)").body
            #expect(asked.contains(#"action="/form/workspaces/\#(other)/ssh-policy""#))
            try await server.api(
                server.operatorAccount, "POST", "workspaces/\(other)/recharges", ["amount": "100"], headers: [("Idempotency-Key", "k")])
            let lab = try await server.api(
                ada, "POST", "projects/\(project)/environments", ["name": "lab", "image": "weir/notebook", "flavor": "cpu-small"]
            )["id"].text
            let page = try await browser.open("/workloads/\(lab)").body
            #expect(page.contains(#"href="/environments/ssh?workspace=\#(other)""#))
            let charges = "/money/entries?workload=\(lab)&amp;workspace=\(other)"
            #expect(page.contains(#"href="\#(charges)""#))
            let entries = try await browser.open(charges.replacing("&amp;", with: "&"))
            #expect(entries.status == 200 && entries.body.contains(#"data-workspace="\#(other)""#))
            #expect(try await browser.open("/quotas?workspace=\(other)").body.contains(#"data-workspace="\#(other)""#))
        }
    }
}
