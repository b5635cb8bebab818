import ArgumentParser
import Crypto
import Foundation
import Glibc
import TestSupport
import WeirModel

/// A large file in parts: Weir by the tus protocol against nginx's WebDAV PUT of the same parts.
struct UploadBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload", abstract: "1 GiB in parts of 16 MiB by tus against nginx's WebDAV PUT.")

    @Option(help: "Rounds; the median counts.") var rounds = 5
    @Option(help: "MiB in a part.") var part = 16
    @Option(help: "Parts.") var parts = 64

    func run() async throws {
        Build.warn()
        let folder = try TemporaryFolder("weir-bench-upload")
        let nginx = DAV(folder: folder.url, port: 19_492)
        let server = try await nginx.start()
        defer {
            server.terminate()
            server.waitUntilExit()
        }
        try await Site.with { site in
            var comparison = Comparison(
                title: "upload of \(part * parts) MiB in parts of \(part) MiB", unit: "MiB/s",
                contenders: ["weir", "nginx PUT", "write and sync", "weir, sha256"], goals: [.atLeast(0.7)])
            for round in 0..<rounds {
                comparison.add([
                    try await weir(site, round, checked: false), try await put(nginx, round),
                    try await floor(folder.path), try await weir(site, round, checked: true),
                ])
            }
            comparison.show()
        }
    }

    /// Bytes that no file system can leave out.
    private static func randomPart(_ mebibytes: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes = [UInt8](repeating: 0, count: mebibytes << 20)
        bytes.withUnsafeMutableBytes { place in
            for index in stride(from: 0, to: place.count, by: 8) {
                place.storeBytes(of: generator.next(), toByteOffset: index, as: UInt64.self)
            }
        }
        return bytes
    }

    /// Runs `send` with a part, on a disk with nothing left to write; in MiB/s.
    private func rate(_ send: @escaping @Sendable ([UInt8]) throws -> Void) async throws -> Double {
        let (part, parts) = (part, parts)
        return try await Threads.run {
            let bytes = Self.randomPart(part)
            sync()
            let watch = Stopwatch()
            try send(bytes)
            return Double(part * parts) / watch.seconds
        }
    }

    private func weir(_ site: Site, _ round: Int, checked: Bool) async throws -> Double {
        let (parts, port, authorization) = (parts, site.port, site.authorization)
        let wire = try Wire(port: port)
        let asset = try wire.need(
            "POST", "/api/v1/workspaces/\(site.tenant.workspace)/assets", [authorization],
            json: #"{"kind":"dataset","name":"d\#(round)\#(checked ? "-checked" : "")"}"#
        ).field("id")
        let rate = try await rate { bytes in
            let wire = try Wire(port: port)
            let tus = [authorization, "Tus-Resumable: 1.0.0"]
            let made = try wire.need(
                "POST", "/api/v1/assets/\(asset)/uploads",
                tus + ["Upload-Length: \(bytes.count * parts)", "Upload-Metadata: filename ZGF0YS5iaW4=", "Content-Length: 0"])
            guard let location = made.headers["location"] else { throw Tool.Failure(description: "no Location") }
            let checksum =
                checked ? ["Upload-Checksum: sha256 \(Data(SHA256.hash(data: bytes)).base64EncodedString())"] : []
            for number in 0..<parts {
                try wire.send(
                    "PATCH", location,
                    tus + checksum + [
                        "Content-Type: application/offset+octet-stream", "Upload-Offset: \(number * bytes.count)",
                        "Content-Length: \(bytes.count)",
                    ])
                try bytes.withUnsafeBytes { try wire.write($0) }
                let answer = try wire.answer()
                guard answer.status == 204 else { throw Tool.Failure(description: "PATCH: \(answer.status) \(answer.text)") }
            }
        }
        try FileManager.default.removeItem(atPath: site.test.folder.path + "/files/workspaces/\(site.tenant.workspace)/drafts/\(asset)")
        return rate
    }

    private func put(_ nginx: DAV, _ round: Int) async throws -> Double {
        let (parts, port) = (parts, nginx.port)
        let rate = try await rate { bytes in
            let wire = try Wire(port: port)
            for number in 0..<parts {
                try wire.send("PUT", "/\(round)/part-\(number)", ["Content-Length: \(bytes.count)"])
                try bytes.withUnsafeBytes { try wire.write($0) }
                let answer = try wire.answer()
                guard answer.status == 201 else { throw Tool.Failure(description: "PUT: \(answer.status) \(answer.text)") }
            }
        }
        try FileManager.default.removeItem(at: nginx.root.appendingPathComponent("\(round)"))
        return rate
    }

    /// No network: each part written and made durable, as Weir answers for it.
    private func floor(_ folder: String) async throws -> Double {
        let parts = parts
        let path = folder + "/floor"
        let rate = try await rate { bytes in
            let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw POSIXError(.EIO) }
            defer { close(file) }
            for _ in 0..<parts {
                guard write(file, bytes, bytes.count) == bytes.count, fdatasync(file) == 0 else { throw POSIXError(.EIO) }
            }
        }
        try FileManager.default.removeItem(atPath: path)
        return rate
    }
}
