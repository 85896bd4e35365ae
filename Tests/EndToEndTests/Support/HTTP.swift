import Foundation

/// One HTTP/1.0 request to this machine.
enum HTTP {
    /// The status, the headers and the body; `nil` where nobody answers.
    static func request(
        _ method: String, port: Int, path: String, body: Data, host: String = "localhost", cookie: String = ""
    ) -> (status: Int, head: String, body: Data)? {
        #if canImport(Darwin)
            let connection = socket(AF_INET, SOCK_STREAM, 0)
        #else
            let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        guard connection >= 0 else { return nil }
        defer { close(connection) }
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { return nil }
        let head =
            "\(method) \(path) HTTP/1.0\r\nHost: \(host)\r\nContent-Type: application/json\r\n"
            + (cookie.isEmpty ? "" : "Cookie: \(cookie)\r\n") + "Content-Length: \(body.count)\r\n\r\n"
        let request = Array(head.utf8) + body
        guard write(connection, request, request.count) == request.count else { return nil }
        var answer = Data()
        var buffer = [UInt8](repeating: 0, count: 16384)
        while case let count = read(connection, &buffer, buffer.count), count > 0 {
            answer.append(contentsOf: buffer[..<count])
        }
        guard let end = answer.range(of: Data("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: answer[..<end.lowerBound], as: UTF8.self)
        guard let status = lines.split(separator: " ").dropFirst().first else { return nil }
        return (Int(status) ?? 0, lines, answer[end.upperBound...])
    }
}
