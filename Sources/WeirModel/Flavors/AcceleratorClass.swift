/// A class of accelerators that the operator declares: what people choose by instead of a maker's model (QUO-01).
public struct AcceleratorClass: Hashable, Sendable, Codable {
    public let name: AcceleratorGrade
    /// CDI kind: `nvidia.com/gpu`, `amd.com/gpu`, `huawei.com/npu` (QUO-10).
    public let kind: String
    /// Patterns of the maker's model names, with `*` for any text; empty takes every model of the kind.
    public let models: [String]
    /// Taken for a device that does not say how much memory it has; a device that says it has less than nine tenths of this is of another
    /// class. Drivers keep some of what the maker names.
    public let memory: Bytes?

    public init(name: AcceleratorGrade, kind: String, models: [String] = [], memory: Bytes? = nil) {
        self.name = name
        self.kind = kind
        self.models = models
        self.memory = memory
    }

    /// Whether a device is of this class.
    /// - Parameters:
    ///   - model: as the driver says it; empty when it is not known, which only a class without patterns takes.
    ///   - memory: 0 when it is not known.
    public func matches(kind: String, model: String, memory: Bytes) -> Bool {
        guard kind == self.kind else { return false }
        guard models.isEmpty || models.contains(where: { Pattern($0).matches(model) }) else { return false }
        guard let least = self.memory, memory > 0 else { return true }
        return memory.count >= least.count / 10 * 9
    }
}

/// Class and number of an accelerator: `B1`, `S2`, `P3`. Basic, standard, performance; the larger number in a class is the faster (QUO-01).
public struct AcceleratorGrade: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let letter: Letter
    public let number: Int

    public enum Letter: String, Sendable, Codable, CaseIterable {
        case basic = "B"
        case standard = "S"
        case performance = "P"
    }

    public init(_ letter: Letter, _ number: Int) {
        self.letter = letter
        self.number = number
    }

    /// Reads `P1`: one of the letters B, S and P, and a number from 1 to 99.
    public init?(_ text: String) {
        guard let letter = text.first.flatMap({ Letter(rawValue: String($0)) }), (2...3).contains(text.utf8.count),
            text.dropFirst().utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text.dropFirst()), number > 0,
            !text.dropFirst().hasPrefix("0")
        else { return nil }
        self.init(letter, number)
    }

    public var description: String { "\(letter.rawValue)\(number)" }

    /// The slower first.
    public static func < (a: Self, b: Self) -> Bool { (a.letter.rank, a.number) < (b.letter.rank, b.number) }
}

extension AcceleratorGrade: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let grade = AcceleratorGrade(text) else { throw WeirError.malformedGrade("class") }
        self = grade
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension AcceleratorGrade.Letter {
    fileprivate var rank: Int {
        switch self {
        case .basic: 0
        case .standard: 1
        case .performance: 2
        }
    }

    public var name: LocalizedText {
        switch self {
        case .basic: LocalizedText("basic", zh: "基础型")
        case .standard: LocalizedText("standard", zh: "标准型")
        case .performance: LocalizedText("performance", zh: "性能型")
        }
    }
}

/// Accelerators that are none: counted and given out like real ones, while no device reaches a container.
public struct SimulatedAccelerators: Hashable, Sendable, Codable {
    /// All simulated devices are of this kind, so that nobody takes them for real: `weir.simulated/gpu=0`.
    public static let kind = "weir.simulated/gpu"

    public let name: AcceleratorGrade
    public let count: Int
    public let memory: Bytes

    public init(name: AcceleratorGrade, count: Int, memory: Bytes) {
        self.name = name
        self.count = count
        self.memory = memory
    }

    public static func isSimulated(device: String) -> Bool { device.hasPrefix(kind + "=") }

    /// The devices of all declarations, numbered through.
    public static func devices(of declared: [SimulatedAccelerators]) -> [Accelerator] {
        declared.flatMap { part in (0..<max(part.count, 0)).map { _ in part } }.enumerated().map { index, part in
            Accelerator(device: "\(kind)=\(index)", kind: kind, model: part.name.description, memory: part.memory)
        }
    }
}

/// A text with `*` for any text, without regard to case.
private struct Pattern {
    let parts: [Substring]
    let text: String

    init(_ text: String) {
        self.text = text.lowercased()
        parts = self.text.split(separator: "*", omittingEmptySubsequences: false)
    }

    func matches(_ other: String) -> Bool {
        let other = other.lowercased()
        guard let first = parts.first, let last = parts.last, parts.count > 1 else { return other == text }
        guard other.hasPrefix(first) else { return false }
        var rest = other.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.count >= last.count && rest.hasSuffix(last)
    }
}

extension WeirError {
    public static func malformedGrade(_ field: String) -> WeirError {
        .malformed(field, "B, S or P and a number from 1 to 99, as P1", rule: "QUO-01")
    }
}
