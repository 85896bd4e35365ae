/// Why something could not be read, in the words in which kubectl says it. Pure.
struct ReadFailure: Error, Hashable {
    var said: String
    /// Whether nobody was there to ask the cluster: kubectl was ended, or could not be started.
    var isOutage = false
    var advice: String?

    init(_ said: String, isOutage: Bool = false, advice: String? = nil) {
        self.said = said
        self.isOutage = isOutage
        self.advice = advice
    }

    /// What a command of kubectl's that failed said.
    init(_ output: CommandOutput) {
        let isOutage =
            switch output.termination {
            case .signalled, .exited(127): true
            default: false
            }
        self.init(output.errorText, isOutage: isOutage)
    }

    /// What a response of `kubectl proxy` means; `nil` where it is what was asked for.
    init?(_ response: HTTPResponse) {
        switch response.ending {
        case .refused(let reason): self.init("kubectl proxy: \(reason)", isOutage: true)
        case .malformed(let reason): self.init("kubectl proxy: the server sent \(reason)", isOutage: true)
        case .silent: self.init("Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded)")
        case .complete, .cut:
            if let head = response.head, !head.isSuccess {
                self.init(status: head.status, head.headers["content-type"] ?? "", response.body)
            } else if response.ending == .cut {
                // Of the server, or of the proxy, whose connections end with it.
                self.init("error: unexpected EOF", isOutage: response.head == nil)
            } else {
                return nil
            }
        }
    }

    private init(status: Int, _ type: String, _ body: [UInt8]) {
        if let json = try? JSONParser.parse(body), json["kind"]?.string == "Status" {
            self.init(json)
            return
        }
        let text = CommandOutput(termination: .exited(0), standardOutput: body).text
        switch status {
        case 401: self.init("error: You must be logged in to the server (Unauthorized)")
        case 403: self.init("Error from server (Forbidden): \(text)")
        case 404: self.init("Error from server (NotFound): the server could not find the requested resource")
        case 429: self.init("Error from server (TooManyRequests): \(text)")
        // What the proxy says where it can't ask the server.
        case 500 where type.hasPrefix("text/plain"): self.init(unasked: text)
        case 502, 503, 504:
            self.init(
                "Error from server (ServiceUnavailable): the server is currently unable to handle the request")
        default:
            self.init(
                "Error from server: an error on the server (\"\(text)\") has prevented the request from succeeding")
        }
    }

    /// What the server says, as a Status
    /// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).
    init(_ status: JSONValue) {
        let (reason, message) = (status["reason"]?.string ?? "", status["message"]?.string ?? "")
        switch reason {
        case "Unauthorized": self.init("error: You must be logged in to the server (Unauthorized)")
        case "": self.init("Error from server: \(message)")
        default: self.init("Error from server (\(reason)): \(message)")
        }
    }

    private init(unasked reason: String) {
        let mark = ": connect: connection refused"
        if reason.hasPrefix("dial tcp "), reason.hasSuffix(mark) {
            let host = reason.dropFirst("dial tcp ".count).dropLast(mark.count)
            self.init("The connection to the server \(host) was refused - did you specify the right host or port?")
        } else {
            self.init("Unable to connect to the server: \(reason)")
        }
    }
}
