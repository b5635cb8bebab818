import Crypto
import Glibc
import WeirModel

/// Some files of one folder: what one thread takes at a time.
struct FreezeItem: Sendable {
    let folder: [EntryName]
    let files: [EntryName]
}

/// A content that no tree had before, at its place in the new tree.
struct NewContent: Sendable {
    let folder: [EntryName]
    let name: EntryName
    let blob: BlobName
    let size: Int64
}

struct FreezeResult: Sendable {
    var size: Int64 = 0
    var added: Int64 = 0
    var files = 0
    var new: [NewContent] = []

    mutating func add(_ other: FreezeResult) {
        size += other.size
        added += other.added
        files += other.files
        new += other.new
    }
}

/// The making of one tree in staging: survey, place the files, publish.
struct FreezePlan: Sendable {
    static let chunk = 64
    static let block = 1 << 20

    let source: OpenFolder
    let target: OpenFolder
    let blobs: BlobFolder
    let isOwn: Bool
    let rule: LinkRule
    let most: Int
    /// Asked before so many bytes are copied that are not there yet.
    let admit: (@Sendable (Int64) throws -> Void)?

    private(set) var items: [FreezeItem] = []
    private(set) var folders: [[EntryName]] = [[]]
    private(set) var files = 0
    private(set) var links = 0

    /// A folder of the new tree on the way down, with the files of it that are in no item yet.
    private struct Place {
        let target: OpenFolder
        let path: [EntryName]
        var files: [EntryName] = []
    }

    private var descent: FolderDescent
    private var places: [Place]

    init(
        source: OpenFolder, target: OpenFolder, blobs: BlobFolder, isOwn: Bool, rule: LinkRule, most: Int,
        admit: (@Sendable (Int64) throws -> Void)? = nil
    ) throws {
        descent = try FolderDescent(source)
        places = [Place(target: target, path: [])]
        self.source = source
        self.target = target
        self.blobs = blobs
        self.isOwn = isOwn
        self.rule = rule
        self.most = most
        self.admit = admit
    }

    var isSmall: Bool { files + folders.count <= FileStore.fewFiles }

    /// Makes the folders and links of the tree, and lists its files: `count` more entries. False at the end.
    mutating func survey(_ count: Int) throws -> Bool {
        for _ in 0..<count {
            let found = try descent.next()
            while places.count > descent.depth + 1, let left = places.popLast() { list(left) }
            guard let (name, status) = found, let top = places.indices.last else { return false }
            let here = places[top].path + [name]
            guard files + links + folders.count < most else { throw WeirError.tooManyInTree(limit: most) }
            switch status.kind {
            case .file:
                places[top].files.append(name)
                files += 1
                if places[top].files.count == Self.chunk {
                    list(places[top])
                    places[top].files = []
                }
            case .folder:
                guard here.count <= FilePath.depthLimit else { throw WeirError.pathTooDeep(text(here)) }
                guard try descent.enter(name) else { continue }
                try places[top].target.makeFolder(name)
                folders.append(here)
                places.append(Place(target: try places[top].target.folder(name), path: here))
            case .link:
                let destination = try descent.folder.target(ofLink: name)
                guard rule == .kept || FilePath.stays(linkAt: here.map(\.text), target: destination.text) else {
                    throw WeirError.linkLeaves(text(here))
                }
                try places[top].target.makeLink(name, to: destination)
                links += 1
            case .special:
                guard rule == .kept else { throw WeirError.specialFile(text(here)) }
            }
        }
        return true
    }

    private mutating func list(_ place: Place) {
        if !place.files.isEmpty { items.append(FreezeItem(folder: place.path, files: place.files)) }
    }

    private func text(_ place: [EntryName]) -> String { place.map(\.text).joined(separator: "/") }

    func place(_ item: FreezeItem) throws -> FreezeResult {
        let from = try source.folder(at: item.folder)
        let to = try target.folder(at: item.folder)
        var result = FreezeResult()
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.block, alignment: 4096)
        defer { block.deallocate() }
        for name in item.files {
            guard let (file, status) = try openLive(from, name) else { continue }
            result.files += 1
            if status.size == 0 {
                let empty = try to.open(name, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
                empty.setModified(status)
                try empty.setMode(status.isExecutable ? 0o555 : 0o444)
                continue
            }
            let placed = try isOwn ? share(file, status, to, name, block) : copy(file, status, to, name, block)
            result.size += placed.size
            if let blob = placed.new {
                result.added += placed.size
                result.new.append(NewContent(folder: item.folder, name: name, blob: blob, size: placed.size))
            }
        }
        return result
    }

    /// Nil when the file vanished, or turned into something that is left out.
    private func openLive(_ folder: OpenFolder, _ name: EntryName) throws -> (OpenFile, FileStatus)? {
        if isOwn { return try folder.openPlain(name) }
        do {
            return try folder.openPlain(name)
        } catch let error as WeirError where ["not_found", "link_in_path", "special_file"].contains(error.code) {
            return nil
        }
    }

