import Synchronization
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

/// Remembers what it was told to hold.
private final class RememberingWall: StorageWall {
    private let told = Mutex<[StorageVolume: Bytes?]>([:])

    var bounds: [StorageVolume: Bytes?] { told.withLock { $0 } }

    func open(_ volume: StorageVolume, at path: String) throws { try NoWall().open(volume, at: path) }
    func setBound(_ bound: Bytes?, of volume: StorageVolume) { told.withLock { $0[volume] = .some(bound) } }
    func use(of volume: StorageVolume) -> VolumeUse? { nil }
    func remove(_ volume: StorageVolume, at path: String) throws { try NoWall().remove(volume, at: path) }
}

/// Has no room for what a person keeps, which is made when it is first mounted.
private struct FullWall: StorageWall {
    func open(_ volume: StorageVolume, at path: String) throws {
        if case .account = volume { throw WeirError.storageFull() }
        try NoWall().open(volume, at: path)
    }
    func setBound(_ bound: Bytes?, of volume: StorageVolume) {}
    func use(of volume: StorageVolume) -> VolumeUse? { nil }
    func remove(_ volume: StorageVolume, at path: String) throws {}
}

@Suite("The storage quota as a bound")
struct StorageBoundTests {
    @Test("a workload for which the disk has no room ends with that as its reason, and does not hang in its deployment (hostile 6)")
    func full() async throws {
        let test = try TestPlatform()
        try await test.running(wall: FullWall()) { platform in
            let ada = try await test.tenant(on: platform)
            let job = try await ada.job("train", on: platform)
            try await platform.wait(for: job, toBe: .failed)
            let seen = try await test.store.read { try $0.workload(job.id) }
            #expect(seen?.failure == .storageFull && seen?.failure?.remedy.en.contains("Delete") == true)
            #expect(test.engine.launches.isEmpty)
        }
    }

    @Test("a workspace's storage quota bounds what containers write, at once and after a new start (STO-11, hostile 6)")
    func bound() async throws {
        let test = try TestPlatform()
        let wall = RememberingWall()
        let platform = try await test.start(wall: wall)
        let ada = try await test.tenant(on: platform)
        let volume = StorageVolume.workspace(ada.workspace)
        let quota = Allowance(quota: Quota(storage: .gib(2)))
        try await platform.quotas.set(quota, of: .workspace, in: ada.workspace, by: .testOperator)
        #expect(wall.bounds[volume] == .some(.gib(5)))
        // That of a person counts what is kept in the workspace's name, and is asked at the doors.
        try await platform.quotas.set(Allowance(quota: Quota(storage: .gib(1))), of: .everyone, in: ada.workspace, by: ada.caller)
        #expect(wall.bounds[volume] == .some(.gib(5)))

        let later = RememberingWall()
        let next = try await test.start(wall: later)
        #expect(later.bounds == [volume: .gib(5)])
        try await next.quotas.set(nil, of: .workspace, in: ada.workspace, by: .testOperator)
        #expect(later.bounds == [volume: nil])
    }
}
