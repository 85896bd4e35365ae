import Foundation
import Runner
import Synchronization
import Testing

@testable import devloop

/// Who may change which cluster.
@Suite struct ClusterPermissionTests {
    /// A user who answers, and what was asked and told.
    private final class User: Sendable {
        private let said = Mutex<[String]>([])
        let answer: Bool
        init(answers answer: Bool) { self.answer = answer }
        var heard: [String] { said.withLock { $0 } }
        @Sendable func ask(_ lines: [String]) -> Bool {
            said.withLock { $0 += lines }
            return answer
        }
        @Sendable func hear(_ text: String) { said.withLock { $0.append(text) } }
    }

    private let state = FileManager.default.temporaryDirectory.path + "/devloop-state-" + UUID().uuidString
    private let cluster = ClusterIdentity(context: "prod", server: "https://1.2.3.4", namespace: "shop")

    private func permission(
        _ user: User?, project: String = "/a/devloop.json", allowedContexts: [String] = [], isGiven: Bool = false,
        state: String? = nil
    ) -> ClusterPermission {
        ClusterPermission(
            project: project, allowedContexts: allowedContexts, isGiven: isGiven,
            answers: ClusterAnswers(environment: ["XDG_STATE_HOME": state ?? self.state]), ask: user.map { $0.ask },
            warn: { user?.hear($0) })
    }

    @Test func aLocalClusterIsNotAskedAbout() async throws {
        try await permission(nil).check(
            ClusterIdentity(context: "kind-a", server: "https://127.0.0.1:1", namespace: "default"))
    }

    @Test func theFlagAndTheFileAllow() async throws {
        try await permission(nil, isGiven: true).check(cluster)
        try await permission(nil, allowedContexts: ["other", "prod"]).check(cluster)
        await #expect(throws: TargetError.self) {
            try await permission(nil, allowedContexts: ["prod2", "PROD"]).check(cluster)
        }
    }

    @Test func withoutATerminalItIsRefusedWithTheWaysToAllowIt() async throws {
        let error = try await #require(throws: TargetError.self) { try await permission(nil).check(cluster) }
        #expect(error.severity == .configuration)
        for word in ["prod", "https://1.2.3.4", "shop"] { #expect(error.summary.contains(word)) }
        for word in ["--yes", "\"allowedContexts\": [\"prod\"]"] { #expect(error.advice?.contains(word) == true) }
    }

    @Test func aYesIsKeptForThisProjectContextServerAndNamespaceAlone() async throws {
        defer { try? FileManager.default.removeItem(atPath: state) }
        let user = User(answers: true)
        try await permission(user).check(cluster)
        for word in ["prod", "https://1.2.3.4", "shop"] { #expect(user.heard.contains { $0.contains(word) }) }
        try await permission(nil).check(cluster)

        for (key, value) in [(\ClusterIdentity.context, "b"), (\.server, "https://b"), (\.namespace, "b")] {
            var other = cluster
            other[keyPath: key] = value
            await #expect(throws: TargetError.self) { try await permission(nil).check(other) }
        }
        await #expect(throws: TargetError.self) {
            try await permission(nil, project: "/b/devloop.json").check(cluster)
        }
    }

    @Test func aNoIsNotKept() async throws {
        let user = User(answers: false)
        await #expect(throws: TargetError.self) { try await permission(user).check(cluster) }
        #expect(!FileManager.default.fileExists(atPath: state))
    }

    @Test func anAnswerThatCannotBeKeptCountsAllTheSame() async throws {
        let user = User(answers: true)
        try await permission(user, state: "/dev/null").check(cluster)
        #expect(user.heard.contains { $0.contains("could not be kept") })
    }

    @Test(
        arguments: [
            (["XDG_STATE_HOME": "/s", "HOME": "/h"], "/s/devloop/allowed-clusters"),
            (["HOME": "/h"], "/h/.local/state/devloop/allowed-clusters"),
            (["XDG_STATE_HOME": "relative", "HOME": "/h"], "/h/.local/state/devloop/allowed-clusters"),
            ([:], nil),
        ] as [([String: String], String?)])
    func answersAreKeptInTheUsersStateFolder(environment: [String: String], folder: String?) {
        #expect(ClusterAnswers(environment: environment).folder == folder)
    }
}
