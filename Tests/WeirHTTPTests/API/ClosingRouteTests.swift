import TestSupport
import Testing
import WeirModel
import WeirPlatform
import WeirStore

@testable import WeirHTTP

@Suite("The end of a workspace, by API and console") struct ClosingRouteTests {
    @Test("an owner closes it by its name and takes that back; the operator sees both, members are told")
    func closing() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let bob = try await server.user("bob")
            let (workspace, _) = try await server.project(of: ada)
            let path = "workspaces/\(workspace)"
            try await server.api(ada, "PUT", path + "/members/bob", ["role": "administrator"])
            func close(_ user: TestServer.User, _ name: String) async throws -> TestClient.Answer {
                try await server.client.send("DELETE", "/api/v1/" + path, json: ["name": .text(name)], secret: user.secret)
            }
            #expect(try await close(bob, "ada-digits").code == "forbidden")
            #expect(try await close(ada, "digits").code == "name_differs")
            #expect(try await server.client.send("DELETE", "/api/v1/" + path, secret: ada.secret).status == 415)
            let closing = try await close(ada, "Ada-Digits")
            #expect(closing.status == 202 && closing["state"].text == "closing" && !closing["closing_due"].text.isEmpty)
            let refused = try await server.client.send(
                "POST", "/api/v1/" + path + "/projects", json: ["name": "new"], secret: bob.secret)
            #expect(refused.status == 409 && refused.code == "workspace_closing")
            let look = try await server.api(ada, "GET", path + "/closing")
            #expect(look["deletes"]["projects"].int == 1 && look["state"].text == "closing")
            let seen = try await server.api(server.operatorAccount, "GET", "operator/workspaces?name=ada-digits")["items"][0]
            #expect(seen["state"].text == "closing" && seen["closed_at"] == .null)
            #expect(try await server.api(bob, "GET", path + "/notices")["items"][0]["code"].text == "workspace_closing")

            let browser = Browser(server: server, user: ada)
            #expect(try await browser.open("/closing").body.contains("/form/workspaces/\(workspace)/reopen"))
            let reopened = try await browser.submit("/form/workspaces/\(workspace)/reopen", [("_from", "/closing")])
            #expect(reopened.status == 303)
            #expect(try await server.api(ada, "GET", path)["state"].text == "open")
            let closed = try await browser.submit(
                "/form/workspaces/\(workspace)", [("_method", "delete"), ("_from", "/closing"), ("name", "ada-digits")])
            #expect(closed.status == 303)
            #expect(try await server.api(ada, "GET", path)["state"].text == "closing")
        }
    }

    @Test("who left is listed for owners alone, without names; who pays for a home is the person's to choose (BIL-28)")
    func leaving() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let bob = try await server.user("bob")
            let carol = try await server.user("carol")
            let (workspace, _) = try await server.project(of: ada)
            let (own, _) = try await server.project(of: bob)
            let path = "workspaces/\(workspace)"
            for login in ["bob", "carol"] { try await server.api(ada, "PUT", path + "/members/\(login)", ["role": "administrator"]) }
            let hidden = try await server.api(
                bob, "POST", path + "/assets", ["kind": "model", "name": "secret-net", "visibility": "owner"])["id"].text
            let person = try #require(Identifier<Account>(bob.id))
            let paying = try #require(Identifier<Workspace>(workspace))
            try await server.platform.store.write { try $0.openPersonalStorage(of: person, in: paying) }
            let before = try await server.api(bob, "GET", "account/storage")
            #expect(before["payer"]["id"].text == workspace && before["chosen"] == .null)
            let chosen = try await server.api(bob, "PUT", "account/storage", ["workspace": .text(own)])
            #expect(
                chosen["chosen"]["name"].text == "bob-digits" && chosen["payer"]["id"].text == workspace && !chosen["from"].text.isEmpty)
            let strange = try await server.client.send(
                "PUT", "/api/v1/account/storage", json: ["workspace": .text(own)], secret: carol.secret)
            #expect(strange.status == 404)
            #expect(try await Browser(server: server, user: bob).open("/account").body.contains("bob-digits"))

            try await server.api(bob, "DELETE", path + "/members/bob")
            let left = try await server.api(ada, "GET", path + "/left-behind")
            #expect(left["items"][0]["things"].items == [["kind": "model", "size": 0]])
            #expect(!left.body.contains("secret-net") && !left.body.contains(hidden))
            #expect(try await server.client.send("GET", "/api/v1/" + path + "/left-behind", secret: carol.secret).code == "forbidden")
            let page = try await Browser(server: server, user: ada).open("/members").body
            #expect(page.contains("id=\"left\"") && !page.contains("secret-net"))
        }
    }

    @Test("what a home and a netdisk cost is on the bill of their person and of who pays, and on no colleague's (DAT-14)")
    func bills() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let bob = try await server.user("bob")
            let carol = try await server.user("carol")
            let (workspace, _) = try await server.project(of: ada)
            let path = "workspaces/\(workspace)"
            for login in ["bob", "carol"] { try await server.api(ada, "PUT", path + "/members/\(login)", ["role": "member"]) }
            let (tenant, person) = try (#require(Identifier<Workspace>(workspace)), #require(Identifier<Account>(bob.id)))
            let calendar = server.platform.calendar
            let yesterday = try calendar.day(of: calendar.dayBounds(around: server.clock.now()).lowerBound - .milliseconds(1))
            let tariff = try await server.platform.tariffs.inForce()
            let samples = try calendar.hours(of: yesterday).map { StorageSample(at: $0, bytes: [.netdisk: .gib(4000)]) }
            let charge = try Charge(
                .storage(
                    StorageCharge(
                        meter: .netdisk(tenant, person), day: yesterday, samples: samples, earlier: nil, tariff: tariff, calendar: calendar)
                ),
                calendar: calendar)
            let now = server.clock.now()
            try await server.platform.store.write { _ = try $0.post(storage: charge, at: now) }
            let month = "\(yesterday.month)"
            for (user, sees) in [(ada, 1), (bob, 1), (carol, 0), (server.operatorAccount, 1)] {
                let bill = try await server.api(user, "GET", path + "/bills/\(month)")
                #expect(bill["items"].items.count == sees, "\(user.login)")
                #expect(try await server.api(user, "GET", path + "/why-charged?month=\(month)")["items"].items.count == sees)
                let entries = try await server.api(user, "GET", path + "/entries?kind=charge")["items"].items
                #expect(entries.count == sees, "\(user.login)")
            }
            let entry = try #require(try await server.api(ada, "GET", path + "/entries?kind=charge")["items"][0]["sequence"].int)
            #expect(try await server.client.send("GET", "/api/v1/" + path + "/entries/\(entry)", secret: carol.secret).status == 404)
            #expect(
                try await server.client.send("GET", "/api/v1/" + path + "/why-charged?entry=\(entry)", secret: carol.secret).status == 404)
            #expect(
                try await server.client.send("GET", "/api/v1/" + path + "/bills/\(month)/export", secret: carol.secret).code == "forbidden")
            #expect(try await server.client.send("GET", "/api/v1/" + path + "/bills/\(month)/export", secret: ada.secret).status == 200)
        }
    }
}
