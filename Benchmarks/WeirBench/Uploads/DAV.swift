import Foundation

/// nginx that takes files by PUT.
struct DAV {
    let folder: URL
    let port: Int

    var root: URL { folder.appendingPathComponent("www") }
    private var file: String { folder.path + "/dav" }

    func start() async throws -> Process {
        let build = try await Tool.output("sh", ["-c", "nginx -V 2>&1"])
        guard build.contains("http_dav_module") else {
            throw Tool.Failure(description: "this nginx has no WebDAV: install nginx-full")
        }
        // The workers are another user than the one who made the folder.
        for name in ["www", "body"] {
            let path = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
        }
        let text = """
            daemon off; worker_processes auto;
            user root;
            pid \(file).pid;
            events { worker_connections 1024; }
            http {
              access_log off; tcp_nodelay on; client_max_body_size 0; client_body_temp_path \(folder.path)/body;
              server {
                listen 127.0.0.1:\(port); root \(root.path);
                location / { dav_methods PUT; create_full_put_path on; }
              }
            }
            """
        try text.write(toFile: file + ".conf", atomically: true, encoding: .utf8)
        let server = try Tool.server("nginx", ["-c", file + ".conf", "-p", folder.path, "-e", file + ".log"])
        try await Tool.wait(for: port)
        return server
    }
}
