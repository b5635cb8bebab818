import Glibc
import WeirModel

extension OpenFolder {
    private static let batch = 1024

    /// Removes a folder with all that is in it, about `count` entries at a time. False when it is gone.
    ///
    /// What stands in its inner folders is brought up into itself, level by level, so that neither a call nor a descriptor is held for each
    /// level, and a removal that was cut off goes on with what it finds. It belongs in a place where nobody looks a name up.
    /// Whoever still writes in it meanwhile loses that, too.
    func removeSome(of name: EntryName, most count: Int) throws -> Bool {
        guard try status(name) != nil else { return false }
        do {
            return try removeSome(of: folder(name), name, most: count)
        } catch let error as WeirError where error.code == "not_found" {
            // Another one removes it, too: what there is now is found at the next look.
            return true
        }
    }

    private func removeSome(of top: OpenFolder, _ name: EntryName, most count: Int) throws -> Bool {
        let mark = "up-" + String(UInt64.random(in: .min ... .max), radix: 36) + "-"
        var seen = 0
        while seen < count {
            let names = try top.names(most: Self.batch)
            seen += max(1, names.count)
            if names.isEmpty {
                switch unlinkCode(name, AT_REMOVEDIR) {
                case 0, ENOENT: return false
                case ENOTEMPTY, EEXIST: continue
                case let code: throw SystemFault.current("rmdir", path + "/" + name.text, code: code)
                }
            }
            for (number, entry) in names.enumerated() { seen += try top.removeLevel(entry, marked: mark + "\(seen)-\(number)-") }
        }
        return true
    }

    /// Removes an entry, or what is no folder in it and brings its folders up. Gives how many entries it had.
    private func removeLevel(_ name: EntryName, marked mark: String) throws -> Int {
        guard try !isGone(name) else { return 0 }
        if unlinkCode(name, AT_REMOVEDIR) == 0 { return 0 }
        let inner = try folder(name)
        let names = try inner.names(most: Self.batch)
        for (number, entry) in names.enumerated() where try !inner.isGone(entry) {
            switch inner.renameCode(entry, to: self, as: EntryName(mark + "\(number)")) {
            // No room for another folder: it comes up when some are gone.
            case 0, ENOENT, EMLINK: break
            case let code: throw SystemFault.current("rename", inner.path + "/" + entry.text, code: code)
            }
        }
        // What is left of it, if anything, is found at the next look.
        _ = unlinkCode(name, AT_REMOVEDIR)
        return names.count
    }

    /// Removes what is no folder; false for a folder.
    private func isGone(_ name: EntryName) throws -> Bool {
        switch unlinkCode(name) {
        case 0, ENOENT: true
        case EISDIR: false
        case let code: throw SystemFault.current("unlink", path + "/" + name.text, code: code)
        }
    }

    /// Removes a file, a link or a small folder; nothing happens when there is none. A folder that others fill is buried instead.
    func remove(_ name: EntryName) throws {
        guard try status(name) != nil, try !isGone(name) else { return }
        while try removeSome(of: name, most: FileStore.walkSlice) {}
    }

    private func unlinkCode(_ name: EntryName, _ flags: CInt = 0) -> CInt {
        descriptor.use { unlinkat($0, name.c, flags) == 0 ? 0 : errno }
    }

    private func renameCode(_ name: EntryName, to folder: OpenFolder, as newName: EntryName) -> CInt {
        descriptor.use { from in folder.descriptor.use { to in renameat(from, name.c, to, newName.c) == 0 ? 0 : errno } }
    }
}
