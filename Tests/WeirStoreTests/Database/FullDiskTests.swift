import Foundation
import TestSupport
import Testing
import WeirModel
import WeirStore

@Suite("The database on a full disk")
struct FullDiskTests {
    @Test("what was set aside lets changes be made on a full disk, and is made again when there is room (hostile 6)")
    func ballast() async throws {
        let disk = try SmallDisk(.mib(96))
        let store = try Store(path: disk.path + "/weir.sqlite", ballast: .mib(8))
        #expect(!store.isShortOfSpace)
        disk.fill()
        for number in 0..<200 {
            let text = String(repeating: "x", count: 4000)
            try await store.write { try $0.setSetting("test.\(number)", to: text) }
        }
        #expect(store.isShortOfSpace)
        #expect(try await store.read { try $0.setting("test.199") }?.count == 4000)
        try FileManager.default.removeItem(atPath: disk.path + "/filler")
        store.restoreReserve()
        #expect(!store.isShortOfSpace)
        try store.close()
    }

    @Test("a change that finds no room is refused as storage_full, changes nothing, and the next succeeds when there is room (hostile 6)")
    func full() async throws {
        let disk = try SmallDisk(.mib(96))
        let store = try Store(path: disk.path + "/weir.sqlite")
        try await store.write { try $0.setSetting("kept", to: "before") }
        disk.fill()
        let text = String(repeating: "x", count: 100_000)
        var refused = 0
        for round in 0..<100 {
            // Neighbours of one group, of which some fit and some do not: each stands as a whole or not at all.
            let told = await withTaskGroup(of: (Int, String?).self) { group in
                for number in 0..<8 {
                    group.addTask {
                        do {
                            try await store.write { db in
                                try db.setSetting("a.\(round).\(number)", to: text)
                                try db.setSetting("b.\(round).\(number)", to: text)
                            }
                            return (number, nil)
                        } catch let error as WeirError {
                            return (number, error.code)
                        } catch {
                            return (number, "\(error)")
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for (number, code) in told {
                #expect(code == nil || code == "storage_full")
                if code != nil { refused += 1 }
                let (a, b) = try await store.read { db in
                    (try db.setting("a.\(round).\(number)") != nil, try db.setting("b.\(round).\(number)") != nil)
                }
                #expect(a == b && a == (code == nil))
            }
            if refused > 40 { break }
        }
        #expect(refused > 40)
        #expect(try await store.read { try $0.setting("kept") } == "before")
        try FileManager.default.removeItem(atPath: disk.path + "/filler")
        try await store.write { try $0.setSetting("kept", to: "after") }
        #expect(try await store.read { try $0.setting("kept") } == "after")
        try store.close()
    }
}
