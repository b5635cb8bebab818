import NIOCore
import Synchronization
import TestSupport
import WeirModel
import WeirStore

@testable import WeirPlatform

/// Somebody with a role in the workspace, or none.
struct Person: Sendable {
    let name: String
    let role: Role?
    let caller: Caller
}

enum Kind: String, CaseIterable, Sendable {
    case workspace, project, asset, privateAsset
    case environment, openLogEnvironment, sharedEnvironment, job, sharedJob, service, sharedService, board
}

/// A thing that somebody made, and where.
struct Thing: Sendable {
    let kind: Kind
    let maker: Person
    var workspace: Identifier<Workspace>
    var project: Identifier<Project>
    var asset: Identifier<Asset>?
    var workload: Identifier<Workload>?

    /// Written anew here, so that it is not the code that is tested which says it.
    func ownership(of person: Person, _ permission: Permission) -> Ownership {
        if kind == .workspace || maker.name == person.name { return .own }
        return switch kind {
        case .workspace, .project, .asset, .sharedEnvironment, .sharedJob, .sharedService, .board: .shared
        case .openLogEnvironment, .job, .service: permission == .readLog ? .shared : .personal
        case .privateAsset, .environment: .personal
        }
    }
}

/// A workspace with people of each role, and people who have none in it. Nothing runs: rights are asked before states.
final class RightsWorld: Sendable {
    let test: TestPlatform
    let platform: Platform
    let workspace: Identifier<Workspace>
    let project: Identifier<Project>
    let people: [Person]
    let fingerprint: String
    private let numbers = Mutex(0)

    var members: [Person] { people.filter { $0.role != nil } }

    init() async throws {
        test = try TestPlatform()
        let platform = try await test.start()
        self.platform = platform
        let owner = try await test.tenant("olga", on: platform)
        (workspace, project) = (owner.workspace, owner.project)
        var people = [Person(name: "olga", role: .owner, caller: owner.caller)]
        for (name, role) in [("adam", Role.administrator), ("mia", .member), ("max", .member)] {
            let tenant = try await test.tenant(name, on: platform)
            _ = try await platform.workspaces.setRole(role, ofLogin: name, in: owner.workspace, by: owner.caller)
            people.append(Person(name: name, role: role, caller: tenant.caller))
        }
        people.append(Person(name: "stranger", role: nil, caller: try await test.tenant("stranger", on: platform).caller))
        let left = try await test.tenant("left", on: platform)
        _ = try await platform.workspaces.setRole(.owner, ofLogin: "left", in: owner.workspace, by: owner.caller)
        try await platform.workspaces.remove(login: "left", from: owner.workspace, by: owner.caller)
        people.append(Person(name: "left", role: nil, caller: left.caller))
        people.append(Person(name: "root", role: nil, caller: .testOperator))
        self.people = people
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8k3hR8UuDWkFkKjN4cJcUO9z0i8JrG2oE0mBfC3bXU everybody"
        var fingerprint = ""
        for person in people where person.name != "root" {
            fingerprint = try await platform.sshCredentials.addKey(key, named: nil, by: person.caller).fingerprint
            guard person.role != nil else { continue }
            _ = try await platform.commitment.sign(version: PortCommitment.version, in: owner.workspace, by: person.caller)
        }
        self.fingerprint = fingerprint
    }

    func number() -> Int {
        numbers.withLock { number in
            number += 1
            return number
        }
    }

    /// Another each time, so that nobody is locked out for having failed.
    func source() -> SSHSource {
        let number = number()
        return SSHSource("10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)")
    }

    func make(_ kind: Kind, by maker: Person) async throws -> Thing {
        let name = "t\(number())"
        var thing = Thing(kind: kind, maker: maker, workspace: workspace, project: project)
        func submission(_ access: WorkloadAccess) -> Submission {
            Submission(name: name, image: "weir/notebook", flavor: "tiny", access: access)
        }
        let caller = maker.caller
        switch kind {
        case .workspace: break
        case .project: thing.project = try await platform.projects.create(in: workspace, name: name, by: caller).id
        case .asset, .privateAsset:
            let visibility = kind == .asset ? Visibility.workspace : .owner
            let description = Assets.Description(name: name, visibility: visibility)
            let asset = try await platform.assets.create(.dataset, in: workspace, description, by: caller)
            let draft = try await platform.assets.draftForUpload(of: asset.id, for: caller)
            try await platform.files.write(Self.body("a"), to: draft, at: FilePath("a.txt"))
            _ = try await platform.assets.confirm(asset.id, by: caller)
            thing.asset = asset.id
        case .environment, .openLogEnvironment, .sharedEnvironment:
            thing.workload = try await platform.environments.create(
                submission(kind == .sharedEnvironment ? .shared : .personal), tool: nil, autoStop: nil,
                openLog: kind == .openLogEnvironment, in: project, by: caller
            ).id
        case .job, .sharedJob:
            thing.workload = try await platform.jobs.create(
                submission(kind == .sharedJob ? .shared : .personal), command: "true", timeLimit: nil, in: project, by: caller
            ).id
        case .service, .sharedService:
            let service = try await platform.services.create(
                submission(kind == .sharedService ? .shared : .personal), Services.Program(command: "true", port: 80), in: project,
                by: caller)
            // There are few ports.
            try await test.store.write { try $0.closePort(of: service.id) }
            thing.workload = service.id
        case .board: thing.workload = try await platform.boards.create(submission(.personal), path: nil, in: project, by: caller).id
        }
        return thing
    }

    /// All that an attempt could change, as a text; what is being deleted has another than what is there.
    func state(of thing: Thing) async throws -> String {
        try await test.store.read { db in
            if let id = thing.workload {
                let workload = try db.workload(id)
                return "\(String(describing: workload)) \(try db.transitions(of: id).count) \(String(describing: try db.port(of: id)))"
            }
            if let id = thing.asset { return "\(String(describing: try db.asset(id))) \(String(describing: try db.version(1, of: id)))" }
            if thing.kind == .project { return String(describing: try db.project(thing.project)) }
            return String(describing: try db.workspace(thing.workspace))
        }
    }

    static func body(_ text: String) -> AsyncStream<ByteBuffer> {
        AsyncStream { continuation in
            continuation.yield(ByteBuffer(string: text))
            continuation.finish()
        }
    }
}
