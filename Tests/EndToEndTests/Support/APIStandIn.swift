import Foundation
import TestSupport

/// A stand-in for a cluster's API server, as far as devloop reads it: a server at a socket of this machine, on which
/// every Deployment is ready and runs what was pushed, and nothing ever changes.
struct APIStandIn: Sendable {
    /// Its socket, to which that of the stand-in for `kubectl proxy` is a link.
    static let name = "api"

    private let server: LocalServer

    /// - Parameter folder: where its socket is. A file `bad` there makes the Deployment web fail.
    init(folder: String) throws {
        server = try LocalServer(at: "\(folder)/\(Self.name)") { target in
            let path = target.prefix { $0 != "?" }
            guard target.contains("watch=true") || path.hasSuffix("/log") else {
                return .response(200, Self.answer(String(path), folder: folder))
            }
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            return LocalServer.Answer(bytes: Array(head.utf8), staysOpen: true)
        }
    }

    /// What was asked for, in order.
    var requests: [String] { server.requests }

    private static func answer(_ path: String, folder: String) -> String {
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

    private static func pod(_ name: String) -> String {
        """
        {"metadata":{"name":"\(name)-1-a","namespace":"default","uid":"\(name)","labels":{"pod-template-hash":"1"},\
        "ownerReferences":[{"kind":"ReplicaSet","name":"\(name)-1","controller":true}]},\
        "spec":{"containers":[{"name":"c","image":"registry:5000/shop/\(name):latest"}]},\
        "status":{"phase":"Running","containerStatuses":[{"name":"c",\
        "imageID":"registry:5000/shop/\(name)@sha256:0123","state":{"running":{}}}]}}
        """
    }
}
