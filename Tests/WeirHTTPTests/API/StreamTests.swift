import Testing
import WeirModel

@testable import WeirHTTP

@Suite struct StreamTests {
    @Test("the stream of events goes on after the last event that was seen, without gap or double")
    func resume() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let id = try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job())["id"].text
            try await server.wait(for: id, "running", ada)
            let path = "/api/v1/workspaces/\(workspace)/events"

            let first = try await server.client.events(path + "?after=0", secret: ada.secret, count: 2)
            let rest = try await server.client.events(
                path, secret: ada.secret, headers: [("Last-Event-ID", first[1].id)], count: 1)
            #expect((first + rest).map { $0.data["state"].text } == ["queued", "deploying", "running"])
            #expect(Set((first + rest).map(\.id)).count == 3)
        }
    }

    @Test("a change reaches the stream as it happens")
    func live() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            async let events = server.client.events(
                "/api/v1/workspaces/\(workspace)/events?after=0", secret: ada.secret, count: 3)
            try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job())
            #expect(try await events.map { $0.data["state"].text } == ["queued", "deploying", "running"])
        }
    }

    @Test("what a workspace is told about its money reaches the stream as it is given, without a place of its own (BIL-18)")
    func notices() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job())
            async let events = server.client.events(
                "/api/v1/workspaces/\(workspace)/events?after=0", secret: ada.secret, count: 4)
            // Reached already, so it is told at once; again and again, for the stream may not be open yet.
            let ringing = Task {
                for amount in 2000...2400 {
                    try await server.api(ada, "PUT", "workspaces/\(workspace)/balance/warnings", ["amounts": [.text("\(amount)")]])
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            let seen = try await events
            ringing.cancel()
            let notice = try #require(seen.first { $0.name == "notice" })
            #expect(notice.data["code"].text == "balance_low")
            #expect(notice.id.isEmpty)
            #expect(seen.contains { $0.name == "transition" && $0.data["cause_text"].text == "submitted" })
        }
    }

    @Test("one person has no more streams than a share, and leaves the others theirs (hostile 11)")
    func share() throws {
        let limit = StreamLimit(most: 5, ofOne: 2)
        let ids = RandomIdentifiers()
        let (ada, bob) = (ids.next(Account.self, at: SystemClock().now()), ids.next(Account.self, at: SystemClock().now()))
        var held = [try limit.enter(ada), try limit.enter(ada)]
        #expect(#expect(throws: WeirError.self) { try limit.enter(ada) }?.code == "too_many_streams")
        held.append(try limit.enter(bob))
        held.removeFirst()
        held.append(try limit.enter(ada))
    }

    @Test("no more streams are opened than the limit, and a closed one makes room")
    func limit() async throws {
        try await TestServer.with(mostStreams: 1) { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job())
            let path = "/api/v1/workspaces/\(workspace)/events?after=0"
            // The first stream is held open by one that waits for an event that does not come.
            let held = Task { try await server.client.events(path, secret: ada.secret, count: 1000) }
            var status = 200
            while status == 200 {
                status = try await server.client.send("HEAD", path, secret: ada.secret).status
            }
            #expect(status == 429)
            held.cancel()
            _ = try? await held.value
            while status == 429 {
                status = try await server.client.send("HEAD", path, secret: ada.secret).status
            }
            #expect(status == 200)
        }
    }

}
