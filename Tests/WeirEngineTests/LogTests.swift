import Foundation
import Glibc
import Logging
import Synchronization
import TestSupport
import Testing
import WeirModel

@testable import WeirEngine

@Suite("Logs of instances")
struct LogTests {
    @Test("records are read from any offset, and reading on misses and repeats none")
    func offsets() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("for i in $(seq 1 2500); do echo line $i; done")
            _ = try await test.engine.launch(launch)
            _ = try await test.ended(launch.instance)
            let log = InstanceLog(path: launch.logFile)
            var texts: [String] = []
            var offset: Int64 = 0
            var pages = 0
            while true {
                let page = try await log.read(from: offset, limit: 1000)
                texts += page.records.map(\.text)
                offset = page.next
                pages += 1
                if !page.more { break }
            }
            #expect(texts == (1...2500).map { "line \($0)" })
            #expect(pages == 3)
            let size = try await log.size()
            #expect(offset == size)
            #expect(try await log.tail(limit: 3).records.map(\.text) == ["line 2498", "line 2499", "line 2500"])
        }
    }

    @Test("a follower gets each line as it is written and ends with the instance")
    func follow() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("for i in 1 2 3; do echo tick $i; while [ ! -e /tmp/$i ]; do sleep 0.02; done; done; printf rest")
            _ = try await test.engine.launch(launch)
            let log = InstanceLog(path: launch.logFile)
            var texts: [String] = []
            var portions = 0
            let records = log.follow { [engine = test.engine] in
                let phase = try? await engine.observe(launch.instance)?.phase
                return phase != .running && phase != .created
            }
            for try await portion in records {
                texts += portion.map(\.text)
                portions += 1
                // The next line is written only when this one has been read.
                for tick in portion where tick.text.hasPrefix("tick ") {
                    _ = try await test.engine.run(["touch", "/tmp/" + tick.text.dropFirst(5)], in: launch.instance)
                }
            }
            #expect(texts == ["tick 1", "tick 2", "tick 3", "rest"])
            #expect(portions >= 3)
        }
    }

    @Test("the files of a log are looked at by the keeper's thread, and nobody who has it kept waits for that (review 7)")
    func keeper() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/log"
        try Data(line(Array("begun".utf8))).write(to: URL(fileURLWithPath: path))
        let keeper = LogKeeper(limit: 1 << 20, logger: Logger(label: "weir.test") { _ in SwiftLogNoOpLogHandler() })
        keeper.keep(path, isBegun: true)
        let isKept = { FileManager.default.fileExists(atPath: path + ".0") }
        #expect(!isKept())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.run() }
            for _ in 0..<1000 where !isKept() { try await Task.sleep(for: .milliseconds(10)) }
            group.cancelAll()
        }
        #expect(isKept())
    }

    @Test("news of a file at which the keeper has looked already loses no part of a log (review 7)")
    func oldNews() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/log"
        let (one, two, three) = (line(Array("one".utf8)), line(Array("second".utf8)), line(Array("the third".utf8)))
        /// As the runtime does it.
        func begin(_ bytes: [UInt8]) throws {
            try Data(bytes).write(to: URL(fileURLWithPath: folder.path + "/new"))
            try #require(rename(folder.path + "/new", path) == 0)
        }
        func waitFor(_ name: String) async throws {
            for _ in 0..<1000 where !FileManager.default.fileExists(atPath: path + name) { try await Task.sleep(for: .milliseconds(10)) }
        }
        try begin(one)
        try #require(link(path, path + ".0") == 0)
        let keeper = LogKeeper(limit: 1 << 20, logger: Logger(label: "weir.test") { _ in SwiftLogNoOpLogHandler() })
        keeper.keep(path, isBegun: true)
        // The kernel tells of this one before the keeper has looked.
        try begin(two)
        let (second, third) = (".\(one.count).unseen", ".\(one.count + two.count)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.run() }
            try await waitFor(second)
            try await Task.sleep(for: .milliseconds(500))
            try begin(three)
            try await waitFor(third)
            group.cancelAll()
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names == ["log", "log.0", "log" + second, "log" + third].sorted())
    }

    /// Counts in how many looks a folder had been listed since the look before.
    private final class Listings: Sendable {
        private let watch = Kernel.watchFolders()
        private let counts = Mutex((looks: 0, listed: 0))

        init(of folder: String) { _ = Kernel.watchFolder(watch, folder, 0x20 /* IN_OPEN */) }
        deinit { close(watch) }

        var listed: Int { counts.withLock { $0.listed } }

        /// Gives how often it was called.
        func look() -> Int {
            var events = [UInt8](repeating: 0, count: 64 << 10)
            var isListed = false
            var count = read(watch, &events, events.count)
            while count > 0 {
                var at = 0
                while at + 16 <= count {
                    // IN_ISDIR; the length of the name.
                    if events[at + 7] & 0x40 != 0 { isListed = true }
                    at += 16 + Int(events[at + 12]) + Int(events[at + 13]) << 8
                }
                count = read(watch, &events, events.count)
            }
            return counts.withLock { counts in
                counts.looks += 1
                if isListed { counts.listed += 1 }
                return counts.looks
            }
        }
    }

    @Test("a follower of a log to which nothing is written does not list its folder again and again (review 8)")
    func quiet() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/log"
        try Data(line(Array("said".utf8))).write(to: URL(fileURLWithPath: path))
        let listings = Listings(of: folder.path)
        let follower = LogFollower(InstanceLog(path: path), from: 0) { listings.look() > 20 }
        #expect(try await follower.next()?.map(\.text) == ["said"])
        #expect(try await follower.next() == nil)
        #expect((1...3).contains(listings.listed))
    }

    /// A line as the runtime writes it.
    private func line(_ bytes: [UInt8], _ stream: String = "stdout", _ tag: String = "F") -> [UInt8] {
        Array("2026-11-21T07:54:29.863678313+00:00 \(stream) \(tag) ".utf8) + bytes + [10]
    }

    @Test("a character that the runtime's buffer cut in two is one again, wherever reading begins (F3)")
    func characters() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/log"
        let text = Array("训练中😀é完成".utf8)
        for cut in 1..<text.count {
            let (begun, rest) = (Array(text[..<cut]), Array(text[cut...]))
            let parts = [line(begun, "stdout", "P"), line(Array("错".utf8), "stderr"), line(rest)]
            try Data(parts.joined()).write(to: URL(fileURLWithPath: path))
            let records = try await InstanceLog(path: path).read().records
            #expect(records.filter { $0.stream == .output }.flatMap(\.bytes) == text)
            #expect(!records.contains { $0.text.contains("\u{FFFD}") }, "cut at \(cut)")
            // One record at a time: nothing but the place is remembered between two readings.
            var (offset, bytes): (Int64, [UInt8]) = (0, [])
            while let record = try await InstanceLog(path: path).read(from: offset, limit: 1).records.first {
                if record.stream == .output { bytes += record.bytes }
                offset = record.end
            }
            #expect(bytes == text, "cut at \(cut)")
        }
        // Byte by byte, and what ends in the middle of a character.
        let single = text.map { line([$0], "stdout", "P") } + [line([])]
        try Data(single.joined()).write(to: URL(fileURLWithPath: path))
        #expect(try await InstanceLog(path: path).read().records.map(\.text) == ["训练中😀é完成"])
        try Data([line([0xE4, 0xB8], "stdout", "P"), line([])].joined()).write(to: URL(fileURLWithPath: path))
        #expect(try await InstanceLog(path: path).read().records.map(\.bytes) == [[0xE4, 0xB8]])
    }

    @Test("a character that a program began and never ended is shown as one that is no text, once (G4)")
    func unended() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/log"
        let tail = Array("tail".utf8) + [0xE4, 0xB8]
        try Data(([line(tail, "stdout", "P")] + [line(Array("e".utf8), "stderr")]).joined()).write(to: URL(fileURLWithPath: path))
        let log = InstanceLog(path: path)
        // While it runs the rest may come.
        #expect(try await log.read().records.map(\.text) == ["tail", "e"])
        let over = try await log.read(isOver: true)
        #expect(over.records.map(\.text) == ["tail\u{FFFD}", "e"])
        #expect(try await log.read(from: over.next, isOver: true).records.isEmpty)
        // Record by record, and as it is followed, nothing is missing or said twice.
        var (offset, texts): (Int64, [String]) = (0, [])
        while true {
            let page = try await log.read(from: offset, limit: 1, isOver: true)
            guard !page.records.isEmpty else { break }
            texts += page.records.map(\.text)
            offset = page.next
        }
        #expect(texts == ["tail\u{FFFD}", "e"])
        let follower = LogFollower(log, from: 0) { true }
        var followed: [String] = []
        while let records = try await follower.next() { followed += records.map(\.text) }
        #expect(followed == ["tail", "e", "\u{FFFD}"])
    }

    @Test("a program that writes thousands of lines of Chinese at once loses no character (F3)")
    func chinese() async throws {
        try await TestEngine.with { test in
            let launch = test.launch("i=0; while [ $i -lt 3000 ]; do echo 第${i}轮训练完成，损失下降; i=$((i+1)); done; printf 尾")
            _ = try await test.engine.launch(launch)
            _ = try await test.ended(launch.instance)
            let log = InstanceLog(path: launch.logFile)
            var (offset, text): (Int64, String) = (0, "")
            while true {
                let page = try await log.read(from: offset, limit: 100)
                text += page.records.map { $0.text + ($0.partial ? "" : "\n") }.joined()
                offset = page.next
                if !page.more { break }
            }
            let whole = (0..<3000).map { "第\($0)轮训练完成，损失下降\n" }.joined() + "尾"
            #expect(text == whole || text == whole + "\n")
        }
    }

    @Test("of a log over the limit the beginning and the newest part are kept, and the gap says how many bytes (F8)")
    func limit() async throws {
        try await TestEngine.with(logLimit: 256 << 10) { test in
            // A part takes more than a thousand lines: on a busy machine the keeper has the time of two pauses for each.
            let launch = test.launch(
                "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); [ $((i % 500)) != 0 ] || sleep 0.2; done; sleep 2; echo the end")
            _ = try await test.engine.launch(launch)
            _ = try await test.ended(launch.instance, within: .seconds(120))
            let log = InstanceLog(path: launch.logFile)
            var (offset, texts, gaps): (Int64, [String], [LogGap]) = (0, [], [])
            var told: Int64 = 0
            while true {
                let page = try await log.read(from: offset, limit: 1000)
                for record in page.records {
                    if let gap = record.gap {
                        gaps.append(gap)
                        told += gap.bytes ?? 0
                    }
                    texts.append(record.text)
                    told += record.end - record.start
                }
                offset = page.next
                if !page.more { break }
            }
            #expect(Array(texts.prefix(1000)) == (0..<1000).map { "line \($0)" })
            #expect(texts.last == "the end")
            #expect(texts.dropLast().suffix(1000) == (19_000..<20_000).map { "line \($0)" }[...])
            #expect(texts.count < 20_001, "nothing was over the limit")
            #expect(!gaps.isEmpty && gaps.allSatisfy { ($0.bytes ?? 0) > 0 })
            // Every byte is either there or told as missing.
            let size = try await log.size()
            #expect(told == size)
            let kept = try FileManager.default.contentsOfDirectory(atPath: test.folder.path).filter {
                $0.hasPrefix("\(launch.instance).log.")
            }
            #expect(kept.count <= 4, "\(kept)")
            #expect(try await log.tail(limit: 2).records.map(\.text) == ["line 19999", "the end"])
            // A reader who goes on from the middle of the gap is told how much of it is missing for them.
            let first = try #require(gaps.first?.bytes)
            let middle = try await log.read(from: (64 << 10) + first / 2, limit: 1)
            #expect(middle.records.first?.gap?.bytes ?? 0 > 0)
        }
    }

    @Test("what was written while nobody looked is a gap whose size is not known (F8)")
    func unseen() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/log"
        func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
        try write(line(Array("before".utf8)), to: path + ".0")
        try write(line(Array("after".utf8)), to: path + ".\(line(Array("before".utf8)).count).unseen")
        let records = try await InstanceLog(path: path).read().records
        let more = try await InstanceLog(path: path).read(from: try #require(records.last?.end)).records
        #expect(records.map(\.text) == ["before"] && more.map(\.text) == ["after"])
        #expect(more.first?.gap == LogGap(bytes: nil))
        #expect(more.first?.gap?.text.en.contains("not running") == true)
    }

    @Test("times, streams, parts and lines that are not UTF-8 are read")
    func forms() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/log"
        var bytes = Array("2026-11-21T07:54:29.863678313+00:00 stdout F a  b\n".utf8)
        bytes += Array("2026-11-21T15:54:29.1+08:00 stderr P part".utf8) + [10]
        bytes += Array("2024-02-29T23:59:59Z stdout F ".utf8) + [0xFF, 10]
        bytes += Array("not a record\n2026-11-21T07:54:30.000000000+00:00 stdout F half a li".utf8)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let page = try await InstanceLog(path: path).read()
        #expect(page.records.map(\.text) == ["a  b", "part", "\u{FFFD}"])
        #expect(page.records.map(\.stream) == [.output, .errors, .output])
        #expect(page.records.map(\.partial) == [false, true, false])
        #expect(
            page.records.map(\.time)
                == ["2026-11-21T07:54:29.863Z", "2026-11-21T07:54:29.100Z", "2024-02-29T23:59:59Z"].map { Timestamp($0) })
        #expect(page.next < Int64(bytes.count))
        #expect(try await InstanceLog(path: path + ".none").read().records.isEmpty)
    }
}
