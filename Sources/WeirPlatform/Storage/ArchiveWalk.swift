import Glibc
import NIOCore
import WeirModel

/// Where the making of an archive stands: how far the folder has been gone through, and the file that is being read.
///
/// No program can unpack what lies at a path of more bytes than the kernel takes: that stays out, and a file at the end of the archive says so.
struct ArchiveWalk: Sendable {
    private struct Reading: Sendable {
        let file: OpenFile
        let size: Int64
        var position: Int64 = 0
    }

    static let piece = 1 << 20
    private static let longestPath = 4_096
    /// Of those that stay out so many are named.
    private static let mostNamed = 100
    private var descent: FolderDescent?
    /// Of the folders on the way down, each with a slash at its end.
    private var paths: [[UInt8]] = []
    private var leftOut: [String] = []
    private var reading: Reading?
    private var isOver = false
    private let root: OpenFolder
    /// With a slash at its end; empty for none.
    private let prefix: [UInt8]

    init(root: OpenFolder, prefix: EntryName?) {
        self.root = root
        self.prefix = prefix.map { $0.bytes + [Self.slash] } ?? []
    }

    private static let slash = UInt8(ascii: "/")

    /// About a mebibyte, or nil after the end.
    mutating func next() throws -> ByteBuffer? {
        guard !isOver else { return nil }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(Self.piece + 4096)
        if descent == nil {
            if !prefix.isEmpty { TarHeader(path: prefix, kind: .folder, status: try root.status()).write(to: &buffer) }
            descent = try FolderDescent(root, isSorted: true)
            paths = [prefix]
        }
        while buffer.readableBytes < Self.piece {
            if reading != nil { try readOn(&buffer) } else if try !step(&buffer) { break }
        }
        return buffer.readableBytes > 0 ? buffer : nil
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
        guard let (name, status) = try descent?.next(), let folder = descent?.folder, let depth = descent?.depth else {
            end(&buffer)
            return false
        }
        paths.removeLast(paths.count - 1 - depth)
        let path = (paths.last ?? []) + name.bytes
        guard path.count < Self.longestPath else {
            if leftOut.count < Self.mostNamed { leftOut.append(FileNameText.text(of: path).prefix(200) + "…") }
            return true
        }
        switch status.kind {
        case .folder:
            guard try descent?.enter(name) == true else { return true }
            TarHeader(path: path + [Self.slash], kind: .folder, status: status).write(to: &buffer)
            paths.append(path + [Self.slash])
        case .file:
            guard case .some(let (file, opened)) = try? folder.openPlain(name) else { return true }
            TarHeader(path: path, kind: .file, status: opened).write(to: &buffer)
            if opened.size > 0 { reading = Reading(file: file, size: opened.size) }
        case .link:
            guard case .some(let target) = try? folder.target(ofLink: name) else { return true }
            TarHeader(path: path, kind: .link(target.bytes), status: status).write(to: &buffer)
        case .special: break
        }
        return true
    }

    private mutating func end(_ buffer: inout ByteBuffer) {
        if !leftOut.isEmpty {
            let text =
                "These lie too deep to be unpacked and are not in the archive:\n以下路径过深，无法解压，未包含在归档中：\n"
                + leftOut.map { $0 + "\n" }.joined()
            var status = stat()
            status.st_mode = S_IFREG | 0o644
            status.st_size = text.utf8.count
            status.st_mtim.tv_sec = time(nil)
            TarHeader(path: prefix + Array("LEFT-OUT.txt".utf8), kind: .file, status: FileStatus(status)).write(to: &buffer)
            buffer.writeString(text)
            buffer.writeRepeatingByte(0, count: (512 - text.utf8.count % 512) % 512)
        }
        buffer.writeRepeatingByte(0, count: 1024)
        isOver = true
    }
}
