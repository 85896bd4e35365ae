/// One request of HTTP/1.1, after whose response the connection ends. Pure.
struct HTTPRequest: Sendable, Hashable {
    var method = "GET"
    /// The path with its query.
    var target: String
    /// As JSON.
    var body: [UInt8]?

    /// What is sent.
    var bytes: [UInt8] {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        return Array("\(head)\r\n".utf8) + (body ?? [])
    }
}
