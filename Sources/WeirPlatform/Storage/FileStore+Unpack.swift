import Glibc
import Synchronization
public import WeirModel

public struct Unpacked: Hashable, Sendable {
    public let files: Int
    public let size: Bytes
}

/// Unpacking of tar, zip, tar.gz and rar (DAT-03, MOD-03), of archives that may have been made to harm.
///
/// A confined program without rights turns whatever the archive is into one plain tar, on a pipe; Weir itself reads that, byte by byte and
/// no text for people, and writes the files into an empty folder of its own, which is then moved in. So names stay what they are, and
/// whatever is wrong with the archive, the draft is as it was.
extension FileStore {
    static let unpackTime: Duration = .seconds(3600)
    static let watchInterval: Duration = .milliseconds(200)

    /// Unpacks an archive that lies in a folder into `destination` of the same folder. Files of the same name are
    /// replaced; the archive stays.
    /// - Parameter charset: of the names that do not say which they are in; without it, where there are such, the guesses are thrown.
    ///
    /// Throws `not_an_archive`, `archive_too_large`, `archive_too_many_files`, `archive_ratio`, `archive_damaged`, `archive_empty`,
    /// `archive_encrypted`, `archive_is_volume`, `archive_too_old`, `archive_charset`, `archive_charset_wrong`, `path_leaves_folder`,
    /// `link_leaves_folder`, `special_file`, `bad_file_name`, `path_too_deep`, `path_taken`, `storage_full`.
    public func unpack(
        _ archive: FilePath, in folder: StoredFolder, into destination: FilePath, owner: UInt32 = 0, charset: ArchiveCharset? = nil
    ) async throws -> Unpacked {
        try await unpack(archive, in: folder, into: destination, owner: owner, charset: charset, holding: nil)
    }

    /// The same, against a quota.
    func unpack(
        _ archive: FilePath, in folder: StoredFolder, into destination: FilePath, owner: UInt32 = 0, charset: ArchiveCharset?,
        holding hold: StorageHold?
    ) async throws -> Unpacked {
        guard let name = archive.name else { throw WeirError.missing("path") }
        if case .tree = folder { throw WeirError.versionImmutable() }
        let format = try ArchiveFormat(fileName: name)
        let plan = try await blocking {
            let (file, status) = try open(folder).folder(at: archive.parent).openPlain(EntryName(name))
            return try UnpackPlan(format, file, size: status.size, charset: charset, limits: limits)
        }
        if let heads = plan.heads { _ = try await inSlices(heads) { try $0.advance(RarHead.slice) } }
        if let expected = plan.expected { try await hold?.grow(by: expected) }
        let place = stagingName("unpack")
        do {
            let (target, writer) = try await write(plan, into: place, of: folder.volume, at: destination, owner: owner, hold)
            hold?.settle(at: Bytes(writer.size))
            try await changing(folder) {
                try await blocking {
                    let root = try open(folder, making: true)
                    try target.requireFits(root, destination)
                    try target.merge(into: root.folder(making: destination))
                }
            }
            await takeAway(place, in: folder.volume)
            return Unpacked(files: writer.files, size: Bytes(writer.size))
        } catch {
            await takeAway(place, in: folder.volume)
            throw error
        }
    }

    private func write(
        _ plan: UnpackPlan, into place: EntryName, of volume: StorageVolume, at destination: FilePath, owner: UInt32, _ hold: StorageHold?
    ) async throws -> (OpenFolder, ArchiveWriter) {
        var source = plan.source
        while true {
            let target = try await blocking {
                let staging = try open(.staging, of: volume)
                try staging.makeFolder(place, mode: 0o700)
                let target = try staging.folder(place)
                try target.setMode(0o755)
                return target
            }
            var writer = ArchiveWriter(into: target, at: destination, limits: limits, archive: plan.size, owner: owner)
            if let hold { writer.admit = { total in try hold.reachNow(Bytes(total)) } }
            let extraction = Mutex(Extraction(writer: writer, names: plan.names, stream: plan.stream))
            do {
                try await read(plan.file, by: source, in: volume) { bytes in try extraction.withLock { try $0.take(bytes) } }
                return (target, try extraction.withLock { try $0.finish() })
            } catch is TarReader.NotRead where source != .program {
                // Another kind of tar than Weir reads by itself.
                source = .program
                await takeAway(place, in: volume)
            } catch is TarReader.NotRead {
                throw WeirError.archiveDamaged("it is no archive that can be read")
            }
        }
    }

    /// Hands the archive over as a tar, piece by piece.
    private func read(
        _ file: OpenFile, by source: UnpackPlan.Source, in volume: StorageVolume,
        _ take: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        let arguments: (String, [String])
        switch source {
        case .itself:
            var offset: Int64 = 0
            while case let begin = offset,
                case let count = try await blocking({
                    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 << 20, alignment: 4096)
                    defer { block.deallocate() }
                    let count = try file.read(into: block, at: begin)
                    try take(UnsafeRawBufferPointer(rebasing: block[..<count]))
                    return count
                }), count > 0
            {
                try Task.checkCancellation()
                offset += Int64(count)
            }
            return
        case .gunzip: arguments = ("/usr/bin/gzip", ["-dc"])
        case .program: arguments = ("/usr/bin/bsdtar", ["-cf", "-", "--format=gnutar", "@-"])
        }
        let program = try await blocking {
            try file.rewind()
            return ChildProgram.confined(
                arguments.0, arguments.1, user: toolUser, folder: try open(.staging, of: volume), input: file, largest: 0,
                timeLimit: Self.unpackTime)
        }
        let outcome = try await ChildProcess(program: program, pool: tools).run(output: { bytes in
            try take(bytes)
            return .goOn
        })
        try Self.require(outcome, of: arguments.0)
    }

    /// Whatever the program says on its standard error is a failure: for some archives it leaves files out and ends well.
    private static func require(_ outcome: ChildOutcome, of program: String) throws {
        let name = program.split(separator: "/").last.map { String($0) } ?? program
        if outcome.timedOut { throw WeirError.toolTimedOut(name, limit: unpackTime) }
        guard outcome.status != 0 || !outcome.errors.isEmpty else { return }
        let text = outcome.errors.lowercased()
        if text.contains("passphrase") || text.contains("encrypted") { throw WeirError.archiveEncrypted() }
        let first = outcome.errors.split(separator: "\n").first.map(String.init) ?? "status \(outcome.status)"
        throw WeirError.archiveDamaged(String(first.replacing(name + ": ", with: "").trimmingPrefix(while: \.isWhitespace)))
    }
}

