import Synchronization

/// One watch of a list of the API server's: each change from a version of the list on
/// (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes).
struct ClusterWatch: Sendable {
    enum Change: String, Sendable {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
    }

    /// How a watch has ended.
    struct End: Sendable {
        /// Why; `nil` where the server ended it, as it ends each after some minutes.
        var failure: ReadFailure?
        /// Where the next watch goes on.
        var version: String?
        /// Whether the server has let it begin.
        var hasBegun: Bool
        /// Whether it told of anything.
        var hasEvents: Bool

        /// Whether the server can't go on from ``version``: the list has to be read again.
        var isExpired: Bool { failure.map { $0.said.contains("(Expired)") || $0.said.contains("(Gone)") } ?? false }
    }

    fileprivate struct State {
        var lines = LineSplitter()
        var version: String?
        var hasEvents = false
        var failure: ReadFailure?
    }

    let cluster: any ClusterReading
    let list: ClusterQuery

    /// Watches until the server ends it, or it fails.
    /// - Parameters:
    ///   - version: where it begins; `nil` begins with each object that is there, as an added one.
    ///   - onChange: is handed each changed object, on a thread that it may hold up.
    /// - Throws: `CancellationError`.
    func run(
        from version: String?, onChange: @escaping @Sendable (Change, JSONValue) -> Void
    ) async throws -> End {
        let state = Mutex(State(version: version))
        let answer = try await cluster.read(list.watched(from: version)) { piece in
            let changes = state.withLock { $0.take(piece) }
            for (change, object) in changes { onChange(change, object) }
        }
        return state.withLock {
            End(
                failure: $0.failure ?? answer.failure, version: $0.version,
                hasBegun: answer.hasBegun && $0.failure == nil, hasEvents: $0.hasEvents)
        }
    }
}

extension ClusterWatch.State {
    mutating func take(_ piece: UnsafeRawBufferPointer) -> [(ClusterWatch.Change, JSONValue)] {
        var changes: [(ClusterWatch.Change, JSONValue)] = []
        for line in lines.lines(of: piece) {
            guard let event = try? JSONParser.parse(line), let type = event["type"]?.string,
                let object = event["object"]
            else { continue }
            if type == "ERROR" {
                failure = ReadFailure(object)
                continue
            }
            version = object.resourceVersion ?? version
            guard let change = ClusterWatch.Change(rawValue: type) else { continue }
            hasEvents = true
            changes.append((change, object))
        }
        return changes
    }
}

extension JSONValue {
    /// The version of an object, or of a list.
    var resourceVersion: String? { self[path: ["metadata", "resourceVersion"]]?.string }
}
