import Foundation
import WeirModel

/// Tells what failed because a disk or a quota has no room from what failed otherwise, whatever said so: the kernel, a program, Podman.
public enum StorageFault {
    public static func isFull(_ error: any Error) -> Bool {
        switch error {
        case let error as WeirError: error.code == "storage_full" || error.code == "host_command_failed" && isFull(said: error.message.en)
        case let error as PodmanRefusal: isFull(said: error.message) || isFull(said: error.cause)
        case let error as POSIXError: error.code == .ENOSPC || error.code == .EDQUOT
        case let error as CocoaError: error.code == .fileWriteOutOfSpace || error.underlying.map { isFull($0) } ?? false
        default: false
        }
    }

    /// A failure of `body` for want of room is thrown as `storage_full`, which says what to do.
    static func telling<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error where isFull(error) {
            throw WeirError.storageFull()
        }
    }

    /// By a program, in its own words.
    static func isFull(said text: String) -> Bool {
        let text = text.lowercased()
        return text.contains("no space left on device") || text.contains("disk quota exceeded")
    }
}
