import WeirModel

extension Records {
    struct FileEntry: Decodable, Sendable {
        let name: String
        let path: String
        let kind: Kind
        let size: Int
        let changedAt: Timestamp

        enum Kind: String, Decodable, Sendable {
            case file, folder, link, special
        }
    }

    struct Unpacked: Decodable, Sendable {
        let files: Int
        let size: Int
    }

    struct Asset: Decodable, Sendable {
        let id: String
        let workspace: String
        let kind: AssetKind
        let name: String
        let description: String
        let tags: [String]
        let visibility: String
        let dataType: String?
        let scenario: String?
        let zone: String
        let latestVersion: Int?
        let createdBy: Person
        let createdAt: Timestamp
        let changedAt: Timestamp
    }

    struct Version: Decodable, Sendable {
        let asset: String
        let number: Int
        let size: Int
        let added: Int
        let files: Int
        let note: String
        let origin: String?
        let createdBy: Person
        let createdAt: Timestamp
    }

    struct Exported: Decodable, Sendable {
        let asset: Asset
        let version: Version
    }

    struct Image: Decodable, Sendable {
        let id: String
        let workspace: String?
        let reference: String
        let digest: String
        let tools: [String]
        let size: Int
        let createdAt: Timestamp

        /// What people may call it: the last part of the reference, with and without its tag, and the reference without its tag.
        var shortNames: [String] {
            let last = reference.split(separator: "/").last.map(String.init) ?? reference
            let untagged = last.split(separator: ":").first.map(String.init) ?? last
            let path = reference.split(separator: "/").dropLast().joined(separator: "/")
            let whole = path.isEmpty ? untagged : "\(path)/\(untagged)"
            let local = whole.hasPrefix("localhost/") ? [String(whole.dropFirst("localhost/".count))] : []
            return [last, untagged, whole] + local
        }
    }
}