    private typealias Placed = (size: Int64, new: BlobName?)

    /// From a draft: no byte is copied.
    private func share(
        _ file: OpenFile, _ status: FileStatus, _ to: OpenFolder, _ name: EntryName,
        _ block: UnsafeMutableRawBufferPointer
    ) throws -> Placed {
        let known = try blobs.name(of: file, status)
        let blob: BlobName
        if let known { blob = known } else { blob = BlobName(try file.digest(block).0, like: status) }
        if try blobs.link(blob, to: to, as: name) { return (status.size, nil) }
        try file.setMode(blob.mode)
        try file.setOwner(0, 0)
        blobs.mark(file, blob)
        if isSmall { try file.sync() }
        let code = to.link(open: file, as: name)
        switch code {
        case 0: break
        case EMLINK:
            let copy = try file.copy(to: to, as: name, mode: blob.mode)
            copy.setModified(status)
            if isSmall { try copy.sync() }
        default: throw SystemFault.current("link", file.path, code: code)
        }
        return (status.size, blob)
    }

    /// From a live folder: the content that is hashed is the content that is kept, whatever is written meanwhile.
    private func copy(
        _ file: OpenFile, _ status: FileStatus, _ to: OpenFolder, _ name: EntryName,
        _ block: UnsafeMutableRawBufferPointer
    ) throws -> Placed {
        if status.size > Self.block {
            let (digest, size) = try file.digest(block)
            if try blobs.link(BlobName(digest, like: status), to: to, as: name) { return (size, nil) }
            try admit?(size)
            let copy = try file.copy(to: to, as: name, mode: 0o600)
            let (copied, copiedSize) = try copy.digest(block)
            return try keep(copy, BlobName(copied, like: status), copiedSize, status)
        }
        let count = try file.read(into: block, at: 0)
        let bytes = UnsafeRawBufferPointer(rebasing: block[..<count])
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        let blob = BlobName(Array(hash.finalize()), like: status)
        if try blobs.link(blob, to: to, as: name) { return (Int64(count), nil) }
        try admit?(Int64(count))
        let copy = try to.open(name, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        try copy.write(bytes, at: 0)
        return try keep(copy, blob, Int64(count), status)
    }

    private func keep(_ copy: OpenFile, _ blob: BlobName, _ size: Int64, _ status: FileStatus) throws -> Placed {
        copy.setModified(status)
        try copy.setMode(blob.mode)
        blobs.mark(copy, blob)
        if isSmall { try copy.sync() }
        return (size, blob)
    }

    /// Gives the new contents their names, once they are on the disk, and closes the folders. Gives the bytes that turned
    /// out to be there already, since two files of the tree, or of two trees at once, have the same content.
    func publish(_ new: [NewContent], syncEach: Bool) throws -> Int64 {
        var shared: Int64 = 0
        if !syncEach { try target.syncAll() }
        for content in new {
            let isNew = try blobs.publish(content.blob, from: target.folder(at: content.folder), content.name)
            if !isNew { shared += content.size }
        }
        for place in folders.reversed() {
            let folder = try target.folder(at: place)
            try folder.setMode(0o555)
            if syncEach { try folder.sync() }
        }
        if !syncEach { try target.syncAll() }
        return shared
    }
}

extension OpenFile {
    func digest(_ block: UnsafeMutableRawBufferPointer) throws -> ([UInt8], Int64) {
        var hash = SHA256()
        var offset: Int64 = 0
        while true {
            let count = try read(into: block, at: offset)
            if count == 0 { return (Array(hash.finalize()), offset) }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: block[..<count]))
            offset += Int64(count)
        }
    }

    /// A new file with the same content: the same blocks where the file system can share them.
    func copy(to folder: OpenFolder, as name: EntryName, mode: mode_t) throws -> OpenFile {
        let copy = try folder.open(name, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        let cloned = descriptor.use { from in copy.descriptor.use { to in Kernel.clone(from, to: to) } }
        if !cloned {
            let block = UnsafeMutableRawBufferPointer.allocate(byteCount: FreezePlan.block, alignment: 4096)
            defer { block.deallocate() }
            var offset: Int64 = 0
            while true {
                let count = try read(into: block, at: offset)
                if count == 0 { break }
                try copy.write(UnsafeRawBufferPointer(rebasing: block[..<count]), at: offset)
                copy.startWriting(offset, Int64(count))
                offset += Int64(count)
            }
        }
        try copy.setMode(mode)
        return copy
    }
}

extension WeirError {
    static func tooManyInTree(limit: Int) -> WeirError {
        WeirError(
            "folder_too_many_files", .tooLarge, subject: "files", rule: "DAT-06",
            LocalizedText(
                "The folder holds more than \(limit) files and folders.", zh: "文件夹包含超过 \(limit) 个文件和目录。"),
            remedy: LocalizedText("Pack many small files into archives.", zh: "请将大量小文件打包。"))
    }
}
