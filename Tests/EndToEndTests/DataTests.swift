import Foundation
import Testing

/// Data outlives `devloop down`, which names it, until `devloop down --data`.
@Suite(.enabled(if: TinyProject.isPossible, "needs a static busybox"), .serialized, .timeLimit(.minutes(8)))
struct DataTests {
    /// A claim, and one that a StatefulSet makes of its template. Of the volumes of a cluster, this says where they are.
    private static let manifest =
        "apiVersion: v1\nkind: Namespace\nmetadata: { name: NAME }\n---\n"
        + ["claim", "data-db-0"].map { claim in
            """
            apiVersion: v1
            kind: PersistentVolume
            metadata: { name: NAME-\(claim) }
            spec:
              accessModes: [ReadWriteOnce]
              capacity: { storage: 1Mi }
              claimRef: { namespace: NAME, name: \(claim) }
              hostPath: { path: /tmp/NAME-\(claim), type: DirectoryOrCreate }
              persistentVolumeReclaimPolicy: Delete
              storageClassName: ""
            ---

            """
        }.joined() + """
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: { name: claim }
            spec:
              accessModes: [ReadWriteOnce]
              resources: { requests: { storage: 1Mi } }
              storageClassName: ""
            ---
            apiVersion: v1
            kind: Service
            metadata: { name: db }
            spec: { clusterIP: None, selector: { app: db } }
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: { name: db }
            spec:
              serviceName: db
              selector: { matchLabels: { app: db } }
              template:
                metadata: { labels: { app: db } }
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: [{ name: db, image: IMAGE, volumeMounts: [{ name: data, mountPath: /data }] }]
              volumeClaimTemplates:
                - metadata: { name: data }
                  spec:
                    accessModes: [ReadWriteOnce]
                    resources: { requests: { storage: 1Mi } }
                    storageClassName: ""
            """

    private static let deployment = TinyProject.deployment(
        "          volumeMounts: [{ name: data, mountPath: /data }, { name: scratch, mountPath: /scratch }]",
        pod: """
                  volumes:
                    - { name: data, persistentVolumeClaim: { claimName: claim } }
                    - { name: scratch, emptyDir: {} }
            """)

    @Test(arguments: TinyPlace.there) func whatWasWrittenIsThereAgainUntilItIsDeletedToo(place: TinyPlace) async throws
    {
        let project = try TinyProject(
            manifests: Self.deployment.merging(["1.yaml": Self.manifest]) { $1 })
        defer { project.remove() }
        let stage = DataStage(project: project, place: place)
        let result: Result<Void, any Error>
        do {
            try await check(stage)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await stage.cleanUp()
        try result.get()
    }

    private func check(_ stage: DataStage) async throws {
        try await stage.running {
            for workload in DataStage.workloads { try await stage.write("kept", in: workload) }
        }
        let name = stage.project.name
        let claims = ["claim", "data-db-0"]
        let first = try await stage.down()
        let left: [String]
        switch stage.place {
        case .docker: left = claims.map { "volume devloop-\(name)-\($0) left: the data of claim \($0)" }
        case .cluster:
            left =
                claims.map { #"persistentvolumeclaim "\#($0)" left"# }
                + (claims.map { "persistentvolume \"\(name)-\($0)\" left" } + ["namespace \"\(name)\" left"])
        }
        #expect(Set(first.filter { $0.contains(" left") && !$0.contains("delete it with") }) == Set(left))
        let advice = try #require(first.first { $0.contains("what was left may hold data; delete it with: ") })
        #expect(advice.contains(" down --data "))
        let remaining = try await stage.remaining()
        #expect(remaining.count == (stage.place == .docker ? 2 : 5), "\(remaining)")

        try await stage.running {
            let read = try await stage.readAll()
            #expect(read == ["kept", "kept"])
        }
        let second = try await stage.down("--data")
        #expect(!second.contains { $0.contains(" left") }, "\(second)")
        let gone = try await Shell.eventually {
            try await stage.remaining()
        } is: {
            $0.isEmpty
        }
        #expect(gone == [])

        try await stage.running {
            let read = try await stage.readAll()
            #expect(read == ["", ""])
        }
        _ = try await stage.down("--data")
    }
}

/// A project with data where it runs, and what is left of it.
private struct DataStage {
    static let workloads = ["deployment/app", "statefulset/db"]

    let project: TinyProject
    let place: TinyPlace

    private var context: String { "--context=\(KubernetesStage.context ?? "")" }
    private var flags: [String] {
        place == .docker ? ["--target=docker"] : KubernetesStage(namespace: project.name).flags
    }

    /// `devloop dev` until its service is live, and then the body.
    func running(_ body: () async throws -> Void) async throws {
        let dev = try DevloopProcess(["dev", "--color=never"] + flags, folder: project.folder)
        try await dev.line(containing: "✓ app live in")
        try await body()
        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0)
    }

    /// The lines of `devloop down`.
    func down(_ more: String...) async throws -> [String] {
        let down = try DevloopProcess(["down", "--color=never"] + more + flags, folder: project.folder)
        #expect(await down.exitStatus() == 0, "\(down.output)")
        return down.output.split(separator: "\n").map(String.init)
    }

    func write(_ text: String, in workload: String) async throws {
        _ = try await shell("echo \(text) >/data/value; echo \(text) >/scratch/value || true", in: workload)
    }

    /// What each of the workloads finds.
    func readAll() async throws -> [String] {
        var values: [String] = []
        for workload in Self.workloads {
            let text = try await shell("/bin/busybox cat /data/value 2>/dev/null || true", in: workload)
            values.append(text.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        return values
    }

    private func shell(_ script: String, in workload: String) async throws -> String {
        let words = ["/bin/busybox", "sh", "-c", script]
        guard place == .docker else {
            return try await Shell.attempt(
                "kubectl", [context, "--namespace=\(project.name)", "exec", workload, "--"] + words
            ).text
        }
        let id = try await Shell.run(
            "docker", "ps", "--quiet", filter, "--filter=label=dev.devloop.workload=\(workload)")
        return try await Shell.attempt("docker", ["exec", id.trimmingCharacters(in: .whitespacesAndNewlines)] + words)
            .text
    }

    private var filter: String { "--filter=label=dev.devloop.project=\(project.name)" }

    /// What there is of the project; the pods that are about to end are none of it.
    func remaining() async throws -> [String] {
        switch place {
        case .docker:
            var left: [String] = []
            for kind in [["ps", "--all"], ["network", "ls"], ["volume", "ls"]] {
                left += lines(try await Shell.attempt("docker", kind + ["--quiet", filter]).text)
            }
            return left
        case .cluster:
            let kinds = "deployments,statefulsets,services,persistentvolumeclaims"
            let inside = try await Shell.attempt(
                "kubectl", [context, "--namespace=\(project.name)", "get", kinds, "--output=name"])
            let around = try await Shell.attempt(
                "kubectl", [context, "get", "namespaces,persistentvolumes", "--output=name"])
            return lines(inside.text) + lines(around.text).filter { $0.contains(project.name) }
        }
    }

    private func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    func cleanUp() async {
        _ = try? await Shell.attempt("docker", ["rmi", "\(project.name)/app"])
        _ = try? await down("--data")
    }
}
