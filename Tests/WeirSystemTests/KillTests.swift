import Crypto
import Foundation
import GRDB
import NIOHTTP1
import Synchronization
import TestSupport
import Testing
import WeirEngine
import WeirModel

@Suite("A kill at any moment loses and doubles nothing")
struct KillTests {
    /// `TEST_KILLS` sets another number.
    private static let kills = Int(ProcessInfo.processInfo.environment["TEST_KILLS"] ?? "") ?? 50

    @Test(
        "50 kills at random points of a story: no orphan container, no lost or doubled record or charge, what runs is adopted",
        .timeLimit(.minutes(8)))
    func kills() async throws {
        let seed = UInt64.random(in: 0...999_999_999)
        try await WeirProcess.with { weir in
            var person = Conversation(weir: weir)
            try await person.logInForTheFirstTime()
            var story = try await KillStory(person, seed: seed)
            try await story.startLongService()
            let killer = Killer(weir: weir, total: Self.kills)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var random = SeededRandom(seed: seed)
                    try await killer.run(&random)
                }
                while !killer.isDone { try await story.round() }
                try await group.waitForAll()
            }
            try await story.finish()
            let seen = killer.seen.withLock { $0 }
            #expect(seen.restarted.isEmpty, "containers that were started again, with seed \(seed)")
            try await story.compareWithRecords()
            let long = try await story.ageLongService()
            try await story.deleteAll()
            let wrong = try await weir.moneyViolations(of: story.workloads)
            #expect(wrong.isEmpty, "with seed \(seed): \(wrong.joined(separator: "\n"))")
            #expect(try await weir.settled(long).corrections > 0, "nothing was taken back, with seed \(seed)")
        }
    }
}

extension WeirProcess {
    private var database: DatabaseQueue {
        get throws { try DatabaseQueue(path: folder.path + "/data/weir.sqlite") }
    }

    /// All that runs has run longer by `age`, as if the machine's clock had been set back meanwhile: no test may set that. Its start stays
    /// where it was, as on any other day. A negative age takes back what was given, so that more may have been charged than has run. Only
    /// while Weir is down.
    func ageRuns(by age: Duration) throws {
        try database.write { db in
            try db.execute(
                sql: """
                    UPDATE run SET clock_steps = clock_steps - ?1
                    WHERE clock_steps - ?1 <= 0 AND running_at IS NOT NULL AND ended_at IS NULL
                    """, arguments: [age.milliseconds])
        }
    }

    /// How far a workload's first run is charged.
    func settled(_ workload: Identifier<Workload>) throws -> Settled {
        let row = try database.read { db in
            try Row.fetchOne(
                db, sql: "SELECT settled_minutes, corrections FROM run WHERE workload = ? AND number = 1", arguments: [workload.text])
        }
        guard let row else { throw Failure("\(workload) has no run") }
        return Settled(minutes: row["settled_minutes"], corrections: row["corrections"])
    }
}

/// Kills Weir again and again, starts it anew, and looks at the containers in between.
final class Killer: Sendable {
    struct Seen: Sendable {
        var starts: [Identifier<Instance>: Timestamp] = [:]
        var restarted: [String] = []
        var kills = 0
    }

    let weir: WeirProcess
    let total: Int
    let seen = Mutex(Seen())

    init(weir: WeirProcess, total: Int) {
        self.weir = weir
        self.total = total
    }

    var isDone: Bool { seen.withLock { $0.kills >= total } }

    func run(_ random: inout SeededRandom) async throws {
        for _ in 0..<total {
            // From in the middle of its start to well after it.
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...1500, using: &random)))
            await weir.kill()
            try await note()
            // What runs crosses a full hour, also in the middle of its settlement; one time in eight the hour was none.
            switch Int.random(in: 0..<8, using: &random) {
            case 0..<4: try await weir.ageRuns(by: .seconds(3600))
            case 4: try await weir.ageRuns(by: .seconds(-3600))
            default: break
            }
            try await weir.start()
            seen.withLock { $0.kills += 1 }
        }
        try await weir.untilReady()
        try await note()
    }

    private func note() async throws {
        for observation in try await weir.engine.observe() {
            guard let start = observation.startedAt else { continue }
            seen.withLock { seen in
                if let first = seen.starts[observation.instance], first != start {
                    seen.restarted.append("\(observation.instance): \(first), then \(start)")
                }
                seen.starts[observation.instance] = start
            }
        }
    }
}

/// What a person does while Weir is killed, again and again under new names, and what must be true afterwards.
struct KillStory: Sendable {
    private let person: Conversation
    private let seed: UInt64
    private let workspace: String
    private var random: SeededRandom
    private var number = 0
    private var projects: [String: String] = [:]
    private var assets: [String: String] = [:]
    /// By name.
    private var jobs: [String: String] = [:]
    private var services: [String: String] = [:]
    private var deleted: Set<String> = []

