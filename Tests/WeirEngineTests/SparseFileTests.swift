import Foundation
import TestSupport
import Testing

@testable import WeirEngine

@Suite("Files of scratch")
struct SparseFileTests {
    @Test("a copy that a kill cut off is never taken for whole: the name stands for all of it or is not there (hostile 1's brother)")
    func cutOff() throws {
        let folder = try TemporaryFolder("weir-sparse")
        let (source, target) = (folder.path + "/template", folder.path + "/scratch.img")
        let file = open(source, O_WRONLY | O_CREAT, 0o600)
        #expect(ftruncate(file, 64 << 20) == 0)
        #expect(pwrite(file, "begin", 5, 0) == 5 && pwrite(file, "end", 3, 40 << 20) == 3)
        close(file)
        // As a kill in the middle leaves it.
        try Data("beg".utf8).write(to: URL(fileURLWithPath: SparseFile.unfinished(target)))
        try SparseFile.copy(source, to: target)
        #expect(FileManager.default.contentsEqual(atPath: source, andPath: target))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["scratch.img", "template"])
        var status = stat()
        #expect(lstat(target, &status) == 0 && status.st_blocks * 512 < 1 << 20)
        // What an instance has written stays.
        try Data("used".utf8).write(to: URL(fileURLWithPath: target))
        try SparseFile.copy(source, to: target)
        #expect(FileManager.default.contents(atPath: target) == Data("used".utf8))
    }

    @Test("a root layer of 100,000 levels is counted to its end (hostile 1)")
    func deep() throws {
        let folder = try TemporaryFolder("weir-size", in: "/dev/shm")
        try HostileFolder.makeDeep(in: folder.path)
        for name in ["a", "b"] { try Data(repeating: 1, count: 8192).write(to: folder.url.appendingPathComponent(name)) }
        #expect(FolderSize.blocks(of: folder.path, upTo: .max) >= 2 * 8192 + 4096)
        #expect(FolderSize.blocks(of: folder.path, upTo: 1) > 1)
        // The last byte lies below them all; a file with two names is one.
        #expect(link(folder.path + "/a", folder.path + "/c") == 0)
        #expect(FolderSize.length(of: folder.path) == 2 * 8192 + 1)
    }
}
