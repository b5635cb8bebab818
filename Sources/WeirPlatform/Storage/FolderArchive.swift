public import NIOCore
import NIOPosix
import WeirModel

/// A folder as a stream in the POSIX tar format.
///
/// Weir writes it itself, not a program, because each step into a live folder must refuse links (see `OpenFolder`).
public struct FolderArchive: AsyncSequence, Sendable {
    let root: OpenFolder
    /// The name of the folder in the archive; nil puts its entries at the top.
    let prefix: String?
    let pool: NIOThreadPool

    public func makeAsyncIterator() -> Iterator { Iterator(walk: ArchiveWalk(root: root, prefix: prefix), pool: pool) }

    public struct Iterator: AsyncIteratorProtocol {
        var walk: ArchiveWalk
        let pool: NIOThreadPool

        public mutating func next() async throws -> ByteBuffer? {
            let current = walk
            let (after, piece) = try await pool.runIfActive {
                var walk = current
                let piece = try walk.next()
                return (walk, piece)
            }
            walk = after
            return piece
        }
    }
}

/// Where the making of an archive stands: the folders that are open on the way down, and the file that is being read.
struct ArchiveWalk: Sendable {
    private struct Level: Sendable {
        let folder: OpenFolder
        var names: [EntryName]
        let path: String
    }

    private struct Reading: Sendable {
        let file: OpenFile
        let size: Int64
        var position: Int64 = 0
    }

    static let piece = 1 << 20
    private var levels: [Level]?
    private var reading: Reading?
    private var isOver = false
    private let root: OpenFolder
    private let prefix: String?

    init(root: OpenFolder, prefix: String?) {
        self.root = root
        self.prefix = prefix
    }

    /// About a mebibyte, or nil after the end.
    mutating func next() throws -> ByteBuffer? {
        guard !isOver else { return nil }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(Self.piece + 4096)
        if levels == nil {
            let path = prefix.map { $0 + "/" } ?? ""
            if let status = try root.status(EntryName(".")), prefix != nil {
                TarHeader(path: path, kind: .folder, status: status).write(to: &buffer)
            }
            levels = [try level(root, path)]
        }
        while buffer.readableBytes < Self.piece {
            if reading != nil { try readOn(&buffer) } else if try !step(&buffer) { break }
        }
        return buffer.readableBytes > 0 ? buffer : nil
    }

    private func level(_ folder: OpenFolder, _ path: String) throws -> Level {
        Level(folder: folder, names: try folder.names().sorted().reversed(), path: path)
    }

    /// The announced size is kept whatever happens to the file meanwhile.
    private mutating func readOn(_ buffer: inout ByteBuffer) throws {
        guard var reading else { return }
        let wanted = min(reading.size - reading.position, Int64(Self.piece))
        let before = buffer.readableBytes
        _ = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Int(wanted)) { bytes in
            try reading.file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: bytes.prefix(Int(wanted))), at: reading.position)
        }
        let got = buffer.readableBytes - before
        if got < wanted { buffer.writeRepeatingByte(0, count: Int(wanted) - got) }
        reading.position += wanted
        guard reading.position == reading.size else {
            self.reading = reading
            return
        }
        buffer.writeRepeatingByte(0, count: Int((512 - reading.size % 512) % 512))
        self.reading = nil
    }

    private mutating func step(_ buffer: inout ByteBuffer) throws -> Bool {
        guard var levels, var level = levels.popLast() else { return false }
        guard let name = level.names.popLast() else {
            self.levels = levels
            if levels.isEmpty {
                buffer.writeRepeatingByte(0, count: 1024)
                isOver = true
                return false
            }
            return true
        }
        levels.append(level)
        self.levels = levels
        guard let status = try level.folder.status(name) else { return true }
        let path = level.path + name.text
        switch status.kind {
        case .folder:
            guard levels.count <= 4 * FilePath.depthLimit, case .some(let folder) = try? level.folder.folder(name)
            else { return true }
            TarHeader(path: path + "/", kind: .folder, status: status).write(to: &buffer)
            levels.append(try self.level(folder, path + "/"))
            self.levels = levels
        case .file:
            guard case .some(let (file, opened)) = try? level.folder.openPlain(name) else { return true }
            TarHeader(path: path, kind: .file, status: opened).write(to: &buffer)
            if opened.size > 0 { reading = Reading(file: file, size: opened.size) }
        case .link:
            guard case .some(let target) = try? level.folder.target(ofLink: name) else { return true }
            TarHeader(path: path, kind: .link(target.text), status: status).write(to: &buffer)
        case .special: break
        }
        return true
    }
}

/// One entry's header; what does not fit the old fields goes before it in a `pax` record.
struct TarHeader {
    enum Kind {
        case file, folder
        case link(String)
    }

    let path: String
    let kind: Kind
    let status: FileStatus

    func write(to buffer: inout ByteBuffer) {
        var records = ""
        if path.utf8.count > 100 { records += Self.record("path", path) }
        if case .link(let target) = kind, target.utf8.count > 100 { records += Self.record("linkpath", target) }
        if size > 0o777_7777_7777 { records += Self.record("size", String(size)) }
        if !records.isEmpty {
            block("pax", "x", "", Int64(records.utf8.count), 0o644, to: &buffer)
            buffer.writeString(records)
            buffer.writeRepeatingByte(0, count: (512 - records.utf8.count % 512) % 512)
        }
        switch kind {
        case .file: block(path, "0", "", size, status.isExecutable ? 0o755 : 0o644, to: &buffer)
        case .folder: block(path, "5", "", 0, 0o755, to: &buffer)
        case .link(let target): block(path, "2", target, 0, 0o777, to: &buffer)
        }
    }

    private var size: Int64 { if case .file = kind { status.size } else { 0 } }

    /// `length key=value\n`, where the length counts itself.
    private static func record(_ key: String, _ value: String) -> String {
        let rest = " \(key)=\(value)\n".utf8.count
        var length = rest + String(rest).utf8.count
        if String(length).utf8.count + rest != length { length = rest + String(length).utf8.count }
        return "\(length) \(key)=\(value)\n"
    }

    private func block(
        _ path: String, _ type: String, _ target: String, _ size: Int64, _ mode: Int, to buffer: inout ByteBuffer
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ start: Int, _ most: Int) {
            for (index, byte) in text.utf8.prefix(most).enumerated() { header[start + index] = byte }
        }
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
