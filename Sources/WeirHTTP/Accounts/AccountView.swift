import WeirModel
import WeirStore

/// An account as the API shows it.
struct AccountView: JSONConvertible {
    let record: AccountRecord

    init(_ record: AccountRecord) { self.record = record }

    var json: JSON {
        [
            "id": record.id, "login": record.login, "display_name": record.displayName,
            "is_operator": record.isOperator, "must_change_password": record.mustChangePassword,
            "created_at": record.createdAt, "disabled_at": record.disabledAt, "locked_until": record.lock.lockedUntil,
        ]
    }
}

/// The logins behind the identifiers that records carry, so that an answer names people.
struct People: Sendable {
    let logins: [Identifier<Account>: String]

    func json(of id: Identifier<Account>) -> JSON { ["id": id, "login": logins[id] ?? ""] }

    func json(of id: Identifier<Account>?) -> JSON { id.map { json(of: $0) } ?? .null }
}
