extension Flavor {
    /// Bounds of a sane specification.
    public enum Limit {
        /// Flavors that can be chosen at once.
        public static let flavors = 500
        /// Thousandths of a core.
        public static let cpu = 100...1_024_000
        public static let memory: ClosedRange<Bytes> = .mib(16) ... .gib(64 << 10)
        public static let scratch: ClosedRange<Bytes> = 0 ... .gib(1 << 20)
        public static let processes = 16...1_000_000
        /// Thousandths of a GPU: 64 devices of one node.
        public static let compute = 1...64_000
        /// Seconds: a minute to a year.
        public static let longestRun = 60...31_536_000
    }

    /// All that is wrong with the flavor by itself, the field named in each; empty when it can be offered.
    public var problems: [WeirError] {
        var found: [WeirError] = []
        if !name.isShortWord { found.append(.malformed("name", "1 to 32 of a-z, 0-9 and \"-\"", rule: "QUO-02")) }
        if !Limit.cpu.contains(cpu) { found.append(.malformed("cpu", "100 to 1024000 thousandths of a core")) }
        if !Limit.memory.contains(memory) { found.append(.malformed("memory", "16 MiB to 64 TiB, in bytes")) }
        if !Limit.scratch.contains(scratch) { found.append(.malformed("scratch", "0 to 1024 TiB, in bytes")) }
        if !Limit.processes.contains(processes) { found.append(.malformed("processes", "16 to 1000000")) }
        if let longestRun, !Limit.longestRun.contains(longestRun) {
            found.append(.malformed("longest_run", "60 to 31536000 seconds", rule: "QUO-15"))
        }
        if let group, !group.isShortWord { found.append(.malformed("group", "1 to 32 of a-z, 0-9 and \"-\"", rule: "QUO-11")) }
        if !(0...Tariff.Limit.price).contains(pricePerHour) { found.append(.priceOutOfRange("price_per_hour", rule: "BIL-03")) }
        return found + (gpu?.problems ?? [])
    }

    /// Throws the first of `problems`.
    public func check() throws(WeirError) {
        if let problem = problems.first { throw problem }
    }
}

extension GPUShare {
    var problems: [WeirError] {
        var found: [WeirError] = []
        if !kind.isDeviceKind { found.append(.malformed("gpu.kind", "a CDI kind, as nvidia.com/gpu", rule: "QUO-10")) }
        if !Flavor.Limit.compute.contains(compute) || (compute > 1000 && compute % 1000 != 0) {
            found.append(
                .malformed("gpu.compute", "1 to 1000 thousandths of one GPU, or whole ones: 2000 to 64000", rule: "QUO-08"))
        }
        if !(0 ... .gib(64 << 10)).contains(memory) { found.append(.malformed("gpu.memory", "0 to 64 TiB, in bytes", rule: "QUO-08")) }
        if let accelerator, AcceleratorGrade(accelerator) == nil { found.append(.malformedGrade("gpu.class")) }
        return found
    }
}

extension String {
    /// Names of flavors, resource groups and zones.
    public var isShortWord: Bool {
        (1...32).contains(utf8.count) && utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }

    /// Vendor and sort, as the container device interface names them: `nvidia.com/gpu`.
    public var isDeviceKind: Bool {
        let parts = split(separator: "/", omittingEmptySubsequences: false)
        return utf8.count <= 128 && parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy {
                        (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || [45, 46, 95].contains($0)
                    }
            }
    }
}
