import Foundation
import TestSupport
import Testing
import WeirEngine
import WeirModel

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
