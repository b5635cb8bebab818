import WeirEngine
import WeirModel

/// What the doctor found about one thing, ready to be shown.
struct Finding: Sendable, Equatable {
    let subject: String
    let status: HostCheck.Status
    let text: LocalizedText
    /// What to do about it.
    let remedy: LocalizedText?

    init(_ check: HostCheck) {
        self.init(check.name, check.status, check.finding, remedy: check.remedy)
    }

    init(_ subject: String, _ status: HostCheck.Status, _ text: LocalizedText, remedy: LocalizedText? = nil) {
        self.subject = subject
        self.status = status
        self.text = text
        self.remedy = remedy
    }

    func json(_ language: Language) -> JSONValue {
        .members([
            "subject": .string(subject), "status": .string(status.rawValue), "text": .string(text[language]),
            "remedy": remedy.map { .string($0[language]) },
        ])
    }

    /// One line, and one more with the remedy.
    func shown(_ language: Language) -> String {
        "\(status.rawValue.padded(to: 7))  \(subject.padded(to: 15))  \(text[language])"
            + (remedy.map { "\n" + String(repeating: " ", count: 26) + "→ \($0[language])" } ?? "")
    }
}
