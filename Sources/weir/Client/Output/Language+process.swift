import Foundation
import WeirModel

extension Language {
    /// What a command that asks no server speaks: what it is told to, else what WEIR_LANG or LANG says.
    static func ofProcess(_ wanted: String? = nil) -> Language {
        let environment = ProcessInfo.processInfo.environment
        return Language(accepting: (wanted ?? environment["WEIR_LANG"] ?? environment["LANG"])?.replacing("_", with: "-"))
    }
}
