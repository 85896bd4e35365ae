import Foundation
import Testing

/// Random projects on one Docker, two at a time, often of one name: what runs, what is stored, who answers, and what
/// `down` leaves is compared with ``ProjectModel``.
///
/// `DEVLOOP_ORACLE_CASES` is the number of cases, `DEVLOOP_ORACLE_SEED` where they begin; a failing case names its seed.
@Suite(.enabled(if: Docker.isThere), .serialized) struct ProjectFuzzTests {
    @Test(.timeLimit(.minutes(60))) func projectsAreOnlyEverTheirOwn() async throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["DEVLOOP_ORACLE_CASES"].flatMap { Int($0) } ?? 4
        let firstSeed = environment["DEVLOOP_ORACLE_SEED"].flatMap { UInt64($0) } ?? 1
        _ = try await TinyImage.build(
            RandomProjects.base,
            """
            RUN ["sh", "-c", "echo decoy >/image"]
            CMD ["sh", "-c", "trap 'exit 0' TERM; for d in /c*; do [ -d $d ] && echo $ME >>$d/marks; done; \
            busybox mkdir /www; echo $ME >/www/index.html; busybox httpd -p 80 -h /www; \
            while :; do busybox sleep 1000 & wait; done"]
            """)
        for seed in firstSeed..<(firstSeed + UInt64(count)) {
            let projects = RandomProjects(seed: seed)
            let stage = try ProjectStage(projects)
            do {
                try await check(ProjectModel(projects: projects), on: stage)
            } catch {
                Issue.record("seed \(seed): \(error)\n\(projects)")
            }
            await stage.cleanUp()
        }
    }

    private func check(_ model: ProjectModel, on stage: ProjectStage) async throws {
        let indices = Array(model.projects.projects.indices)
        try await stage.tagDecoys()
        let runs = try indices.map { try stage.dev($0) }
        for index in indices {
            if model.isRefused(index) {
                let status = await runs[index].exitStatus()
                guard status == 78 else { throw Docker.Failure(text: "refused with \(status): \(runs[index].output)") }
            } else {
                try await stage.awaitLive(index, runs[index])
            }
        }
        let running = indices.filter { !model.isRefused($0) }
        for index in running { runs[index].signal(SIGTERM) }
        for index in running { _ = await runs[index].exitStatus() }
        try await expect(running, of: model, on: stage, "at first")

        // Nothing of what goes on running is touched by a `down` of another, and what comes again begins afresh.
        let ids = try await stage.containers(of: 0)
        try await stage.down(indices.last ?? 0)
        try await expect(running.filter { $0 == 0 }, of: model, on: stage, "after the other's down")
        let same = try await stage.containers(of: 0)
        guard same == ids else { throw Docker.Failure(text: "a down replaced containers of another project") }
        try await stage.down(0)
        let left = try await stage.everything()
        guard left.isEmpty else { throw Docker.Failure(text: "down leaves \(left)") }
    }

    private func expect(_ indices: [Int], of model: ProjectModel, on stage: ProjectStage, _ moment: String) async throws
    {
        let expected = indices.map { model.sights(of: $0) }.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        let seen = try await Shell.eventually(within: .seconds(20), { try await stage.sights() }) { seen in
            Self.differences(seen, expected).isEmpty
        }
        let differences = Self.differences(seen, expected)
        guard differences.isEmpty else {
            throw Docker.Failure(text: "\(moment):\n\(differences.joined(separator: "\n"))")
        }
    }

    private static func differences(
        _ seen: [String: [ProjectModel.Sight]], _ expected: [String: ProjectModel.Sight]
    ) -> [String] {
        Set(seen.keys).union(expected.keys).sorted().compactMap { pod in
            let found = seen[pod] ?? []
            guard let wanted = expected[pod] else { return "\(pod) should not run" }
            guard found.count == 1 else { return "\(pod) runs \(found.count) times" }
            // By its own name, a bare Pod finds itself on a cluster; here nobody.
            let names = Set(found[0].answers.keys).union(wanted.answers.keys).filter { !pod.hasSuffix("/Pod/\($0)") }
            let answers = names.allSatisfy { name in
                guard let who = found[0].answers[name], let right = wanted.answers[name] else { return false }
                return who.isSubset(of: right)
            }
            let isSame = found[0].image == wanted.image && found[0].marks == wanted.marks && answers
            return isSame ? nil : "\(pod)\n    \(found[0])\n    should be\n    \(wanted)"
        }
    }
}
