import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Who may do what")
struct RightsTests {
    @Test(
        "audit-a 1: by every way in, everybody may do to every thing exactly what the table of permissions says (IDW-02, IDW-03, IDW-07)",
        arguments: Property.seeds(4))
    func rights(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let world = try await RightsWorld()
        for step in 0..<150 {
            guard let way = Way.all.randomElement(using: &random),
                let kind = way.kinds.sorted(by: { $0.rawValue < $1.rawValue }).randomElement(using: &random),
                let person = world.people.randomElement(using: &random), let maker = world.members.randomElement(using: &random)
            else { return }
            let thing = try await world.make(kind, by: maker)
            let before = try await world.state(of: thing)
            let outcome = try await Outcome { try await way.attempt(world, thing, person.caller) }
            let expected = Outcome(way, thing, person)
            #expect(
                outcome == expected,
                "seed \(seed), step \(step): \(person.name) does \(way.name) to a \(kind) of \(maker.name)")
            // Who is refused has changed nothing.
            guard expected != .allowed else { continue }
            #expect(try await world.state(of: thing) == before, "seed \(seed), step \(step): \(way.name) by \(person.name)")
        }
    }

    @Test("every way in is tried on every kind of thing by somebody of each role", arguments: Kind.allCases)
    func whole(kind: Kind) async throws {
        let world = try await RightsWorld()
        for way in Way.all where way.kinds.contains(kind) {
            for person in world.people {
                for maker in [person, world.members.first { $0.name != person.name }].compactMap({ $0 }) where maker.role != nil {
                    let thing = try await world.make(kind, by: maker)
                    let outcome = try await Outcome { try await way.attempt(world, thing, person.caller) }
                    #expect(outcome == Outcome(way, thing, person), "\(person.name) does \(way.name) to a \(kind) of \(maker.name)")
                }
            }
        }
    }
}

/// How an attempt went, as far as rights go: what a state, a missing tool or an empty folder refuses was allowed.
enum Outcome: Equatable {
    case allowed, forbidden
    /// There is no such thing for this person.
    case hidden

    init(_ attempt: () async throws -> Void) async throws {
        do {
            try await attempt()
            self = .allowed
        } catch let error as WeirError {
            let isHidden = error.code == "not_found" && ["workload", "project", "asset", "workspace"].contains(error.subject)
            self = isHidden ? .hidden : error.code == "forbidden" ? .forbidden : .allowed
        }
    }

    /// By the table.
    init(_ way: Way, _ thing: Thing, _ person: Person) {
        if way.isOperatorsToo, person.caller.isOperator {
            self = .allowed
            return
        }
        guard let role = person.role, thing.kind != .privateAsset || thing.maker.name == person.name else {
            self = .hidden
            return
        }
        let isAllowed = role.may(way.permission, thing.ownership(of: person, way.permission))
        self = isAllowed ? .allowed : way.tellsNobodyApart ? .hidden : .forbidden
    }
}
