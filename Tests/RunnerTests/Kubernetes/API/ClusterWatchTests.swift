import Synchronization
import Testing

@testable import Runner

@Suite(.timeLimit(.minutes(1))) struct ClusterWatchTests {
    /// What a watch told, and how it ended.
    private func watch(
        _ answer: FakeCluster.Answer, from version: String? = "1"
    ) async throws -> (told: [String], end: ClusterWatch.End) {
        let cluster = FakeCluster(["GET /api/v1/nodes?watch=true&allowWatchBookmarks=true*": answer])
        let told = Mutex<[String]>([])
        let end = try await ClusterWatch(cluster: cluster, list: .nodes).run(from: version) { change, object in
            told.withLock { $0.append("\(change) \(object["name"]?.string ?? "")") }
        }
        return (told.withLock { $0 }, end)
    }

    private static let lines = [
        #"{"type":"ADDED","object":{"name":"a","metadata":{"resourceVersion":"2"}}}"#,
        #"{"type":"MODIFIED","object":{"name":"a","metadata":{"resourceVersion":"3"}}}"#,
        #"{"type":"DELETED","object":{"name":"a","metadata":{"resourceVersion":"4"}}}"#,
    ]

    @Test func eachChangeIsToldHoweverItComes() async throws {
        let text = Self.lines.map { "\($0)\n" }.joined()
        let cut = text.index(text.startIndex, offsetBy: 100)
        for parts in [[text], [String(text[..<cut]), String(text[cut...])], text.map { String($0) }] {
            let (told, end) = try await watch(FakeCluster.Answer(parts: parts))
            #expect(told == ["added a", "modified a", "deleted a"])
            #expect(end.version == "4")
            #expect(end.failure == nil && end.hasBegun && end.hasEvents)
        }
    }

    @Test func aBookmarkIsNoChangeButWhereTheNextWatchGoesOn() async throws {
        let (told, end) = try await watch(
            .says(#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}"#, "{}", "{ no JSON }"))
        #expect(told == [])
        #expect(end.version == "9")
        #expect(end.hasBegun && !end.hasEvents)
    }

    @Test func aVersionThatIsForgottenIsNoRefusal() async throws {
        let (_, end) = try await watch(
            .says(#"{"type":"ERROR","object":{"kind":"Status","reason":"Expired","message":"too old"}}"#))
        #expect(end.isExpired && !end.hasBegun)
    }

    @Test func whatKeepsItFromBeginningIsTold() async throws {
        let (_, end) = try await watch(.fails("Error from server (Forbidden): no"))
        #expect(end.failure == ReadFailure("Error from server (Forbidden): no"))
        #expect(!end.hasBegun && !end.isExpired)
    }
}
