import Foundation
import WeirModel

/// Remembers which uploads were begun, so that a command that is given again goes on where the last one was cut off.
actor UploadMemory {
    private let path: String
    private var locations: [String: String]

    init(folder: String) {
        path = folder + "/uploads.json"
        let data = FileManager.default.contents(atPath: path) ?? Data()
        locations = (try? JSONDecoder().decode([String: String].self, from: data)) ?? [:]
    }

    /// What an upload is known by: the same file, unchanged, to the same place.
    static func key(server: String, asset: String, file: LocalFile) -> String {
        [
            server, asset, file.target, "\(file.size)", "\(Int64(file.changedAt.timeIntervalSince1970 * 1000))",
            URL(filePath: file.path.text).standardizedFileURL.path(percentEncoded: false),
        ].joined(separator: "\n")
    }

    func location(_ key: String) -> String? { locations[key] }

    func set(_ key: String, to location: String?) throws {
        locations[key] = location
        // Uploads that nobody came back for are ended by the server; here the list must not grow for ever.
        while locations.count > 1000, let oldest = locations.keys.min() { locations[oldest] = nil }
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try JSONEncoder().encode(locations).write(to: URL(filePath: path), options: .atomic)
    }
}
