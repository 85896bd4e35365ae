/// A request to the Docker Engine's API (https://docs.docker.com/reference/api/engine/).
///
/// No version is named: the engine takes its own newest one then, as the reference says of a path without a prefix
/// (https://docs.docker.com/reference/api/engine/version/v1.41/#section/Versioning). What is asked for here is the same
/// from engine 20.10 to 29.
struct EngineRequest: Sendable, Hashable {
    var method = "GET"
    /// With its query.
    var path: String
    /// May hold a value of a Secret: it is sent, and stands in nobody's list of processes and in no list of commands.
    var body: JSONValue?

    /// As it is sent.
    var http: HTTPRequest {
        HTTPRequest(method: method, target: path, body: body.map { Array($0.description.utf8) })
    }
}

extension EngineRequest: CustomStringConvertible {
    /// `POST /containers/create?name=shop-web`, without its body.
    var description: String { "\(method) \(path)" }
}

extension EngineRequest {
    /// What the engine says of itself, its clock among it.
    static let information = EngineRequest(path: "/info")

    /// Makes ready to run a program in a container, with our input and for our eyes.
    static func exec(_ words: [String], in container: String) -> EngineRequest {
        let body: JSONValue = [
            "AttachStdin": true, "AttachStdout": true, "AttachStderr": true, "Cmd": .array(words.map { .string($0) }),
        ]
        return EngineRequest(method: "POST", path: "/containers/\(container)/exec", body: body)
    }

    /// The same for a program that is asked something: for its words only.
    static func probe(_ words: [String], in container: String) -> EngineRequest {
        let body: JSONValue = [
            "AttachStdout": true, "AttachStderr": true, "Cmd": .array(words.map { .string($0) }),
        ]
        return EngineRequest(method: "POST", path: "/containers/\(container)/exec", body: body)
    }

    /// Ends its program, within its grace time, and starts it again where it is to run again.
    static func end(_ container: String, isRestarted: Bool) -> EngineRequest {
        EngineRequest(method: "POST", path: "/containers/\(container)/\(isRestarted ? "restart" : "stop")")
    }

    /// Runs it.
    static func startExec(_ id: String) -> EngineRequest {
        EngineRequest(method: "POST", path: "/exec/\(id)/start", body: ["Detach": false, "Tty": false])
    }

    /// What became of it.
    static func inspectExec(_ id: String) -> EngineRequest { EngineRequest(path: "/exec/\(id)/json") }

    /// A container to look into, which is never started.
    static func unstarted(_ image: String) -> EngineRequest {
        let body: JSONValue = ["Image": .string(image), "Entrypoint": ["/bin/sh"], "NetworkDisabled": true]
        return EngineRequest(method: "POST", path: "/containers/create", body: body)
    }

    /// What is at a path in a container.
    static func archive(of container: String, path: String) -> EngineRequest {
        EngineRequest(path: "/containers/\(container)/archive?path=\(path.percentEncoded)")
    }

    /// Whether something is at a path in a container; links on the way to it are followed.
    static func stat(of container: String, path: String) -> EngineRequest {
        EngineRequest(method: "HEAD", path: archive(of: container, path: path).path)
    }

    static func removal(of container: String) -> EngineRequest {
        EngineRequest(method: "DELETE", path: "/containers/\(container)?force=true&v=true")
    }

    /// Starts, ends, what ends them, and removals of containers with a label (`name=value`) from a time on, until the connection ends.
    static func events(label: String, since time: EngineTime) -> EngineRequest {
        let filters: JSONValue = [
            "type": ["container"], "event": ["start", "die", "kill", "oom", "destroy"], "label": [.string(label)],
        ]
        return EngineRequest(path: "/events?since=\(time)&filters=\(filters.description.percentEncoded)")
    }

    static func inspect(_ container: String) -> EngineRequest { EngineRequest(path: "/containers/\(container)/json") }

    /// What a container has written, each line after its time; with what it still writes where that is followed.
    static func log(of id: String, follows: Bool, from start: EngineLogStart) -> EngineRequest {
        var path = "/containers/\(id)/logs?stdout=true&stderr=true&timestamps=true"
        if follows { path += "&follow=true" }
        switch start {
        case .beginning: break
        case .time(let time): path += "&since=\(time)"
        case .lastLines(let count): path += "&tail=\(count)"
        }
        return EngineRequest(path: path)
    }
}

/// Where the reading of a container's log begins.
enum EngineLogStart: Sendable, Hashable {
    case beginning
    /// With the lines of this time.
    case time(EngineTime)
    case lastLines(Int)

    /// - Parameter now: tests give another one than this machine's.
    init(_ start: LogStart, now: Int = LogTime.now) {
        self =
            switch start {
            case .beginning: .beginning
            case .time(let text): EngineTime(text).map { .time($0) } ?? .beginning
            case .ago(let time): .time(EngineTime(seconds: now - Int(time.components.seconds)))
            case .lastLines(let count): .lastLines(count)
            }
    }
}
