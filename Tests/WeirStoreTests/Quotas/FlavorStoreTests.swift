import TestSupport
import Testing
import WeirModel

@testable import WeirStore

@Suite("Flavors of the file and of the operator")
struct FlavorStoreTests {
    private func flavor(_ name: String, cpu: Int = 1000) -> Flavor {
        Flavor(name: name, cpu: cpu, memory: .gib(1), scratch: 0, pricePerHour: 1)
    }

    private func names(_ store: Store) async throws -> [String] { try await store.read { try $0.flavors() }.map(\.name) }

    @Test("what the operator changed holds until the file says something new of it")
    func operatorWins() async throws {
        let fixture = try await StoreFixture()
        let (store, ada, now) = (fixture.store, fixture.account, fixture.now)
        let file = [flavor("a"), flavor("b"), flavor("c")]
        try await store.write { try $0.setFlavors(fromFile: file, at: now) }
        #expect(try await names(store) == ["a", "b", "c"])
        try await store.write { db in
            try db.save(flavor("a", cpu: 2000), by: ada, at: now)
            try db.setFlavor("b", isRetired: true, by: ada, at: now)
            try db.save(flavor("own"), by: ada, at: now)
            try db.orderFlavors(["own", "c"])
        }
        #expect(try await names(store) == ["own", "c", "a"])

        // The same file again changes nothing.
        try await store.write { try $0.setFlavors(fromFile: file, at: now + .seconds(1)) }
        #expect(try await names(store) == ["own", "c", "a"])
        #expect(try await store.read { try $0.flavor("a") }?.cpu == 2000)

        // A file that says something new of `a` and `b`, names `c` no more and adds `d`.
        let next = [flavor("d"), flavor("a", cpu: 3000), flavor("b", cpu: 500)]
        try await store.write { try $0.setFlavors(fromFile: next, at: now + .seconds(2)) }
        #expect(try await names(store) == ["d", "a", "b", "own"])
        #expect(try await store.read { try $0.flavor("a") }?.cpu == 3000)
        #expect(try await store.read { try $0.flavorRecord("c") }?.retiredAt == now + .seconds(2))
        #expect(try await store.read { try $0.flavorRecord("own") }?.isFromFile == false)
        let changes = try await store.read { try $0.ruleChanges(ofFlavor: "a", PageRequest()) }.items
        #expect(changes.map(\.actor) == [nil, ada, nil])
        #expect(changes.last?.before == nil)
    }

    @Test("one that the file names again after it was left out comes back")
    func comesBack() async throws {
        let fixture = try await StoreFixture()
        let (store, now) = (fixture.store, fixture.now)
        try await store.write { try $0.setFlavors(fromFile: [flavor("a"), flavor("b")], at: now) }
        try await store.write { try $0.setFlavors(fromFile: [flavor("b")], at: now) }
        #expect(try await names(store) == ["b"])
        try await store.write { try $0.setFlavors(fromFile: [flavor("a"), flavor("b")], at: now) }
        #expect(try await names(store) == ["a", "b"])
    }
}
