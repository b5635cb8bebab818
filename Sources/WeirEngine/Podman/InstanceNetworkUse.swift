/// The bytes that came and went over an instance's network, as the kernel counts them for the namespace of its first process.
enum InstanceNetworkUse {
    /// All of its links but its own loopback; nil when the process is gone.
    static func bytes(ofProcess process: Int) -> Int64? {
        process > 0 ? KernelFile.read("/proc/\(process)/net/dev").map(sum) : nil
    }

    /// A line for each link: `eth0: BYTES PACKETS … `, received first, and what was sent from the ninth number on.
    static func sum(_ text: String) -> Int64 {
        text.split(separator: "\n").reduce(0) { sum, line in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].drop(while: { $0 == " " }) != "lo" else { return sum }
            let numbers = parts[1].split(separator: " ").compactMap { Int64($0) }
            return numbers.count > 8 ? sum + numbers[0] + numbers[8] : sum
        }
    }
}
