public import NIOCore
import NIOPosix
import Synchronization
import WeirModel

/// A folder as a stream in the POSIX tar format.
///
/// Weir writes it itself, not a program, because each step into a live folder must refuse links (see `OpenFolder`).
public struct FolderArchive: AsyncSequence, Sendable {
    let root: OpenFolder
    /// The name of the folder in the archive; nil puts its entries at the top.
    let prefix: EntryName?
    let pool: NIOThreadPool

    public func makeAsyncIterator() -> Iterator {
        Iterator(making: Making(ArchiveWalk(root: root, prefix: prefix)), pool: pool)
    }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let making: Making
        let pool: NIOThreadPool

        public func next() async throws -> ByteBuffer? {
            let making = making
            return try await pool.runIfActive { try making.walk.withLock { try $0.next() } }
        }
    }

    fileprivate final class Making: Sendable {
        let walk: Mutex<ArchiveWalk>

        init(_ walk: ArchiveWalk) { self.walk = Mutex(walk) }
    }
}

/// One entry's header; what does not fit the old fields goes before it in a `pax` record.
struct TarHeader {
    enum Kind {
        case file, folder
        case link([UInt8])
    }

    /// As the file system has it.
    let path: [UInt8]
    let kind: Kind
    let status: FileStatus

    func write(to buffer: inout ByteBuffer) {
        var records: [UInt8] = []
        if path.count > 100 { records += Self.record("path", path) }
        if case .link(let target) = kind, target.count > 100 { records += Self.record("linkpath", target) }
        // Names are UTF-8 in such a record, unless it says that they are not.
        if !records.isEmpty, String(validating: records, as: UTF8.self) == nil {
            records = Self.record("hdrcharset", Array("BINARY".utf8)) + records
        }
        if size > 0o777_7777_7777 { records += Self.record("size", Array(String(size).utf8)) }
        if !records.isEmpty {
            block(Array("pax".utf8), "x", [], Int64(records.count), 0o644, to: &buffer)
            buffer.writeBytes(records)
            buffer.writeRepeatingByte(0, count: (512 - records.count % 512) % 512)
        }
        switch kind {
        case .file: block(path, "0", [], size, status.isExecutable ? 0o755 : 0o644, to: &buffer)
        case .folder: block(path, "5", [], 0, 0o755, to: &buffer)
        case .link(let target): block(path, "2", target, 0, 0o777, to: &buffer)
        }
    }

    private var size: Int64 { if case .file = kind { status.size } else { 0 } }

    /// `length key=value\n`, where the length counts itself.
    private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = Array(" \(key)=".utf8) + value + [UInt8(ascii: "\n")]
        var length = rest.count + String(rest.count).utf8.count
        if String(length).utf8.count + rest.count != length { length = rest.count + String(length).utf8.count }
        return Array(String(length).utf8) + rest
    }

    private func block(
        _ path: [UInt8], _ type: String, _ target: [UInt8], _ size: Int64, _ mode: Int, to buffer: inout ByteBuffer
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: some Collection<UInt8>, _ start: Int, _ most: Int) {
            for (index, byte) in text.prefix(most).enumerated() { header[start + index] = byte }
        }
        func put(_ text: String, _ start: Int, _ most: Int) { put(text.utf8, start, most) }
        func octal(_ value: Int64, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return text.count > digits
                ? String(repeating: "7", count: digits) : String(repeating: "0", count: digits - text.count) + text
        }
        put(path, 0, 100)
        put(octal(Int64(mode), 7), 100, 7)
        put(octal(0, 7), 108, 7)
        put(octal(0, 7), 116, 7)
        put(octal(size, 11), 124, 11)
        put(octal(max(0, status.modified / 1000), 11), 136, 11)
        put("        ", 148, 8)
        put(type, 156, 1)
        put(target, 157, 100)
        put("ustar", 257, 5)
        put("00", 263, 2)
        let sum = header.reduce(Int64(0)) { $0 + Int64($1) }
        put(octal(sum, 6), 148, 6)
        header[154] = 0
        buffer.writeBytes(header)
    }
}
