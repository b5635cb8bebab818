/// What the doctor found about one thing.
struct Finding: Sendable, Equatable {
    enum Grade: String, Sendable {
        case good
        /// Weir runs, with less than it could.
        case note
        /// Weir, or a part of it, does not run.
        case lack
    }

    let subject: String
    let grade: Grade
    let text: String
    /// What to do about it.
    let mend: String?

    static func good(_ subject: String, _ text: String) -> Finding {
        Finding(subject: subject, grade: .good, text: text, mend: nil)
    }

    static func note(_ subject: String, _ text: String, mend: String? = nil) -> Finding {
        Finding(subject: subject, grade: .note, text: text, mend: mend)
    }

    static func lack(_ subject: String, _ text: String, mend: String) -> Finding {
        Finding(subject: subject, grade: .lack, text: text, mend: mend)
    }

    var json: JSONValue {
        .members([
            "subject": .string(subject), "grade": .string(grade.rawValue), "text": .string(text),
            "mend": mend.map { .string($0) },
        ])
    }

    /// Any number of lines for a terminal.
    var shown: String {
        let mark =
            switch grade {
            case .good: "ok  "
            case .note: "note"
            case .lack: "LACK"
            }
        return "\(mark)  \(subject.padded(to: 12))  \(text)" + (mend.map { "\n                    → \($0)" } ?? "")
    }
}
