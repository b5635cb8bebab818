import Foundation
import WeirModel

/// One line of `containers/json`.
struct ListedContainer: Decodable {
    var Id: String
    var State: String
    var Labels: [String: String]?
}

/// What `containers/NAME/json` tells.
struct InspectedContainer: Decodable {
    var Id: String
    var State: State
    var Config: Config
    var NetworkSettings: Networks?
    var HostConfig: HostConfig?
    var GraphDriver: Driver?
    /// The folder that Podman keeps for the container.
    var StaticDir: String?
    /// Files in the folder that lasts until the next start of the machine.
    var ResolvConfPath: String?
    var HostsPath: String?

    struct State: Decodable {
        var Status: String
        var OOMKilled: Bool
        var Pid: Int
        var ExitCode: Int
        var StartedAt: String
        var FinishedAt: String
        var CgroupPath: String?

        var started: Timestamp? { Timestamp(podman: StartedAt) }

        /// Podman dates the start when the runtime has come back, and the end by the time of a file that is written at the end: of a
        /// program that is over in a moment the end may lie before the start. What began has run for a millisecond at least, so that
        /// its first minute is charged (BIL-04).
        var ended: Timestamp? {
            Timestamp(podman: FinishedAt).map { end in started.map { max(end, $0 + .milliseconds(1)) } ?? end }
        }
    }

    struct Config: Decodable { var Labels: [String: String]? }
    struct Networks: Decodable {
        var Networks: [String: Network]?
        struct Network: Decodable {
            var IPAddress: String?
            var Gateway: String?
            var IPv6Gateway: String?
        }
    }
    struct HostConfig: Decodable {
        var LogConfig: Log?
        var IDMappings: Mappings?
        struct Log: Decodable { var Path: String? }
    }
    struct Driver: Decodable { var Data: [String: String]? }

    /// Which users of the host those inside are.
    struct Mappings: Decodable {
        var UidMap: [String]?
        var GidMap: [String]?

        var ranges: UserRanges? { UserRanges(users: UidMap ?? [], groups: GidMap ?? []) }
    }

    /// The folders of the machine in which the container's own files lie, each below a folder that is named after it. Files of others that
    /// it was given, such as `/etc/hosts` of the machine, lie elsewhere, in folders that are not the container's.
    var ownFolders: Set<String> {
        let files = [ResolvConfPath, HostsPath].compactMap { $0 }
        let folders = files.map { ($0 as NSString).deletingLastPathComponent } + [StaticDir].compactMap { $0 }
        return Set(folders.filter { ($0 as NSString).pathComponents.contains(Id) })
    }

    /// The addresses of the machine on the container's bridges.
    var gateways: [String] {
        (NetworkSettings?.Networks?.values.flatMap { [$0.Gateway, $0.IPv6Gateway] } ?? []).compactMap { $0 }.filter { !$0.isEmpty }.sorted()
    }

    var address: String? {
        NetworkSettings?.Networks?.values.compactMap(\.IPAddress).first { !$0.isEmpty }
    }
}

extension Timestamp {
    /// Reads Podman's times, which carry nanoseconds; nil for the year 1, by which Podman says "not yet".
    init?(podman text: String) {
        guard !text.hasPrefix("0001-") else { return nil }
        guard let dot = text.firstIndex(of: ".") else {
            self.init(text)
            return
        }
        let fraction = text[text.index(after: dot)...].prefix { $0.isNumber }
        let zone = text[text.index(dot, offsetBy: fraction.count + 1)...]
        self.init("\(text[..<dot]).\((fraction + "000").prefix(3))\(zone)")
    }
}
