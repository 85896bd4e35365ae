import Foundation
import Synchronization

/// A stand-in for a cluster's API server, as far as devloop reads it: a server at a socket of this machine, on which
/// every Deployment is ready and runs what was pushed, and nothing ever changes.
final class APIStandIn: Sendable {
    /// Its socket, to which that of the stand-in for `kubectl proxy` is a link.
    static let name = "api"

    private let folder: String
    private let listener: Int32
    private let asked = Mutex<[String]>([])

    #if canImport(Darwin)
        private static let stream = SOCK_STREAM
        private static let noSignal: Int32 = 0
    #else
        private static let stream = Int32(SOCK_STREAM.rawValue)
        private static let noSignal = Int32(MSG_NOSIGNAL)
    #endif

    /// - Parameter folder: where its socket is. A file `bad` there makes the Deployment web fail.
    init(folder: String) throws {
        self.folder = folder
        listener = socket(AF_UNIX, Self.stream, 0)
        _ = fcntl(listener, F_SETFD, FD_CLOEXEC)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: Array("\(folder)/\(Self.name)".utf8).prefix(103))
        }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound, listen(listener, 64) == 0 else { throw POSIXError(.EADDRINUSE) }
        let queue = listener
        Thread.detachNewThread { [weak self] in
            while case let client = accept(queue, nil, nil), client >= 0 {
                guard let self else { return _ = close(client) }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                Thread.detachNewThread { self.serve(client) }
            }
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// What was asked for, in order.
    var requests: [String] { asked.withLock { $0 } }

    private func serve(_ client: Int32) {
        defer { close(client) }
        var request: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !request.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            let count = recv(client, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            request += buffer[..<count]
        }
        let words = String(decoding: request, as: UTF8.self).split(separator: " ")
        let target = words.count > 1 ? String(words[1]) : ""
        asked.withLock { $0.append(target) }
        let path = target.prefix { $0 != "?" }
        if target.contains("watch=true") || path.hasSuffix("/log") {
            send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", to: client)
            // Until the client goes.
            _ = recv(client, &buffer, buffer.count, 0)
        } else {
            let body = answer(String(path))
            send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)", to: client)
        }
    }

    private func send(_ text: String, to client: Int32) {
        _ = text.withCString { Foundation.send(client, $0, strlen($0), Self.noSignal) }
    }

    private func answer(_ path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        switch name {
        case "pods": return #"{"metadata":{"resourceVersion":"1"},"items":[\#(pod("web")),\#(pod("api"))]}"#
        case "web" where FileManager.default.fileExists(atPath: "\(folder)/bad"):
            return
                #"{"kind":"Deployment","status":{"conditions":[{"type":"Progressing","reason":"ProgressDeadlineExceeded"}]}}"#
        case "web", "api":
            return #"{"kind":"Deployment","status":{"replicas":1,"updatedReplicas":1,"availableReplicas":1}}"#
        default: return #"{"metadata":{"resourceVersion":"1"},"items":[]}"#
        }
    }

    private func pod(_ name: String) -> String {
        """
        {"metadata":{"name":"\(name)-1-a","namespace":"default","uid":"\(name)","labels":{"pod-template-hash":"1"},\
        "ownerReferences":[{"kind":"ReplicaSet","name":"\(name)-1","controller":true}]},\
        "spec":{"containers":[{"name":"c","image":"registry:5000/shop/\(name):latest"}]},\
        "status":{"phase":"Running","containerStatuses":[{"name":"c",\
        "imageID":"registry:5000/shop/\(name)@sha256:0123","state":{"running":{}}}]}}
        """
    }
}
