import Foundation
public import WeirModel
import WeirStore

/// Writes a month's bill out part by part, however long it is (BIL-22).
public struct BillExport: Sendable {
    static let part = 500

    /// What is sent: for spreadsheets, or to be checked by `weir bill verify`.
    public enum Format: String, Sendable, CaseIterable {
        case csv, json
    }

    let store: Store
    let workspace: Identifier<Workspace>
    let month: BillMonth
    let zones: [BillDocument.Zone]
    let calendars: [(from: Int64, calendar: BillingCalendar)]
    let at: Timestamp

    /// `weir-bill-2026-11.csv`.
    public func fileName(_ format: Format) -> String { "weir-bill-\(month).\(format.rawValue)" }

    /// Calls `write` with one part after the other; one part is held in memory at a time.
    public func write(_ format: Format, _ write: ([UInt8]) async throws -> Void) async throws {
        switch format {
        case .json: try await json(write)
        case .csv: try await csv(write)
        }
    }

    private func json(_ write: ([UInt8]) async throws -> Void) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func text(_ value: some Encodable) throws -> String { String(decoding: try encoder.encode(value), as: UTF8.self) }
        try await write(
            Array(
                """
                {"format":"\(BillDocument.format)","workspace":"\(workspace)","month":"\(month)","time_zones":\(text(zones)),\
                "exported_at":"\(at)","entries":[

                """.utf8))
        var (count, total) = (0, Points(0))
        try await eachPart { entries in
            var bytes: [UInt8] = []
            for entry in entries {
                if count > 0 { bytes.append(contentsOf: ",\n".utf8) }
                bytes.append(contentsOf: try encoder.encode(entry))
                count += 1
                total = try total.subtracting(entry.amount)
            }
            try await write(bytes)
        }
        try await write(Array("\n],\"count\":\(count),\"total\":\"\(total)\"}\n".utf8))
    }

    private func csv(_ write: ([UInt8]) async throws -> Void) async throws {
        // The mark tells spreadsheets that the names are UTF-8.
        try await write(
            Array(
                ("\u{FEFF}entry,at,type,kind,name,project,person,from,to,minutes,price_list,amount,key,explanation,explanation_zh,note"
                    + "\r\n").utf8))
        try await eachPart { entries in
            var text = ""
            for entry in entries { text += Self.cells(of: entry).map(Self.cell).joined(separator: ",") + "\r\n" }
            try await write(Array(text.utf8))
        }
    }

    private static func cells(of entry: BillDocument.Entry) -> [String] {
        var cells = [String(entry.sequence), entry.at.description, entry.kind.rawValue]
        cells.append(entry.workload?.rawValue ?? "storage")
        cells += [entry.name ?? "", entry.projectName ?? "", entry.login ?? ""]
        cells += [entry.from?.description ?? "", entry.to?.description ?? ""]
        cells.append(entry.run.map { String($0.minutesAfter - $0.minutesBefore) } ?? "")
        cells.append(entry.run.map { String($0.price.tariff) } ?? "")
        // As on the bill: positive for what is charged.
        cells.append(Points(micro: -entry.amount.micro).description)
        cells += [entry.key, entry.explanation?.en ?? "", entry.explanation?.zh ?? "", entry.note ?? ""]
        return cells
    }

    /// A cell that a spreadsheet takes for text, whatever it begins with.
    static func cell(_ text: String) -> String {
        let isNumber = Points(text) != nil || Int64(text) != nil
        let isFormula = !isNumber && text.first.map { "=+-@\t\r".contains($0) } == true
        guard isFormula || text.contains(where: { "\",\r\n".contains($0) || $0 == "\r\n" }) else { return text }
        return "\"" + (isFormula ? "'" : "") + text.replacing("\"", with: "\"\"") + "\""
    }

    private func eachPart(_ body: ([BillDocument.Entry]) async throws -> Void) async throws {
        var cursor: Int64 = 0
        while true {
            let (workspace, month, after) = (workspace, month, cursor)
            let records = try await store.read { try $0.billEntries(of: workspace, in: month, after: after, limit: Self.part) }
            guard let last = records.last else { return }
            try await body(
                try records.map { record in
                    let calendar = calendars.last { $0.from <= record.entry.sequence }?.calendar ?? calendars[0].calendar
                    return try BillDocument.Entry(record, calendar: calendar)
                })
            guard records.count == Self.part else { return }
            cursor = last.entry.sequence
        }
    }
}

extension Bills {
    /// The month's bill as a file; what is entered while it is written may or may not be on it.
    public func export(
        of workspace: Identifier<Workspace>, in month: BillMonth, for caller: Caller
    ) async throws -> BillExport {
        let noted = try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            // All of it can be verified, so nothing is left out; it names what each person's home and netdisk cost.
            guard try db.seesPeople(of: workspace, caller) else { throw WeirError.forbidden(.pay) }
            return try db.billingZones()
        }
        let zones =
            noted.isEmpty
            ? [BillDocument.Zone(from: 0, zone: calendar.zone)]
            : noted.enumerated().map { BillDocument.Zone(from: $0.offset == 0 ? 0 : $0.element.from, zone: $0.element.zone) }
        let calendars = try zones.map { (from: $0.from, calendar: try BillingCalendar(zone: $0.zone)) }
        return BillExport(store: store, workspace: workspace, month: month, zones: zones, calendars: calendars, at: clock.now())
    }
}
