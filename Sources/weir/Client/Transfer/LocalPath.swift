import Foundation
import WeirFiles
import WeirModel

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// A path of this machine, whose names may be any bytes. As text it is written as the server writes names (`FileNameText`), so that each
/// file goes there and comes back under its own name.
struct LocalPath: Sendable, Equatable {
    struct Status: Sendable {
        let kind: FileLook.Kind
        let size: Int64
        let changedAt: Date
    }

    private let bytes: [UInt8]

    /// As a person gave it.
    init(_ path: String) { bytes = Array(path.utf8) }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    var text: String { FileNameText.text(of: bytes) }
    /// Its last name, as text.
    var name: String { FileNameText.text(of: bytes.split(separator: UInt8(ascii: "/")).last ?? []) }

    /// The path below it under a name, or a path, that is written as text.
    func appending(_ text: String) -> LocalPath {
        let names = text.utf8.split(separator: UInt8(ascii: "/")).map { FileNameText.bytes(of: String(decoding: $0, as: UTF8.self)) }
        return LocalPath(bytes: bytes + names.flatMap { [UInt8(ascii: "/")] + $0 })
    }

    var parent: LocalPath {
        let end = bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0
        return LocalPath(bytes: end > 0 ? Array(bytes[..<end]) : [UInt8(ascii: bytes.first == UInt8(ascii: "/") ? "/" : ".")])
    }

    /// Nil where there is nothing. A link counts as what it leads to when it is followed.
    func status(followingLinks: Bool) -> Status? {
        withC { FileLook(at: $0, followingLinks: followingLinks) }.map {
            Status(kind: $0.kind, size: $0.size, changedAt: Date(timeIntervalSince1970: $0.changedAt))
        }
    }

    /// The names in a folder, as text. Nil where it cannot be read.
    func names() -> [String]? {
        guard let stream = withC({ opendir($0) }) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(FileNameText.text(of: name)) }
        }
        return names
    }

    var isReadable: Bool { withC { access($0, R_OK) } == 0 }

    /// Nil when it cannot be opened.
    func open(_ flags: Int32) -> FileHandle? {
        let number = withC { path in
            #if canImport(Darwin)
            Darwin.open(path, flags | O_CLOEXEC, 0o644)
            #else
            Glibc.open(path, flags | O_CLOEXEC, 0o644)
            #endif
        }
        return number < 0 ? nil : FileHandle(fileDescriptor: number, closeOnDealloc: true)
    }

    /// Makes it and those on the way.
    func makeFolders() throws(WeirError) {
        if status(followingLinks: true)?.kind == .folder { return }
        let above = parent
        if above != self { try above.makeFolders() }
        guard withC({ mkdir($0, 0o755) }) == 0 || errno == EEXIST else { throw .unreadableFile(text) }
    }

    func remove() { _ = withC { unlink($0) } }

    func rename(to other: LocalPath) -> Bool {
        withC { from in
            other.withC { to in
                #if canImport(Darwin)
                Darwin.rename(from, to) == 0
                #else
                Glibc.rename(from, to) == 0
                #endif
            }
        }
    }

    private func withC<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        let terminated = bytes.map { CChar(bitPattern: $0) } + [0]
        return terminated.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}