    init(_ person: Conversation, seed: UInt64) async throws {
        self.person = person
        self.seed = seed
        random = SeededRandom(seed: seed &+ 1)
        workspace = try await person.done(.POST, "/api/v1/workspaces", json: #"{"name":"story"}"#).json["id"].text
        let commitment = "/api/v1/workspaces/\(workspace)/commitments/port"
        let version = try await person.done(.GET, commitment).json["text_version"].int ?? 1
        _ = try await person.done(.POST, commitment, json: #"{"text_version":\#(version)}"#)
    }

    var workloads: [Identifier<Workload>] { (Array(jobs.values) + Array(services.values)).compactMap { Identifier($0) } }

    private func key(_ what: String) -> String { "story-\(seed)-\(number)-\(what)" }

    /// Runs through everything, so that each start of Weir has something to adopt.
    mutating func startLongService() async throws {
        let project = try await makeProject("long")
        let service = try await makeService("long", in: project, replicas: 2)
        _ = try await person.workload(service) { $0["state"].text == "running" }
    }

    mutating func round() async throws {
        number += 1
        let project = try await makeProject("p\(number)")
        let script = "wc -c < /gemini/data-1/part.bin; sleep 0.3; echo done > /gemini/output/done"
        _ = try await person.done(
            .PUT, "/api/v1/projects/\(project)/code/file?path=train.sh", bytes: Data(script.utf8),
            headers: [("Content-Type", "application/octet-stream")])
        let asset = try await uploadDataset("d\(number)")
        let job = try await person.done(
            .POST, "/api/v1/projects/\(project)/jobs",
            json: """
                {"name":"j\(number)","image":"\(TestImage.reference)","flavor":"nano","command":"sh train.sh",
                "datasets":[{"asset":"\(asset)","version":1}]}
                """, key: key("job")
        ).json["id"].text
        jobs["j\(number)"] = job
        let service = try await makeService("s\(number)", in: project, replicas: 1)
        let ended = try await person.workload(job) { ["completed", "failed", "stopped"].contains($0["state"].text) }
        #expect(ended["state"].text == "completed", "\(ended["failure"]) with seed \(seed)")
        _ = try await person.workload(service) { $0["state"].text == "running" }
        try await stop(service)
        if Bool.random(using: &random) { try await delete(service, "s\(number)") }
    }

    private mutating func makeProject(_ name: String) async throws -> String {
        let id = try await person.done(
            .POST, "/api/v1/workspaces/\(workspace)/projects", json: #"{"name":"\#(name)"}"#, key: key("project")
        ).json["id"].text
        projects[name] = id
        return id
    }

    private mutating func makeService(_ name: String, in project: String, replicas: Int) async throws -> String {
        let id = try await person.done(
            .POST, "/api/v1/projects/\(project)/services",
            json: """
                {"name":"\(name)","image":"\(TestImage.reference)","flavor":"nano","port":8000,"replicas":\(replicas),
                "command":"mkdir -p /tmp/www; echo \(name) > /tmp/www/index.html; exec httpd -f -p 8000 -h /tmp/www"}
                """, key: key("service")
        ).json["id"].text
        services[name] = id
        return id
    }

    /// A megabyte in parts of 64 KiB by tus; a part that got no answer is sent again from where the server is.
    private mutating func uploadDataset(_ name: String) async throws -> String {
        let asset = try await person.done(
            .POST, "/api/v1/workspaces/\(workspace)/assets", json: #"{"kind":"dataset","name":"\#(name)"}"#, key: key("asset")
        ).json["id"].text
        assets[name] = asset
        let bytes = Data((0..<131_072).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } })
        let tus = [("Tus-Resumable", "1.0.0")]
        let made = try await person.done(
            .POST, "/api/v1/assets/\(asset)/uploads",
            headers: tus + [
                ("Upload-Length", "\(bytes.count)"), ("Upload-Metadata", "filename \(Data("part.bin".utf8).base64EncodedString())"),
            ])
        let location = made.headers.first(name: "Location") ?? ""
        let path = location.hasPrefix("http") ? (URL(string: location)?.path ?? "") : location
        var (offset, lost) = (0, 0)
        while offset < bytes.count {
            let part = bytes[offset..<min(offset + 65_536, bytes.count)]
            let answer = try? await person.once(
                .PATCH, path, bytes: Data(part),
                headers: tus + [("Upload-Offset", "\(offset)"), ("Content-Type", "application/offset+octet-stream")])
            if let answer, answer.status == 204, let next = answer.headers.first(name: "Upload-Offset").flatMap({ Int($0) }) {
                offset = next
                continue
            }
            // After the last byte the upload is gone, and the file lies in the draft.
            let head = try await person.send(.HEAD, path, headers: tus)
            guard head.status == 200 else { break }
            let kept = head.headers.first(name: "Upload-Offset").flatMap { Int($0) } ?? -1
            #expect(kept >= offset, "bytes that were acknowledged are gone, with seed \(seed)")
            offset = kept
            lost += 1
            guard lost < 1000 else { throw WeirProcess.Failure("the upload does not go on") }
        }
        _ = try await person.done(.POST, "/api/v1/assets/\(asset)/versions", json: "{}", key: key("confirm"))
        let kept = try await person.done(.GET, "/api/v1/assets/\(asset)/versions/1/file?path=part.bin").body
        #expect(SHA256.hash(data: kept) == SHA256.hash(data: bytes), "the upload's hash, with seed \(seed)")
        return asset
    }

