/// One request of HTTP/1.1, after whose response the connection ends. Pure.
struct HTTPRequest: Sendable {
    var method = "GET"
    /// The path with its query.
    var target: String
    /// As JSON.
    var body: [UInt8]?
    /// What the connection is to become after the response's head.
    var upgrade: String?
    var host = "localhost"
    /// Beside those that every request has.
    var headers: [(name: String, value: String)] = []

    /// What is sent.
    var bytes: [UInt8] {
        let connection = upgrade.map { "Upgrade\r\nUpgrade: \($0)" } ?? "close"
        var head = "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\nConnection: \(connection)\r\n"
        for header in headers { head += "\(header.name): \(header.value)\r\n" }
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        return Array("\(head)\r\n".utf8) + (body ?? [])
    }
}
