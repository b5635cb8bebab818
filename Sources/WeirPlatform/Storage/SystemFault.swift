import Glibc
import WeirModel

/// A call of the operating system failed for a reason that is no one's request: it goes to the log, not to a person.
public struct SystemFault: Error, CustomStringConvertible {
    public let operation: String
    public let path: String
    public let code: Int32

    public var description: String { "\(operation) \(path): \(String(cString: strerror(code)))" }
}

extension SystemFault {
    /// What `errno` means to a person where it means something (DAT-35), else the fault itself.
    static func current(_ operation: String, _ path: String, code: Int32 = errno) -> any Error {
        switch code {
        case ENOSPC, EDQUOT: WeirError.storageFull()
        case ENOENT: WeirError.notFound("file")
        case ELOOP: WeirError.linkInPath(path)
        case EEXIST, ENOTEMPTY, EISDIR: WeirError.pathTaken(path)
        default: SystemFault(operation: operation, path: path, code: code)
        }
    }

    @discardableResult
    static func check<Result: SignedInteger>(
        _ operation: String, _ path: @autoclosure () -> String, _ call: () -> Result
    ) throws -> Result {
        while true {
            let result = call()
            if result >= 0 { return result }
            if errno != EINTR { throw current(operation, path()) }
        }
    }
}
