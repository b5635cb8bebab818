import TestSupport
import Testing
import WeirModel
import WeirPlatform

@Suite("Names that look like a drive's")
struct DriveLetterTests {
    @Test("an archive gives files named a:b.txt and C:/d.txt under just these names (bugs R10)", arguments: ["a.zip", "a.tar"])
    func driveLetters(archive: String) async throws {
        let bench = try await StorageBench()
        let names = ["a:b.txt", "C:/d.txt", "plain.txt"]
        if archive.hasSuffix("zip") {
            try await bench.put(Archives.zip(names.map { (name: Array($0.utf8), content: [1]) }), archive)
        } else {
            try await bench.put(Archives.tar(names.map { Archives.Entry(name: $0, content: [1]) }), archive)
        }
        let unpacked = try await bench.store.unpack(FilePath(archive), in: bench.draft, into: FilePath("out"))
        #expect(unpacked.files == 3)
        #expect(try await Set(bench.names("out")) == ["a:b.txt", "C:", "plain.txt"])
        #expect(try await bench.names("out/C:") == ["d.txt"])
    }
}