/// The plan for an archive, made before anything comes out of it.
private struct UnpackPlan: Sendable {
    enum Source: Sendable { case itself, gunzip, program }

    let file: OpenFile
    let size: Bytes
    let source: Source
    /// The entries of a zip, in the order in which the program gives them, under the names that they are to have.
    var names: [ZipDirectory.Entry]?
    /// Of the others.
    let stream: StreamNames
    /// Of a RAR: to be checked first.
    var heads: RarHead?

    /// The size of what comes out, where the archive says it.
    var expected: Bytes? { names.map { entries in Bytes(entries.reduce(Int64(0)) { sum, entry in sum &+ max(0, entry.size) }) } }

    init(_ format: ArchiveFormat, _ file: OpenFile, size: Int64, charset: ArchiveCharset?, limits: UnpackLimits) throws {
        self.file = file
        self.size = Bytes(size)
        stream = StreamNames(charset, isOfRAR: format == .rar)
        guard size > 0 else { throw WeirError.archiveEmpty() }
        switch format {
        case .tar: source = .itself
        case .tarGzip: source = .gunzip
        case .rar:
            heads = try RarHead(of: file, size: size)
            source = .program
        case .zip:
            var directory = try ZipDirectory(of: file, size: size, limits: limits)
            try directory.read(in: charset)
            let sum = directory.entries.reduce(Int64(0)) { sum, entry in
                let (next, isTooMuch) = sum.addingReportingOverflow(max(0, entry.size))
                return isTooMuch ? .max : next
            }
            try limits.check(size: Bytes(sum), files: directory.entries.count, from: Bytes(size))
            names = directory.entries
            source = .program
        }
    }
}

extension ZipDirectory {
    /// Gives the names that do not say what they are in the form that the others have. Throws `archive_charset`, `archive_charset_wrong`.
    fileprivate mutating func read(in charset: ArchiveCharset?) throws {
        let unknown = Array(entries.lazy.filter { !$0.isUnicode }.map(\.name).prefix(ArchiveCharset.mostGuessedFrom))
        if !unknown.isEmpty {
            guard let charset else { throw ArchiveCharset.question(about: unknown) }
            let decode = charset.decoder()
            for index in entries.indices where !entries[index].isUnicode {
                guard let name = decode(entries[index].name) else {
                    throw WeirError.archiveCharsetWrong(FileNameText.text(of: entries[index].name), charset)
                }
                entries[index].name = name
            }
        }
        // Only now: in some charsets the second byte of a character looks like a backslash.
        for index in entries.indices where entries[index].isOfDOS && !entries[index].name.contains(UInt8(ascii: "/")) {
            entries[index].name = entries[index].name.map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "/") : $0 }
        }
    }
}

/// An archive on its way from a pipe into a folder.
private struct Extraction: Sendable {
    private var reader = TarReader()
    private var writer: ArchiveWriter
    private let names: [ZipDirectory.Entry]?
    private var stream: StreamNames
    private var count = 0

    init(writer: ArchiveWriter, names: [ZipDirectory.Entry]?, stream: StreamNames) {
        self.writer = writer
        self.names = names
        self.stream = stream
    }

    mutating func take(_ bytes: UnsafeRawBufferPointer) throws {
        var (reader, writer, stream, count) = (reader, writer, stream, count)
        defer { (self.reader, self.writer, self.stream, self.count) = (reader, writer, stream, count) }
        let names = names
        // For this piece alone: it cannot go from thread to thread.
        var decoder: StreamNames.Decoder?
        try reader.take(bytes) { entry in
            var entry = entry
            if let names {
                guard count < names.count, entry.kind != .file || entry.size == names[count].size else {
                    throw WeirError.archiveDamaged("its directory does not fit its content")
                }
                entry.name = names[count].name
            } else {
                try stream.read(&entry, &decoder)
            }
            count += 1
            guard !stream.areUnknown else { return }
            try writer.begin(entry)
        } content: {
            try writer.content($0)
        } end: {
            try writer.end()
        }
        try stream.pass(bytes.count)
    }

    mutating func finish() throws -> ArchiveWriter {
        try reader.finish()
        try stream.finish()
        guard count > 0 else { throw WeirError.archiveEmpty() }
        if let names, count != names.count {
            throw WeirError.archiveDamaged("\(names.count - count) of \(names.count) entries are missing")
        }
        return writer
    }
}

extension OpenFile {
    /// A child reads through the same position.
    func rewind() throws {
        try descriptor.use { number in try SystemFault.check("seek", path) { lseek(number, 0, SEEK_SET) } }
    }
}
