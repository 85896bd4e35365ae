/// One request of HTTP/1.1, after whose response the connection ends. Pure.
struct HTTPRequest: Sendable, Hashable {
    var method = "GET"
    /// The path with its query.
    var target: String
    /// As JSON.
    var body: [UInt8]?
    /// What the connection is to become after the response's head.
    var upgrade: String?

    /// What is sent.
    var bytes: [UInt8] {
        let connection = upgrade.map { "Upgrade\r\nUpgrade: \($0)" } ?? "close"
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: \(connection)\r\n"
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        return Array("\(head)\r\n".utf8) + (body ?? [])
    }
}
