import Foundation
import WeirModel

/// What `weir login` and `weir … use` remember between two commands.
struct Profile: Codable, Sendable, Equatable {
    var server: String?
    var token: String?
    var login: String?
    var workspace: Remembered?
    var project: Remembered?

    /// A thing by its id, with the name to show.
    struct Remembered: Codable, Sendable, Equatable {
        var id: String
        var name: String
    }
}

/// The file that holds the profile; it holds a secret, so nobody else may read it.
struct ProfileFile: Sendable {
    let path: String

    init(path: String) { self.path = path }

    /// `$XDG_CONFIG_HOME/weir/config.json`, or below `~/.config`.
    init(environment: [String: String]) {
        let home = environment["HOME"] ?? NSHomeDirectory()
        let base = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home + "/.config"
        path = base + "/weir/config.json"
    }

    var folder: String { (path as NSString).deletingLastPathComponent }

    /// An empty profile when there is no file.
    func read() throws -> Profile {
        guard FileManager.default.fileExists(atPath: path) else { return Profile() }
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        if let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue, mode & 0o077 != 0 {
            throw WeirError.openProfile(path)
        }
        guard let data = FileManager.default.contents(atPath: path),
            let profile = try? JSONDecoder().decode(Profile.self, from: data)
        else { throw WeirError.unreadableProfile(path) }
        return profile
    }

    /// Replaces the file in one step; it is never readable by others, not for a moment.
    func write(_ profile: Profile) throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let temporary = path + ".\(ProcessInfo.processInfo.processIdentifier)"
        guard
            FileManager.default.createFile(
                atPath: temporary, contents: try encoder.encode(profile), attributes: [.posixPermissions: 0o600]),
            rename(temporary, path) == 0
        else { throw WeirError.unreadableFile(path) }
    }
}
