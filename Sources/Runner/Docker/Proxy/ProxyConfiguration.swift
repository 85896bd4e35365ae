/// What an nginx is told: the text of its configuration. A pure value.
///
/// Names are looked up as connections come, and again after a second: pods are found as they come and go, with no word
/// from devloop, and nginx starts while there are none.
struct ProxyConfiguration: Sendable, Hashable {
    /// A line, and the route that it is of.
    private struct Line: Sendable, Hashable {
        var text: String
        var route: Int?
    }

    private var lines: [Line] = []

    var text: String { lines.map { $0.text + "\n" }.joined() }

    /// The route that a line is of, by the line's number as nginx tells it.
    func route(atLine number: Int) -> Int? { lines.indices.contains(number - 1) ? lines[number - 1].route : nil }

    static let processFile = "/tmp/devloop-nginx.pid"
    static let processID = "pid \(processFile);"

    /// What both kinds begin with. Debian's nginx has its parts in modules; where a pattern finds none, nothing happens.
    private static let head = """
        include /etc/nginx/modules-enabled/*.conf;
        \(processID)
        worker_processes 1;
        error_log /dev/stderr error;
        events { worker_connections 4096; }
        """

    private static let resolver = "resolver 127.0.0.11 valid=1s ipv6=off;"

    private mutating func add(_ text: String, route: Int? = nil, depth: Int = 0) {
        let indent = String(repeating: "  ", count: depth)
        lines += text.split(separator: "\n").map { Line(text: indent + $0, route: route) }
    }

    /// A text as one word, whatever is in it.
    static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

// MARK: - A Service

extension ProxyConfiguration {
    /// Listens on a Service's ports, and leads to those of its pods.
    init(_ service: ServiceRoute) {
        add(Self.head)
        add(
            """
            stream {
              \(Self.resolver)
              proxy_connect_timeout 1s;
              proxy_timeout 24h;
              proxy_half_close on;
              proxy_socket_keepalive on;
            """)
        for port in service.ports {
            guard let target = port.reached, ["tcp", "udp"].contains(port.networkProtocol) else { continue }
            let isUDP = port.networkProtocol == "udp"
            add(
                """
                server {
                  listen \(port.port)\(isUDP ? " udp" : "");
                  set $pods \(Self.quoted(service.podAlias));
                  proxy_pass $pods:\(target);\(isUDP ? "\n  proxy_timeout 1m;" : "")
                }
                """, depth: 1)
        }
        add("}")
    }
}

// MARK: - The Ingress

extension ProxyConfiguration {
    /// Routes by host and path.
    /// - Parameter refused: the routes that nginx does not understand: they are left out.
    init(_ routes: [IngressRoute], refused: Set<Int> = []) {
        add(Self.head)
        add("http {")
        add(Self.http, depth: 1)
        let numbered = Array(routes.enumerated())
        let hosts = Set(routes.map(\.host)).union([""]).sorted()
        for host in hosts {
            let isDefault = host.isEmpty
            add("server {", depth: 1)
            add("listen 80\(isDefault ? " default_server" : "");", depth: 2)
            add("server_name \(isDefault ? "_" : Self.serverName(host));", depth: 2)
            add("set $tries \"\";", depth: 2)
            let own = numbered.filter { $0.element.host == host && !refused.contains($0.offset) }
            // nginx takes the first pattern that matches.
            for (number, route) in own.sorted(by: { IngressRoute.comesBefore($0.element, $1.element) }) {
                add(route, number: number)
            }
            if !own.contains(where: { $0.element.location == "/" }) { add("location / { return 404; }", depth: 2) }
            add("location @broken { return 502; }", depth: 2)
            add("location @late { return 504; }", depth: 2)
            add("}", depth: 1)
        }
        add("}")
    }

    /// As ingress-nginx has it, where it matters to who is behind: what is told of the client, no buffers for answers.
    private static let http = """
        access_log off;
        server_tokens off;
        server_names_hash_bucket_size 256;
        large_client_header_buffers 4 32k;
        \(resolver)
        map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
        map $http_host $asked_host { default $http_host; "" $host; }
        map $http_host $asked_port { default 80; "~:(?<digits>[0-9]+)$" $digits; }
        proxy_http_version 1.1;
        proxy_set_header Host $asked_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header X-Request-ID $request_id;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Host $asked_host;
        proxy_set_header X-Forwarded-Port $asked_port;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Scheme $scheme;
        proxy_set_header X-Scheme $scheme;
        proxy_redirect off;
        proxy_buffering off;
        proxy_buffer_size 16k;
        proxy_buffers 4 16k;
        proxy_connect_timeout 1s;
        proxy_socket_keepalive on;
        recursive_error_pages on;
        """

    /// One label stands for the star, as Kubernetes says it.
    private static func serverName(_ host: String) -> String {
        guard host.hasPrefix("*.") else { return quoted(host) }
        return quoted("~^[^.]+" + IngressRoute.escaped(String(host.dropFirst())) + "$")
    }

    private mutating func add(_ route: IngressRoute, number: Int) {
        guard case .address(let address) = route.destination else {
            return add("location \(route.location) { return 503; }", route: number, depth: 2)
        }
        var settings = ["set $pods \(Self.quoted("http://\(address)"));"]
        if let target = route.rewriteTarget {
            settings.append("rewrite \(Self.quoted("(?i)" + route.pattern)) \(Self.quoted(target)) break;")
        }
        let proxy = ["proxy_pass $pods;", "error_page 502 504 = @wait\(number);"] + route.settings
        add(Self.block("location \(route.location)", settings + proxy), route: number, depth: 2)
        // While a pod is replaced, nobody is there to take the request: it is held for two seconds at most. What somebody
        // may have read is sent again only if it asks; otherwise its client sees that it broke. nginx knows no pause, but
        // waits for a name that nobody looks up; and the pages of errors of a location catch its own.
        add(
            Self.block(
                "location @wait\(number)",
                [
                    "set $tries x$tries;", "set $heard $upstream_bytes_sent/$upstream_status;",
                    "if ($heard ~ \"[1-9].*/.*504$\") { return 419; }",
                    "if ($request_method ~ \"^(GET|HEAD|OPTIONS)$\") { set $heard \"\"; }",
                    "if ($heard ~ \"[1-9].*/\") { return 418; }", "error_page 418 = @broken;",
                    "error_page 419 = @late;", "if ($tries = xxxxx) { return 503; }", "resolver 127.0.0.1:9;",
                    "resolver_timeout 500ms;",
                    "set $nobody nobody;", "proxy_pass http://$nobody;", "error_page 502 504 = @again\(number);",
                ] + route.bodySetting), route: number, depth: 2)
        add(Self.block("location @again\(number)", proxy), route: number, depth: 2)
    }

    private static func block(_ name: String, _ lines: [String]) -> String {
        "\(name) {\n" + lines.map { "  \($0)\n" }.joined() + "}"
    }
}