    private func stop(_ id: String) async throws {
        // A second request may find it stopped by the first, whose answer was lost.
        let answer = try await person.send(.POST, "/api/v1/workloads/\(id)/stop")
        #expect([200, 409].contains(answer.status), "stop: \(answer.status)")
    }

    private mutating func delete(_ id: String, _ name: String) async throws {
        let answer = try await person.send(.DELETE, "/api/v1/workloads/\(id)")
        #expect([204, 404].contains(answer.status), "delete: \(answer.status)")
        deleted.insert(name)
    }

    // MARK: Afterwards

    /// All that was begun has come to where it should, and the long service was there all the time.
    func finish() async throws {
        for (name, id) in services where name != "long" && !deleted.contains(name) {
            _ = try await person.workload(id) { $0["state"].text == "stopped" }
        }
        // What was deleted while it stopped leaves the list when it has stopped.
        let deadline = ContinuousClock.now + .seconds(40)
        for name in deleted {
            while try await person.send(.GET, "/api/v1/workloads/\(services[name] ?? "")").status != 404 {
                guard ContinuousClock.now < deadline else { throw WeirProcess.Failure("\(name) was deleted and is there") }
                try await Task.sleep(for: .milliseconds(40))
            }
        }
        let long = services["long"] ?? ""
        let service = try await person.workload(long) { $0["state"].text == "running" }
        #expect(service["run"].int == 1)
        let instances = try await person.done(.GET, "/api/v1/workloads/\(long)/instances").json["items"].list
        #expect(instances.map { $0["attempt"].int } == [0, 0], "replicas that were started again, with seed \(seed)")
        let port = try await person.done(.GET, "/api/v1/workloads/\(long)/port").json["number"].int ?? 0
        let page = try await person.page(port: port)
        #expect(page.contains("long"))
    }

    /// The records are those that were made: none more, none less, each with a history without a gap.
    func compareWithRecords() async throws {
        let projects = try await names("/api/v1/workspaces/\(workspace)/projects")
        #expect(projects == self.projects.keys.sorted())
        let assets = try await names("/api/v1/workspaces/\(workspace)/assets?kind=dataset")
        #expect(assets == self.assets.keys.sorted())
        for id in self.assets.values {
            #expect(try await person.done(.GET, "/api/v1/assets/\(id)/versions").json["items"].list.count == 1)
        }
        let workloads = try await names("/api/v1/workspaces/\(workspace)/workloads")
        #expect(workloads == (Array(jobs.keys) + services.keys.filter { !deleted.contains($0) }).sorted())
        for id in jobs.values {
            let history = try await person.done(.GET, "/api/v1/workloads/\(id)/history").json["items"].list
                .sorted { ($0["sequence"].int ?? 0) < ($1["sequence"].int ?? 0) }
            #expect(history.first?["state"].text == "queued")
            #expect(history.last?["state"].text == "completed")
            #expect(history.dropFirst().map { $0["before"].text } == history.dropLast().map { $0["state"].text })
            let instances = try await person.done(.GET, "/api/v1/workloads/\(id)/instances").json["items"].list
            #expect(instances.count == 1)
        }
    }

    private func names(_ path: String) async throws -> [String] {
        var (found, after): ([String], String) = ([], "")
        repeat {
            let separator = path.contains("?") ? "&" : "?"
            let page = try await person.done(.GET, "\(path)\(separator)limit=200\(after.isEmpty ? "" : "&after=\(after)")").json
            found += page["items"].list.map { $0["name"].text }
            after = page["next"].text
        } while !after.isEmpty
        return found.sorted()
    }

    /// The long service is charged for hours of which one turns out to be none just before its end: that is taken back, in whatever
    /// month it was charged.
    func ageLongService() async throws -> Identifier<Workload> {
        let weir = person.weir
        guard let long = services["long"].flatMap({ Identifier<Workload>($0) }) else { throw WeirProcess.Failure("no long service") }
        func restart(agingBy age: Duration) async throws {
            await weir.kill()
            try await weir.ageRuns(by: age)
            try await weir.start()
            try await weir.untilReady()
        }
        let charged = try await weir.settled(long).minutes
        try await restart(agingBy: .seconds(7200))
        let deadline = ContinuousClock.now + .seconds(40)
        while try await weir.settled(long).minutes < charged + 60 {
            guard ContinuousClock.now < deadline else {
                throw WeirProcess.Failure("hours that have run are not charged, with seed \(seed)")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        try await restart(agingBy: .seconds(-7200))
        return long
    }

    /// After everything was deleted no container of this installation is left.
    mutating func deleteAll() async throws {
        for (name, id) in jobs.merging(services, uniquingKeysWith: { first, _ in first }) where !deleted.contains(name) {
            try await delete(id, name)
        }
        let deadline = ContinuousClock.now + .seconds(40)
        while true {
            let left = try await person.weir.engine.observe()
            if left.isEmpty { return }
            guard ContinuousClock.now < deadline else {
                Issue.record("containers that nobody owns, with seed \(seed): \(left)")
                return
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
