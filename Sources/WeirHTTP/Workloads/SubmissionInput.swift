import WeirModel
import WeirPlatform

/// An asset's version to be mounted.
struct MountInput: Codable, Sendable {
    let asset: Identifier<Asset>
    let version: Int?

    var mount: Submission.Mount { Submission.Mount(asset: asset, version: version) }
}

extension MountInput: Input {
    enum CodingKeys: String, CodingKey, CaseIterable { case asset, version }

    init(from decoder: any Decoder) throws {
        try Self.refuseUnknownFields(in: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        asset = try container.decode(Identifier<Asset>.self, forKey: .asset)
        version = try container.decodeIfPresent(Int.self, forKey: .version)
    }
}

/// What the body of every new workload has.
protocol SubmissionInput: Input, Encodable {
    var name: String { get }
    var text: String? { get }
    var image: String { get }
    var flavor: String { get }
    var datasets: [MountInput]? { get }
    var models: [MountInput]? { get }
    var variables: [String: String]? { get }
    var priority: PriorityClass? { get }
    /// Nil is personal.
    var access: WorkloadAccess? { get }
}

extension SubmissionInput {
    var submission: Submission {
        Submission(
            name: name, description: text ?? "", image: image, flavor: flavor,
            datasets: (datasets ?? []).map(\.mount), models: (models ?? []).map(\.mount), variables: variables ?? [:],
            priority: priority, access: access ?? .personal)
    }
}
