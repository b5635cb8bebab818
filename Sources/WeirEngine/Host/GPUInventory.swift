import Foundation
import WeirModel

/// The GPUs that CDI specifications offer on this machine.
enum GPUInventory {
    static let folders = ["/etc/cdi", "/var/run/cdi"]
    /// In the specification of a device without a driver of its own, the environment says how much memory it has.
    private static let memoryVariable = "WEIR_GPU_MEMORY_MIB="
    /// Likewise the model.
    private static let modelVariable = "WEIR_GPU_MODEL="

    static func find() async -> [EngineGPU] {
        var found: [EngineGPU] = []
        for folder in folders {
            let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            for file in files.sorted() where [".yaml", ".yml", ".json"].contains(where: file.hasSuffix) {
                guard let text = try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8) else { continue }
                found += devices(in: text).filter { device in !found.contains { $0.device == device.device } }
            }
        }
        guard found.contains(where: { $0.device.hasPrefix("nvidia.com/") }) else { return found }
        let known = await nvidiaDevices()
        // `all` and the names by UUID are the same devices again.
        return found.compactMap { gpu in
            guard gpu.device.hasPrefix("nvidia.com/") else { return gpu }
            let name = gpu.device.split(separator: "=").last.map(String.init) ?? ""
            guard let device = known[name] else { return nil }
            return EngineGPU(device: gpu.device, memory: device.memory, model: device.model)
        }
    }

    /// Reads the kind and the names of the devices: both forms of a specification have them one a line.
    static func devices(in specification: String) -> [EngineGPU] {
        guard let kind = specification.firstMatch(of: #/(?:^|[\s{,])"?kind"?\s*:\s*"?([A-Za-z0-9._\-]+/[A-Za-z0-9._\-]+)/#)?.1
        else { return [] }
        let names = specification.matches(of: #/(?:-|[{,])\s*"?name"?\s*:\s*"?([A-Za-z0-9._:\-]+)"?/#)
        return names.enumerated().map { position, match in
            let end = position + 1 < names.count ? names[position + 1].range.lowerBound : specification.endIndex
            let part = specification[match.range.upperBound..<end]
            let memory = part.firstRange(of: memoryVariable).flatMap { Int64(part[$0.upperBound...].prefix { $0.isNumber }) }
            let model = part.firstRange(of: modelVariable).map { part[$0.upperBound...].prefix { !"\"'\n,]".contains($0) } }
            return EngineGPU(device: "\(kind)=\(match.1)", memory: .mib(memory ?? 0), model: model.map(String.init) ?? "")
        }
    }

    private static func nvidiaDevices() async -> [String: (memory: Bytes, model: String)] {
        let query = ["nvidia-smi", "--query-gpu=index,memory.total,name", "--format=csv,noheader,nounits"]
        guard let answer = try? await HostCommand.run(query), answer.status == 0 else { return [:] }
        return nvidiaDevices(in: answer.output)
    }

    /// Index, MiB and name of each device, one a line.
    static func nvidiaDevices(in output: String) -> [String: (memory: Bytes, model: String)] {
        output.split(separator: "\n").reduce(into: [:]) { devices, line in
            let fields = line.split(separator: ",", maxSplits: 2).map { $0.trimmingCharacters(in: .whitespaces) }
            if fields.count == 3, let mib = Int64(fields[1]) { devices[fields[0]] = (.mib(mib), fields[2]) }
        }
    }
}
