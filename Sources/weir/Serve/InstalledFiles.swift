import Foundation

/// Files that come with the program: beside it in a build folder or a source tree above it, or below /usr/share/weir.
enum InstalledFiles {
    /// The nearest folder that holds `relative`; nil when there is none.
    static func folder(holding relative: String, executable: String? = nil) -> URL? {
        let program = executable ?? (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        var folder = URL(fileURLWithPath: program).deletingLastPathComponent()
        var candidates: [URL] = []
        while folder.path != "/" {
            candidates.append(folder)
            folder.deleteLastPathComponent()
        }
        candidates.append(URL(fileURLWithPath: "/usr/share/weir"))
        return candidates.first { FileManager.default.fileExists(atPath: $0.appendingPathComponent(relative).path) }
    }
}
