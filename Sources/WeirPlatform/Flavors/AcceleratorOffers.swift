public import WeirModel

/// A sort of accelerator that the zone has or flavors ask for: what people choose before the flavor (QUO-02).
public struct AcceleratorOffer: Hashable, Sendable {
    /// CDI kind; nil stands for none, that is, for flavors of processor and memory only.
    public let kind: String?
    /// The class or the maker's model; nil for flavors that take any of the kind.
    public let model: String?
    public let isSimulated: Bool
    /// How many devices of the zone will do.
    public let devices: Int
    /// Of the largest device.
    public let memory: Bytes?
    /// Names, in their order.
    public let flavors: [String]
}

extension Flavors {
    /// Processors first, then by kind and class. A sort without devices is shown too: its flavors can never start.
    public func accelerators() async throws -> [AcceleratorOffer] {
        let flavors = try await list().map(\.flavor)
        let devices = try await zones.nodes().flatMap(\.accelerators)
        struct Sort: Hashable {
            var kind: String
            var model: String?
        }
        var sorts = Set(flavors.compactMap { flavor in flavor.gpu.map { Sort(kind: $0.kind, model: $0.accelerator) } })
        for device in devices { sorts.insert(Sort(kind: device.kind, model: device.model.isEmpty ? nil : device.model)) }
        let order = sorts.sorted { a, b in
            a.kind != b.kind
                ? a.kind < b.kind
                : Self.rank(a.model) != Self.rank(b.model)
                    ? Self.rank(a.model) < Self.rank(b.model) : (a.model ?? "") < (b.model ?? "")
        }
        let none = AcceleratorOffer(
            kind: nil, model: nil, isSimulated: false, devices: 0, memory: nil,
            flavors: flavors.filter { $0.gpu == nil }.map(\.name))
        return [none]
            + order.map { sort in
                let fitting = devices.filter { $0.kind == sort.kind && (sort.model == nil || $0.model == sort.model) }
                return AcceleratorOffer(
                    kind: sort.kind, model: sort.model, isSimulated: sort.kind == SimulatedAccelerators.kind,
                    devices: fitting.count, memory: fitting.map(\.memory).max(),
                    flavors: flavors.filter { $0.gpu?.kind == sort.kind && $0.gpu?.accelerator == sort.model }.map(\.name))
            }
    }

    /// Classes in their order, the slower first; what is no class behind them.
    private static func rank(_ model: String?) -> Int {
        guard let model else { return -1 }
        guard let grade = AcceleratorGrade(model) else { return .max }
        let letter = AcceleratorGrade.Letter.allCases.firstIndex(of: grade.letter) ?? 0
        return letter * 100 + grade.number
    }
}
