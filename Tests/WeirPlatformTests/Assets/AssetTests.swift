import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Datasets and models, as they are named and filed")
struct AssetTests {
    private struct Scene {
        let test: TestPlatform
        let platform: Platform
        let ada: TestPlatform.Tenant

        init() async throws {
            test = try TestPlatform()
            platform = try await test.start()
            ada = try await test.tenant(on: platform)
        }

        @discardableResult
        func create(_ name: String, _ kind: AssetKind = .dataset, type: DataType? = nil) async throws -> AssetRecord {
            try await platform.assets.create(
                kind, in: ada.workspace, Assets.Description(name: name, dataType: type), by: ada.caller)
        }
    }

    private func refusal(_ body: () async throws -> Void) async -> WeirError? {
        await #expect(throws: WeirError.self) { try await body() }
    }

    @Test("a dataset's name is its own in the workspace, whatever its case; a model may have it, and a later dataset (DAT-20)")
    func uniqueName() async throws {
        let scene = try await Scene()
        let digits = try await scene.create("Digits")
        for name in ["Digits", "digits", " DIGITS "] {
            let error = await refusal { try await scene.create(name) }
            #expect(error?.code == "name_taken" && error?.subject == "name", "\(name)")
        }
        try await scene.create("digits", .model)
        let other = try await scene.create("letters")
        let renamed = await refusal {
            _ = try await scene.platform.assets.edit(other.id, Assets.Description(name: "DIGITS"), by: scene.ada.caller)
        }
        #expect(renamed?.code == "name_taken")
        // Its own it may keep, in another case.
        let kept = try await scene.platform.assets.edit(digits.id, Assets.Description(name: "digits"), by: scene.ada.caller)
        #expect(kept.name == "digits")
        try await scene.platform.assets.delete(digits.id, typed: nil, by: scene.ada.caller)
        try await scene.create("Digits")
    }

    @Test("a dataset is filed as image, audio, file, table, video or other, found by it, and taken out again (DAT-20)")
    func dataTypes() async throws {
        #expect(DataType.allCases.map(\.rawValue) == ["image", "audio", "file", "table", "video", "other"])
        let scene = try await Scene()
        for type in DataType.allCases { try await scene.create(type.rawValue, type: type) }
        let plain = try await scene.create("plain")
        #expect(plain.dataType == nil)
        func names(_ type: DataType?) async throws -> Set<String> {
            let page = try await scene.platform.assets.list(
                .dataset, in: scene.ada.workspace, named: nil, dataType: type, PageRequest(), for: scene.ada.caller)
            return Set(page.items.map(\.name))
        }
        for type in DataType.allCases { #expect(try await names(type) == [type.rawValue]) }
        #expect(try await names(nil).count == 7)
        let table = try await scene.platform.assets.edit(plain.id, Assets.Description(dataType: .table), by: scene.ada.caller)
        #expect(table.dataType == .table)
        var taken = Assets.Description()
        taken.hasNoDataType = true
        #expect(try await scene.platform.assets.edit(plain.id, taken, by: scene.ada.caller).dataType == nil)
        #expect(try await names(.table) == ["table"])
    }
}
