import Foundation
import Testing

/// Fails, rather than lets the tests on a real engine skip themselves, where `DEVLOOP_REQUIRE_DOCKER` is 1.
@Test(.enabled(if: ProcessInfo.processInfo.environment["DEVLOOP_REQUIRE_DOCKER"] == "1"))
func theRealThingIsThereWhereItIsRequired() {
    #expect(DockerStage.isAvailable, "docker info does not answer: Scripts/setup starts an engine")
    #expect(TestRegistry.answers, "no registry at localhost:5000: Scripts/setup --for-tests starts one")
    #expect(TinyProject.isPossible, "no /bin/busybox: Scripts/setup --for-tests installs it")
}

/// One after the other: two at once would only fight for the machine.
@Suite(.serialized) struct BlogTests {
    @Suite("on plain Docker", .enabled(if: DockerStage.isAvailable, "needs a Docker Engine"), .serialized)
    struct OnDocker {
        @Test(.timeLimit(.minutes(5))) func theBlogRunsFollowsEditsAndLeavesNothing() async throws {
            try await BlogScenarios.with({ _ in DockerStage() }) { try await $0.aDayWithTheBlog() }
        }

        @Test(.timeLimit(.minutes(10))) func afterAStormOfSavesEveryServiceRunsWhatWasSavedLast() async throws {
            try await BlogScenarios.with({ _ in DockerStage() }) {
                try await $0.aStormOfSaves(200, seed: UInt64.random(in: 0...UInt64.max))
            }
        }
    }

    @Suite(
        "on Kubernetes",
        .enabled(if: KubernetesStage.isAvailable, "needs DEVLOOP_E2E_CONTEXT and DEVLOOP_E2E_REGISTRY"), .serialized)
    struct OnKubernetes {
        @Test(.timeLimit(.minutes(5))) func theBlogRunsFollowsEditsAndLeavesNothing() async throws {
            try await BlogScenarios.with({ KubernetesStage(namespace: $0.name) }) { try await $0.aDayWithTheBlog() }
        }

        @Test(.timeLimit(.minutes(10))) func afterAStormOfSavesEveryServiceRunsWhatWasSavedLast() async throws {
            try await BlogScenarios.with({ KubernetesStage(namespace: $0.name) }) {
                try await $0.aStormOfSaves(200, seed: UInt64.random(in: 0...UInt64.max))
            }
        }
    }
}
