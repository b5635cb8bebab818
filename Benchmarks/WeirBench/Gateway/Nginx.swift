import Foundation

/// nginx twice: as the backend behind both contenders, and as the proxy that Weir is measured against.
struct Nginx {
    let folder: URL
    let backendPort: Int
    let proxyPort: Int
    /// Where the websocket echo listens, which nginx's proxy leads to under `/ws`.
    let echoPort: Int

    /// Writes the configurations, starts both and waits until they answer.
    func start() async throws -> [Process] {
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("www"), withIntermediateDirectories: true)
        try Data(repeating: 120, count: 1024).write(to: folder.appendingPathComponent("www/1k"))
        try Data(repeating: 121, count: 64 << 20).write(to: folder.appendingPathComponent("www/64m"))
        try backend.write(to: folder.appendingPathComponent("backend.conf"), atomically: true, encoding: .utf8)
        try proxy.write(to: folder.appendingPathComponent("proxy.conf"), atomically: true, encoding: .utf8)
        let servers = try ["backend", "proxy"].map { name in
            let file = "\(folder.path)/\(name)"
            return try Tool.server("nginx", ["-c", file + ".conf", "-p", folder.path, "-e", file + ".log"])
        }
        for port in [backendPort, proxyPort] { try await Tool.wait(for: port) }
        return servers
    }

    private func common(_ name: String) -> String {
        """
        daemon off; user root; worker_processes auto;
        pid \(folder.path)/\(name).pid;
        events { worker_connections 4096; }
        """
    }

    private var backend: String {
        """
        \(common("backend"))
        http {
          access_log off; sendfile on; tcp_nodelay on; keepalive_requests 100000000;
          server { listen 127.0.0.1:\(backendPort); root \(folder.path)/www; open_file_cache max=100; }
        }
        """
    }

    /// As its manual recommends for a proxy: kept connections to the backend, websockets passed on.
    private var proxy: String {
        """
        \(common("proxy"))
        http {
          access_log off; tcp_nodelay on; keepalive_requests 100000000;
          proxy_temp_path \(folder.path)/temp; client_body_temp_path \(folder.path)/body;
          map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
          upstream files { server 127.0.0.1:\(backendPort); keepalive 64; keepalive_requests 100000000; }
          upstream echo { server 127.0.0.1:\(echoPort); }
          server {
            listen 127.0.0.1:\(proxyPort);
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            location / { proxy_pass http://files; proxy_set_header Connection ''; }
            location /ws {
              proxy_pass http://echo;
              proxy_set_header Upgrade $http_upgrade;
              proxy_set_header Connection $connection_upgrade;
            }
          }
        }
        """
    }
}
