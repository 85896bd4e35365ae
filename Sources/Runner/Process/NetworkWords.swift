/// How programs that are written in Go say that a server can't be reached: docker, kubectl, kubelet and what they ask
/// (the errors of https://pkg.go.dev/net and https://pkg.go.dev/net/http).
enum NetworkWords {
    /// There is no way to it.
    static let noWay = ["connection refused", "no such host", "no route to host", "network is unreachable"]
    /// It broke off.
    static let broken = ["connection reset", "broken pipe", "unexpected EOF"]
    /// It takes too long.
    static let slow = ["i/o timeout", "TLS handshake timeout", "context deadline exceeded", "request canceled"]

    static let all = noWay + broken + slow
}
