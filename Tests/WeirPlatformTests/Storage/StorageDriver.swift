import Foundation
import NIOCore
import TestSupport
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

/// Does at random what people and containers do to files, and walks over all of it as nobody else would.
actor StorageDriver {
    private let test: TestPlatform
    private var random: SeededRandom
    private var tenants: [TestPlatform.Tenant] = []
    private var assets: [(TestPlatform.Tenant, Identifier<Asset>)] = []
    private var uploads: [(TestPlatform.Tenant, UploadRecord)] = []
    private var workloads: [(TestPlatform.Tenant, WorkloadRecord)] = []
    private var count = 0

    init(_ test: TestPlatform, seed: UInt64) {
        self.test = test
        random = SeededRandom(seed: seed)
    }

    func coin() -> Bool { Bool.random(using: &random) }

    /// At the first start, two tenants; at the next ones, what they have.
    func begin(on platform: Platform) async throws {
        guard tenants.isEmpty else { return }
        tenants = [try await test.tenant("ada", on: platform), try await test.tenant("bob", on: platform)]
    }

    private func content(most: Int = 20_000) -> ByteBuffer {
        // A few sizes and values, so that contents meet again.
        let size = [0, 1, 100, 5000, most].randomElement(using: &random) ?? 0
        return ByteBuffer(repeating: UInt8.random(in: 0..<3, using: &random), count: size)
    }

    private func name() -> String { "f\(Int.random(in: 0..<6, using: &random))" }

    /// One change; its name is for the failure's text. What is refused by rule is a step too.
    func step(on platform: Platform) async throws -> String {
        guard let tenant = tenants.randomElement(using: &random) else { return "none" }
        let choice = Int.random(in: 0..<18, using: &random)
        do {
            switch choice {
            case 0: try await writeCode(tenant, platform)
            case 1: try await platform.files.delete(.code(tenant.project, in: tenant.workspace), at: FilePath(name()))
            case 2: try await unpack(tenant, platform)
            case 3: try await makeAsset(tenant, platform)
            case 4, 5: try await writeDraft(platform)
            case 6: try await beginUpload(platform)
            case 7: try await goOnUploading(platform)
            case 8, 9: try await confirm(platform)
            case 10: try await deleteVersion(platform)
            case 11: try await deleteAsset(platform)
            case 12: try await discard(platform)
            case 13: try await start(tenant, platform)
            case 14: try await writeInContainer(platform)
            case 15: try await deleteWorkload(tenant, platform)
            default: try await stop(platform)
            }
        } catch let error as WeirError {
            return "\(choice), refused with \(error.code)"
        }
        return "\(choice)"
    }

    private func writeCode(_ tenant: TestPlatform.Tenant, _ platform: Platform) async throws {
        try await platform.files.write(
            StorageBench.stream([content()]), to: .code(tenant.project, in: tenant.workspace), at: FilePath(name()))
    }

    private func unpack(_ tenant: TestPlatform.Tenant, _ platform: Platform) async throws {
        let archive = Archives.tar([Archives.Entry(name: "u/\(name())", content: Array(buffer: content()))])
        try await platform.files.write(
            StorageBench.stream([ByteBuffer(bytes: archive)]), to: .code(tenant.project, in: tenant.workspace), at: FilePath("a.tar"))
        _ = try await platform.files.unpack(FilePath("a.tar"), in: .code(tenant.project, in: tenant.workspace), into: .root)
    }

    private func makeAsset(_ tenant: TestPlatform.Tenant, _ platform: Platform) async throws {
        count += 1
        let asset = try await platform.assets.create(
            coin() ? .dataset : .model, in: tenant.workspace, Assets.Description(name: "asset-\(count)"), by: tenant.caller)
        assets.append((tenant, asset.id))
    }

    private func writeDraft(_ platform: Platform) async throws {
        guard let (tenant, asset) = assets.randomElement(using: &random) else { return }
        let draft = try await platform.assets.draft(of: asset, for: tenant.caller, .changeDraft)
        try await platform.files.write(StorageBench.stream([content()]), to: draft, at: FilePath(name()))
    }

    private func beginUpload(_ platform: Platform) async throws {
        guard let (tenant, asset) = assets.randomElement(using: &random) else { return }
        let length = Int64.random(in: 0...9000, using: &random)
        let upload = try await platform.uploads.create(
            into: .draft(asset), path: name(), length: Bytes(length), by: tenant.caller)
        if length > 0 { uploads.append((tenant, upload)) }
    }

    private func goOnUploading(_ platform: Platform) async throws {
        guard let index = uploads.indices.randomElement(using: &random) else { return }
        let (tenant, upload) = uploads[index]
        if Int.random(in: 0..<4, using: &random) == 0 {
            uploads.remove(at: index)
            return try await platform.uploads.cancel(upload.id, by: tenant.caller)
        }
        let progress = try await platform.uploads.progress(of: upload.id, by: tenant.caller)
        let left = Int(progress.length.count - progress.offset.count)
        let part = Int.random(in: 1...left, using: &random)
        let reached = try await platform.uploads.append(
            StorageBench.stream([ByteBuffer(repeating: 1, count: part)]), to: upload.id, at: progress.offset, checksum: nil,
            by: tenant.caller)
        if reached.isComplete { uploads.remove(at: index) }
    }

    private func confirm(_ platform: Platform) async throws {
        guard let (tenant, asset) = assets.randomElement(using: &random) else { return }
        _ = try await platform.assets.confirm(asset, by: tenant.caller)
    }

    private func deleteVersion(_ platform: Platform) async throws {
        guard let (tenant, asset) = assets.randomElement(using: &random) else { return }
        let versions = try await platform.assets.versions(of: asset, PageRequest(limit: PageRequest.most), for: tenant.caller).items
        guard let version = versions.randomElement(using: &random) else { return }
        try await platform.assets.deleteVersion(version.number, of: asset, by: tenant.caller)
    }

    private func deleteAsset(_ platform: Platform) async throws {
        guard coin(), let index = assets.indices.randomElement(using: &random) else { return }
        let (tenant, asset) = assets.remove(at: index)
        uploads.removeAll { $0.1.unit == .asset(asset) }
        try await platform.assets.delete(asset, typed: nil, by: tenant.caller)
    }

    private func discard(_ platform: Platform) async throws {
        guard let (tenant, asset) = assets.randomElement(using: &random) else { return }
        try await platform.assets.discardDraft(of: asset, by: tenant.caller)
    }

    private func start(_ tenant: TestPlatform.Tenant, _ platform: Platform) async throws {
        guard workloads.count < 3 else { return }
        count += 1
        let workload: WorkloadRecord
        if coin() {
            workload = try await tenant.job("job-\(count)", on: platform)
        } else {
            workload = try await platform.environments.create(
                tenant.submission("lab-\(count)"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
        }
        workloads.append((tenant, workload))
        try await platform.wait(for: workload, toBe: .running)
    }

    /// Behind Weir's back, into whatever is mounted to be written to.
    private func writeInContainer(_ platform: Platform) async throws {
        guard let (_, workload) = workloads.randomElement(using: &random) else { return }
        let launch = test.engine.launches.last { $0.workload == workload.id }
        guard let mount = launch?.mounts.filter(\.writable).randomElement(using: &random) else { return }
        let path = mount.source + "/" + name()
        if coin() {
            try Data(content().readableBytesView).write(to: URL(fileURLWithPath: path))
        } else {
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    private func stop(_ platform: Platform) async throws {
        guard let index = workloads.indices.randomElement(using: &random) else { return }
        // It writes to its last moment.
        try await writeInContainer(platform)
        let (tenant, workload) = workloads.remove(at: index)
        _ = try await platform.workloads.stop(workload.id, by: tenant.caller)
        try await platform.wait(for: workload, toBe: .stopped)
        // Until its container is gone, a workload counts as one that may write.
        try await platform.wait(for: workload.id) { _ in !self.test.engine.present.contains { $0.workload == workload.id } }
    }

    /// With it goes the code that was frozen for it, and what it wrote.
    private func deleteWorkload(_ tenant: TestPlatform.Tenant, _ platform: Platform) async throws {
        let ended = try await platform.store.read { db in
            try db.workloads(in: tenant.workspace, WorkloadFilter(), PageRequest(limit: 200)).items.filter(\.state.isFinal)
        }
        guard let workload = ended.randomElement(using: &random) else { return }
        try await platform.workloads.delete(workload.id, by: tenant.caller)
        try await platform.wait(for: workload.id) { $0 == nil }
    }

    // MARK: The full walk

    struct Figures: Equatable, Sendable {
        var library: [String: [StorageKind: Int64]] = [:]
        var people: [String: Int64] = [:]
    }

    func figures(on platform: Platform) async throws -> (kept: Figures, walked: Figures) {
        var (kept, walked) = (Figures(), Figures())
        let layout = platform.files.layout
        for tenant in tenants {
            let (workspace, person) = (tenant.workspace, tenant.caller.id)
            let (held, personal, frozen, assets) = try await platform.store.read { db in
                (
                    try db.storageHeld(by: workspace), try db.personalStorage(paidBy: workspace, most: 10),
                    try db.workloads(in: workspace, WorkloadFilter(), PageRequest(limit: 200)).items.compactMap(\.spec.code),
                    try AssetKind.allCases.flatMap { kind in
                        try db.assets(in: workspace, kind: kind, viewer: person, named: nil, dataType: nil, PageRequest(limit: 100)).items
                    }.map { asset in
                        (
                            asset, try db.versions(of: asset.id, PageRequest(limit: PageRequest.most)).items.map(\.tree),
                            try db.uploads(into: .asset(asset.id)).map(\.id)
                        )
                    }
                )
            }
            kept.library[workspace.text] = held.filter { $0.key != .images }.mapValues(\.count)
            kept.people[workspace.text] = personal.reduce(0) { $0 + $1.1.count }

            var sums: [StorageKind: Int64] = [:]
            func path(_ folder: StoredFolder) -> String { layout.path(of: folder) }
            let project = tenant.project
            sums[.code] = walk([path(.code(project, in: workspace))]) + walk(Set(frozen).map { path(.tree($0, in: workspace)) })
            sums[.outputs] = walk([path(.output(project, in: workspace))]) + walk([path(.jobs(project, in: workspace))])
            for (asset, trees, uploads) in assets {
                let size =
                    walk(trees.map { path(.tree($0, in: workspace)) } + [path(.draft(asset.id, in: workspace))])
                    + uploads.reduce(0) { $0 + length(layout.path(of: .uploads, in: .workspace(workspace)) + "/\($1)/data") }
                sums[asset.kind == .dataset ? .datasets : .models, default: 0] += size
            }
            walked.library[workspace.text] = sums.filter { $0.value != 0 }
            walked.people[workspace.text] = walk([path(.home(person))]) + walk([path(.netdisk(person))])
        }
        return (kept, walked)
    }

    private func walk(_ roots: [String]) -> Int64 {
        var seen: Set<UInt64> = []
        var total: Int64 = 0
        for root in roots {
            for name in FileManager.default.enumerator(atPath: root)?.compactMap({ $0 as? String }) ?? [] {
                var status = stat()
                guard lstat(root + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                    seen.insert(UInt64(status.st_ino)).inserted
                else { continue }
                total += Int64(status.st_size)
            }
        }
        return total
    }

    private func length(_ path: String) -> Int64 {
        var status = stat()
        return lstat(path, &status) == 0 ? Int64(status.st_size) : 0
    }
}
