import WeirModel

extension FailureReason {
    func json(in language: Language) -> JSON {
        ["code": code, "message": message[language], "remedy": remedy[language]]
    }
}
