import Glibc
import WeirModel

/// The folder of the host in which what a container changes in its root layer lies.
enum RootLayer {
    /// Nobody but the container's own root may pass through it. Podman would let everybody pass, so that any user of the machine could run a
    /// setuid program that a container has made, and be that container's root to its other processes; a folder that belongs to this root it
    /// leaves as it is.
    static func close(_ folder: String, to ranges: UserRanges) throws {
        guard let user = ranges.users.first(where: { $0.inside == 0 })?.outside,
            let group = ranges.groups.first(where: { $0.inside == 0 })?.outside
        else { return }
        guard chown(folder, user, group) == 0, chmod(folder, 0o700) == 0 else {
            throw WeirError.hostCommandFailed("chown", String(cString: strerror(errno)))
        }
    }
}
