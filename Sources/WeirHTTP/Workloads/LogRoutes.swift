import HTTPTypes
import Hummingbird
import NIOCore
import WeirEngine
import WeirModel
import WeirPlatform

/// What instances wrote (TRN-10).
struct LogRoutes {
    static let offsets: ClosedRange<Int64> = -(1 << 50)...(1 << 50)
    private static let longestFile = 1 << 30
    let logs: Logs
    let accounts: Accounts

    func add(to routes: Routes) {
        let (logs, accounts) = (logs, accounts)

        routes.get("workloads/{workload}/logs", "getLogs") { call in
            let id = try call.id("workload", of: Workload.self)
            let limit = try call.query("limit", in: 1...10_000) ?? 1000
            let part = try await logs.read(
                of: id, instance: call.queryID("instance"), from: call.query("offset", in: Self.offsets) ?? 0,
                limit: Int(limit), for: call.caller)
            return call.answer([
                "instance": part.instance, "lines": part.records.map { Self.show($0, in: call.language) }, "next_offset": part.next,
                "ended": part.isEnded,
            ])
        }

        routes.get("workloads/{workload}/logs/file", "downloadLog") { call in
            let id = try call.id("workload", of: Workload.self)
            let caller = try call.caller
            let language = call.language
            let first = try await logs.read(
                of: id, instance: call.queryID("instance"), from: 0, limit: Logs.mostAtOnce, for: caller)
            return Response(
                status: .ok,
                headers: [
                    .contentType: "text/plain; charset=utf-8",
                    .contentDisposition: Call.attachment("\(first.instance?.text ?? id.text).log"),
                ],
                body: ResponseBody { writer in
                    var (part, sent) = (first, 0)
                    // A program may write faster than its log is fetched: that is no reason to go on for ever.
                    while !part.records.isEmpty, sent < Self.longestFile {
                        var text = ByteBuffer()
                        for record in part.records {
                            if let gap = record.gap { text.writeString("\n\(gap.text[language])\n") }
                            text.writeBytes(record.bytes)
                            if !record.partial { text.writeInteger(UInt8(ascii: "\n")) }
                        }
                        sent += text.readableBytes
                        try await writer.write(text)
                        part = try await logs.read(
                            of: id, instance: part.instance, from: part.next, limit: Logs.mostAtOnce, for: caller)
                    }
                    try await writer.finish(nil)
                })
        }

        routes.get("workloads/{workload}/logs/stream", "streamLogs") { call in
            let id = try call.id("workload", of: Workload.self)
            let offset = try call.resumePosition() ?? call.query("offset", in: Self.offsets) ?? 0
            let lines = try await logs.follow(
                of: id, instance: call.queryID("instance"), from: offset, for: call.caller)
            let language = call.language
            let right = StreamRight(accounts: accounts, changes: try await logs.changes(of: id, for: call.caller)) { caller in
                try await logs.requireReading(of: id, for: caller)
            }
            return try ServerSentEvents.answer(call, lines, under: right, last: "end") { records in
                records.map { ServerSentEvent(name: "line", id: String($0.end), data: Self.show($0, in: language)) }
            }
        }
    }

    private static func show(_ record: LogRecord, in language: Language) -> JSON {
        [
            "at": record.time, "stream": JSON.text(record.stream.rawValue), "text": record.text,
            "partial": record.partial, "gap": record.gap.map { ["bytes": $0.bytes, "message": $0.text[language]] as JSON },
        ]
    }
}

extension Call {
    /// Where a stream that broke off goes on: `Last-Event-ID`, which browsers send by themselves.
    func resumePosition() throws -> Int64? {
        guard let text = request.headers[.lastEventID], !text.isEmpty else { return nil }
        guard let position = Int64(text), position >= 0 else {
            throw WeirError.malformed("Last-Event-ID", "the id of an event of this stream")
        }
        return position
    }
}
