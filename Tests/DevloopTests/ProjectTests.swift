import Foundation
import Runner
import Testing
import Watcher

@testable import devloop

/// Configurations and objects for tests of what joins them.
enum Fixture {
    static func configuration(_ text: String) throws -> Configuration {
        try Configuration.parse(Array(text.utf8), path: "/projects/shop/devloop.json", file: "devloop.json")
    }

    static func object(_ kind: String, _ name: String, images: [String] = []) -> KubernetesObject {
        let containers = JSONValue.array(images.map { ["name": "c", "image": .string($0)] })
        let spec: JSONValue =
            kind == "Pod" ? ["containers": containers] : ["template": ["spec": ["containers": containers]]]
        let json: JSONValue =
            images.isEmpty
            ? ["kind": .string(kind), "metadata": ["name": .string(name)]]
            : ["kind": .string(kind), "metadata": ["name": .string(name)], "spec": spec]
        return KubernetesObject(json) ?? KubernetesObject(["kind": "Broken"])!
    }

    static let shop =
        #"{ "manifests": ["k8s"], "registry": "localhost:5000", "services": [{ "image": "shop/web", "context": "web" }, { "image": "shop/api:dev", "context": "api" }] }"#
}

struct ProjectTests {
    private func join(_ objects: KubernetesObject..., configuration: String = Fixture.shop) throws -> Project {
        try Project(configuration: try Fixture.configuration(configuration), objects: objects)
    }

    @Test(arguments: ["shop/web", "shop/web:latest", "shop/web:1.2", "docker.io/shop/web", "localhost:5000/shop/web"])
    func anImageWithoutATagIsMeantByEveryTagOfItsName(_ image: String) throws {
        let project = try join(
            Fixture.object("Deployment", "w", images: [image]),
            Fixture.object("StatefulSet", "a", images: ["shop/api:dev"]))
        #expect(project.services[0].workloads == [Workload(kind: .deployment, name: "w")])
        #expect(project.services[1].workloads == [Workload(kind: .statefulSet, name: "a")])
    }

    @Test(arguments: ["shop/api", "shop/api:latest", "shop/api:prod", "other/shop/api:dev", "shop/api@sha256:00"])
    func anImageWithATagIsMeantByThatTagOnly(_ image: String) throws {
        let project = try join(
            Fixture.object("Deployment", "w", images: ["shop/web"]),
            Fixture.object("Deployment", "a", images: [image]))
        #expect(project.services.map(\.isOnlyBuilt) == [false, true])
    }

    @Test func whatOnlyOtherImagesAreBuiltOnNeedsNoManifest() throws {
        let objects = [Fixture.object("Deployment", "a", images: ["shop/api:dev"])]
        let project = try Project(
            configuration: try Fixture.configuration(Fixture.shop), objects: objects, bases: ["web"])
        #expect(project.services[0].workloads == [])
    }

    @Test func whatRunsOnlyWhatIsBuiltOnABaseIsNotRestartedForTheBase() throws {
        let text = Fixture.shop.replacingOccurrences(
            of: #""context": "web""#, with: #""context": "web", "workloads": ["deployment/a", "deployment/else"]"#)
        let objects = [Fixture.object("Deployment", "a", images: ["shop/api:dev"])]
        let project = try Project(configuration: try Fixture.configuration(text), objects: objects, bases: ["web"])
        #expect(project.services[0].workloads == [Workload(kind: .deployment, name: "else")])
        #expect(
            project.notices == [
                "web: deployment/a in \"workloads\" runs other images, and is restarted when those are built, this one not"
            ])
    }

    @Test func anImageThatNothingNeedsIsBuiltAndToldWithTheOneThatWasMeant() throws {
        let project = try join(
            Fixture.object("Deployment", "w", images: ["shop/web"]),
            Fixture.object("Deployment", "a", images: ["shop/apii:dev"]))
        #expect(project.services.map(\.isOnlyBuilt) == [false, true])
        #expect(
            project.notices == [
                "api: built, but nothing runs its image shop/api:dev, and no other image is built on it; "
                    + "did you mean shop/apii:dev, which a manifest uses?"
            ])
    }

    @Test func whereNoNameIsNearAllThatTheManifestsUseAreListed() throws {
        let project = try join(Fixture.object("Deployment", "w", images: ["shop/web", "postgres:16"]))
        #expect(
            project.notices == [
                "api: built, but nothing runs its image shop/api:dev, and no other image is built on it: "
                    + "the manifests use postgres:16, shop/web; \"workloads\" says what else runs it"
            ])
    }

    @Test func withoutManifestsAnImageThatNothingRunsIsToldTheKeyForIt() throws {
        let project = try join(
            configuration: Fixture.shop.replacingOccurrences(of: #""manifests": ["k8s"],"#, with: ""))
        #expect(project.services.map(\.isOnlyBuilt) == [true, true])
        #expect(project.notices.count == 2)
        #expect(project.notices[0].hasSuffix(#""workloads" says what does: ["deployment/web"], for instance"#))
    }

    @Test func anImageThatOthersAreBuiltOnNeedsNothingThatRunsIt() throws {
        let project = try Project(
            configuration: try Fixture.configuration(Fixture.shop),
            objects: [Fixture.object("Deployment", "w", images: ["shop/web"])], bases: ["api"])
        #expect(project.services.map(\.isOnlyBuilt) == [false, true])
        #expect(project.notices == [])
    }

    @Test(arguments: ["Job", "CronJob", "Rollout"])
    func anImageThatOnlyRunsByItselfStopsNoOther(_ kind: String) throws {
        let job = Fixture.object(kind, "a", images: ["shop/api:dev"])
        let project = try join(Fixture.object("Deployment", "w", images: ["shop/web"]), job)
        #expect(project.services.map(\.workloads.count) == [1, 0])
        #expect(project.services(of: job) == ["api"])
        #expect(project.notices.count == 1)
        #expect(project.notices.first?.hasPrefix("api: \(kind) a is applied once") == true)
    }

    @Test(arguments: [("ReplicaSet", Workload.Kind.replicaSet), ("ReplicationController", .replicationController)])
    func aReplicaSetIsAWorkload(_ name: String, _ kind: Workload.Kind) throws {
        let project = try join(
            Fixture.object(name, "w", images: ["shop/web"]),
            Fixture.object("Deployment", "a", images: ["shop/api:dev"]))
        #expect(project.services[0].workloads == [Workload(kind: kind, name: "w")])
        #expect(project.notices == [])
    }

    @Test func aNameThatNoImageMayHaveIsNotSuggested() throws {
        let project = try join(
            Fixture.object("Deployment", "w", images: ["shop/web"]),
            Fixture.object("Deployment", "a", images: ["Shop/api:dev?"]))
        #expect(project.notices.count == 1 && project.notices.first?.contains("did you mean") == false)
    }

    @Test(arguments: [
        ("Deploymnet", "did you mean kind: Deployment?"), ("StatefullSet", "did you mean kind: StatefulSet?"),
    ])
    func anImageThatOnlyAMisspeltKindUsesIsToldWithThatKind(_ kind: String, _ advice: String) throws {
        let configuration = try Fixture.configuration(Fixture.shop)
        let objects = [
            Fixture.object("Deployment", "w", images: ["shop/web"]),
            Fixture.object(kind, "a", images: ["shop/api:dev"]),
        ]
        do throws(ConfigurationError) {
            _ = try Project(configuration: configuration, objects: objects)
            Issue.record("a kind that cannot be restarted was accepted")
        } catch {
            #expect(error.lines.first?.contains("is used by \(kind) a") == true, "\(error.lines)")
            #expect(error.advice == advice)
        }
    }

    @Test func aPodOfTwoServicesNeedsBoth() throws {
        let object = Fixture.object("Deployment", "both", images: ["shop/web", "shop/api:dev"])
        let project = try join(object, Fixture.object("Service", "s"))
        #expect(project.services(of: object) == ["web", "api"])
        #expect(project.services(of: Fixture.object("Service", "s")) == [])
        #expect(project.label(of: Workload(kind: .deployment, name: "both")) == "both")
    }

    @Test func logsAreHeadedByTheServiceAndFollowedForEveryWorkload() throws {
        let project = try join(
            Fixture.object("Deployment", "web-depl", images: ["shop/web"]),
            Fixture.object("Pod", "api-pod", images: ["shop/api:dev"]),
            Fixture.object("StatefulSet", "db", images: ["postgres"]))
        #expect(project.label(of: Workload(kind: .deployment, name: "web-depl")) == "web")
        #expect(project.label(of: Workload(kind: .statefulSet, name: "db")) == "db")
        #expect(project.workloads.map(\.name).sorted() == ["api-pod", "db", "web-depl"])
    }

    @Test func withoutManifestsTheWorkloadsAreThoseThatAreNamed() throws {
        let named = #"{ "services": [{ "image": "a/b", "context": "c", "workloads": ["deploy/x"] }] }"#
        #expect(try join(configuration: named).services[0].workloads == [Workload(kind: .deployment, name: "x")])
    }

    /// One thing has one name, whether the manifest, devloop.json or the context says where it is.
    @Test(arguments: [(nil, "shop"), ("shop", "shop"), ("shop", "default")] as [(String?, String)])
    func aWorkloadThatIsNamedIsTheOneInTheManifests(namespace: String?, projects: String) throws {
        let text =
            #"{ "manifests": ["k8s"], "services": [{ "image": "a/b", "context": "c", "workloads": ["deploy/web"] }] }"#
        var manifest = Fixture.object("Deployment", "web", images: ["a/b"]).json
        manifest[path: ["metadata", "namespace"]] = namespace.map { .string($0) }
        let project = try Project(
            configuration: try Fixture.configuration(text), manifests: [manifest], namespace: projects)
        let web = Workload(kind: .deployment, name: "web", namespace: "shop")
        #expect(project.services[0].workloads == [web])
        #expect(project.workloads == [web])
        #expect(project.objects.map(\.workload) == [web])
        #expect(project.label(of: web) == "b")
    }

    @Test func ofTwoWorkloadsOfOneNameTheOneInTheProjectsNamespaceIsMeant() throws {
        let text =
            #"{ "manifests": ["k8s"], "services": [{ "image": "a/b", "context": "c", "workloads": ["deploy/web"] }] }"#
        let manifests = ["default", "other"].map { namespace in
            var manifest = Fixture.object("Deployment", "web", images: ["a/b"]).json
            manifest[path: ["metadata", "namespace"]] = .string(namespace)
            return manifest
        }
        let project = try Project(
            configuration: try Fixture.configuration(text), manifests: manifests, namespace: "default")
        #expect(project.services[0].workloads == [Workload(kind: .deployment, name: "web")])
    }

    @Test func theMostSpecificImageDecidesWhichServiceAnObjectRuns() throws {
        let services = [
            #"{ "name": "a", "image": "shop/amb", "context": "a" }"#,
            #"{ "name": "b", "image": "shop/amb:dev", "context": "b" }"#,
        ]
        let objects = [
            Fixture.object("Deployment", "main", images: ["shop/amb:1.0"]),
            Fixture.object("Deployment", "dev", images: ["shop/amb:dev"]),
            Fixture.object("Deployment", "pushed", images: ["localhost:5000/shop/amb:dev"]),
        ]
        for order in [services, services.reversed()] {
            let text = #"{ "registry": "localhost:5000", "services": [\#(order.joined(separator: ","))] }"#
            let project = try join(objects[0], objects[1], objects[2], configuration: text)
            #expect(objects.map { project.services(of: $0) } == [["a"], ["b"], ["b"]])
        }
    }

    @Test func aWorkloadThatIsNamedNeedsNoManifestOfIt() throws {
        let text =
            #"{ "manifests": ["k8s"], "services": [{ "image": "a/b", "context": "c", "workloads": ["sts/x"] }] }"#
        let project = try join(Fixture.object("Service", "s"), configuration: text)
        #expect(project.services[0].workloads == [Workload(kind: .statefulSet, name: "x")])
    }
}

struct WatchedPathsTests {
    /// A folder with the contexts `web` and, inside it, `web/inner`.
    private final class Tree {
        let path: String

        init(_ files: [String: String]) throws {
            path = FileManager.default.temporaryDirectory.appendingPathComponent("paths-\(UUID().uuidString)").path
            for (file, text) in files {
                let full = "\(path)/\(file)"
                try FileManager.default.createDirectory(
                    atPath: PathName.directory(of: full), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: URL(fileURLWithPath: full))
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func link(_ path: String, to target: String) throws {
            try FileManager.default.createSymbolicLink(atPath: "\(self.path)/\(path)", withDestinationPath: target)
        }

        func paths(
            _ services: String, manifests: String = "[]", builder: BuilderKind = .buildKit
        ) throws -> WatchedPaths {
            let text = "{ \"manifests\": \(manifests), \"services\": [\(services)] }"
            return WatchedPaths(
                try Configuration.parse(Array(text.utf8), path: "\(path)/devloop.json", file: "devloop.json"),
                builder: builder)
        }
    }

    private func impact(_ paths: WatchedPaths, _ changes: [(root: String, path: String)]) -> WatchedPaths.Impact {
        paths.impact(
            of: ChangeBatch(
                changes: changes.map { Change(rootID: $0.root, path: $0.path, kind: .modified) }, firstNoticed: .now))
    }

    /// The root that watches a path.
    private func root(_ paths: WatchedPaths, _ suffix: String) throws -> WatchRoot {
        try #require(paths.roots.first { $0.path.hasSuffix(suffix) }, "\(paths.roots.map(\.path))")
    }

    @Test func aFileCountsForEveryContextThatHoldsIt() throws {
        let tree = try Tree(["web/inner/a": ""])
        let paths = try tree.paths(
            #"{ "image": "a/web", "context": "web" }, { "image": "a/inner", "context": "web/inner" }"#)
        let (outer, inner) = (try root(paths, "/web"), try root(paths, "/web/inner"))
        #expect(
            impact(paths, [(outer.id, "inner/a"), (inner.id, "a")]).paths == ["web": ["inner/a"], "inner": ["a"]])
    }

    @Test func ignoredFilesDoNotCountAndTheDockerfileDoes() throws {
        let tree = try Tree(["web/.dockerignore": "*\n!src\n", "web/Dockerfile": ""])
        let filter = try root(try tree.paths(#"{ "image": "a/web", "context": "web", "ignore": ["**/*.md"] }"#), "/web")
            .filter
        #expect(filter.includes("src/index.js"))
        for path in ["other", "src/README.md", ".git/HEAD", "src/.index.js.swp"] {
            #expect(!filter.includes(path), "\(path)")
        }
        for path in ["Dockerfile", ".dockerignore", "Dockerfile.dockerignore"] {
            #expect(filter.includes(path), "\(path)")
        }
    }

    @Test func aDockerfilesOwnIgnoreFileComesBeforeTheContexts() throws {
        let tree = try Tree(["web/.dockerignore": "a\n", "web/Dockerfile.dockerignore": "b\n"])
        let service = #"{ "image": "a/web", "context": "web" }"#
        let filter = try root(try tree.paths(service), "/web").filter
        #expect(filter.includes("a") && !filter.includes("b"))
        // The legacy builder doesn't know it: a file like others.
        let legacy = try tree.paths(service, builder: .legacy)
        let legacyFilter = try root(legacy, "/web").filter
        #expect(!legacyFilter.includes("a") && legacyFilter.includes("b"))
        #expect(!impact(legacy, [(try root(legacy, "/web").id, "Dockerfile.dockerignore")]).filters)
        // As long as it is not known which of them builds, both count.
        let unknown = try tree.paths(service, builder: .unknown)
        let unknownFilter = try root(unknown, "/web").filter
        #expect(unknownFilter.includes("a") && unknownFilter.includes("b"))
        #expect(impact(unknown, [(try root(unknown, "/web").id, "Dockerfile.dockerignore")]).filters)
    }

    @Test func whatALinkedDockerfileLeadsToIsWatched() throws {
        let tree = try Tree(["web/a": "", "shared/Dockerfile": "", "shared/ignore": "a\n"])
        try tree.link("web/Dockerfile", to: "../shared/Dockerfile")
        try tree.link("web/.dockerignore", to: "../shared/ignore")
        let paths = try tree.paths(#"{ "image": "a/web", "context": "web" }"#)
        #expect(try !root(paths, "/web").filter.includes("a"))
        for name in ["Dockerfile", ".dockerignore"] {
            let file = try root(paths, "/web/\(name)")
            // It is reported once, whether the link changed or what it leads to.
            let result = impact(paths, [(try root(paths, "/web").id, name), (file.id, name)])
            #expect(result.filters && result.paths == ["web": [name]])
        }
    }

    @Test func aLinkInTheMiddleOfTheWayToADockerfileIsFollowed() throws {
        let tree = try Tree(["web/a": "", "shared/Dockerfile": "", "plain/docker/Dockerfile": ""])
        try tree.link("web/docker", to: "../shared")
        let services = ["web", "plain"].map {
            "{ \"image\": \"a/\($0)\", \"context\": \"\($0)\", \"dockerfile\": \"docker/Dockerfile\" }"
        }
        let paths = try tree.paths(services.joined(separator: ","))
        #expect(paths.roots.contains { $0.path.hasSuffix("/web/docker/Dockerfile") })
        #expect(!paths.roots.contains { $0.path.hasSuffix("/plain/docker/Dockerfile") })
    }

    private let service = #"{ "image": "a/web", "context": "web" }"#

    private func manifestRoots(_ tree: Tree, _ manifests: String) throws -> Set<String> {
        let real = try #require(FileSystem.realPath(tree.path))
        return Set(
            try tree.paths(service, manifests: manifests).roots.filter { $0.id.hasPrefix("manifests ") }
                .map { $0.path.replacing("\(real)/", with: "").replacing("\(tree.path)/", with: "") })
    }

    @Test func allThatAKustomizationNamesIsWatched() throws {
        let tree = try Tree([
            "k8s/dev/kustomization.yaml": """
            resources: [../base, "https://example.com/x?ref=1"]
            components:
            - ../parts/tls # optional
            - ../parts/later
            configMapGenerator:
            - name: settings
              envs: [ ../shared/settings.env ]
              files: [motd=../shared/message of the day.txt, local.txt]
            transformers: [../shared/transformer.yaml]
            openapi: { path: '../shared/schema.json' }
            patches:
            - path: "../shared/my patch.yaml"
            """,
            "k8s/dev/local.txt": "", "k8s/base/kustomization.yml": "resources:\n- web.yaml\n- ../deeper\n",
            "k8s/base/web.yaml": "", "k8s/deeper/Kustomization": #"{"resources": ["../dev/../leaf.yaml"]}"#,
            "k8s/leaf.yaml": "", "k8s/parts/tls/kustomization.yaml": "", "k8s/parts/unused/kustomization.yaml": "",
            "k8s/shared/settings.env": "", "k8s/shared/message of the day.txt": "", "k8s/shared/schema.json": "",
            "k8s/shared/transformer.yaml": "path: ../shared/named-there.yaml", "k8s/shared/named-there.yaml": "",
            "k8s/shared/my patch.yaml": "", "k8s/shared/other.txt": "",
        ])
        #expect(
            try manifestRoots(tree, #"["k8s/dev"]"#).symmetricDifference([
                "k8s/dev", "k8s/base", "k8s/deeper", "k8s/leaf.yaml", "k8s/parts/tls", "k8s/parts/later",
                "k8s/shared/settings.env", "k8s/shared/message of the day.txt", "k8s/shared/transformer.yaml",
                "k8s/shared/named-there.yaml", "k8s/shared/schema.json", "k8s/shared/my patch.yaml",
            ]) == [])
    }

    @Test func kustomizationsThatNameEachOtherAreReadOnce() throws {
        let tree = try Tree([
            "a/kustomization.yaml": "resources: [../b, ..]", "b/kustomization.yaml": "resources: [../a]",
        ])
        #expect(try manifestRoots(tree, #"["a"]"#) == ["a", "b"])
    }

    @Test func whatLinksInAFolderOfManifestsLeadToIsWatched() throws {
        let tree = try Tree([
            "k8s/a.yaml": "", "elsewhere/b.yaml": "", "base/kustomization.yaml": "", "base/x.yaml": "",
        ])
        try tree.link("k8s/b.yaml", to: "../elsewhere/b.yaml")
        try tree.link("k8s/missing.yaml", to: "nowhere")
        try tree.link("k8s/folder", to: "../elsewhere")
        #expect(try manifestRoots(tree, #"["k8s"]"#) == ["k8s", "k8s/b.yaml", "k8s/missing.yaml"])
        // A kustomization's own `..` is that of the folder that a link leads to.
        let overlay = try Tree(["real/dev/kustomization.yaml": "resources: [../base]", "real/base/Kustomization": ""])
        try overlay.link("k8s", to: "real/dev")
        #expect(try manifestRoots(overlay, #"["k8s"]"#) == ["k8s", "real/dev", "real/base"])
    }

    @Test func ofAPatternEveryMatchCountsAndThoseThatAreStillToCome() throws {
        let tree = try Tree(["k8s/a.yaml": "", "k8s/b.yaml": "", "k8s/c.txt": "", "k8s/d/x.yaml": ""])
        let paths = try tree.paths(service, manifests: #"["k8s/*.yaml"]"#)
        let folder = try root(paths, "/k8s")
        for name in ["a.yaml", "new.yaml"] { #expect(folder.filter.includes(name)) }
        for name in ["c.txt", "d/x.yaml"] { #expect(!folder.filter.includes(name)) }
        #expect(impact(paths, [(folder.id, "new.yaml")]).manifests == ["k8s/new.yaml"])
        #expect(try manifestRoots(tree, #"["k8s/*.yaml"]"#) == ["k8s", "k8s/a.yaml", "k8s/b.yaml"])
    }

    @Test func aDockerfileOutsideTheContextIsWatchedToo() throws {
        let tree = try Tree(["docker/web.Dockerfile": "", "web/a": ""])
        let paths = try tree.paths(#"{ "image": "a/web", "context": "web", "dockerfile": "../docker/web.Dockerfile" }"#)
        let dockerfile = try root(paths, "/docker/web.Dockerfile")
        #expect(impact(paths, [(dockerfile.id, "web.Dockerfile")]).paths == ["web": ["web.Dockerfile"]])
    }

    @Test func aChangedIgnoreFileIsABuildAndANewFilter() throws {
        let tree = try Tree(["web/.dockerignore": ""])
        let paths = try tree.paths(#"{ "image": "a/web", "context": "web" }"#)
        let result = impact(paths, [(try root(paths, "/web").id, ".dockerignore")])
        #expect(result.filters)
        #expect(result.paths == ["web": [".dockerignore"]])
    }

    @Test(arguments: ["*\n[\n", "*\n!*.{a,b}\n"])
    func aPatternThatIsNotUnderstoodIsToldAndItsFileLeavesOutNothing(_ content: String) throws {
        let tree = try Tree(["web/.dockerignore": content])
        let paths = try tree.paths(#"{ "image": "a/web", "context": "web", "ignore": ["*.md"] }"#)
        let pattern = content.split(separator: "\n")[1]
        #expect(
            paths.problems == [
                "web: '.dockerignore' leaves out no file, so all of the context counts: devloop does not understand "
                    + "'\(pattern)' in line 2"
            ])
        let filter = try root(paths, "/web").filter
        #expect(filter.includes("anything"))
        #expect(!filter.includes("a.md"))
    }

    @Test func aSettingThatIsNotUnderstoodIsToldAndTheIgnoreFileHolds() throws {
        let tree = try Tree(["web/.dockerignore": "*.md"])
        let paths = try tree.paths(#"{ "image": "a/web", "context": "web", "ignore": ["*", "!a|b"] }"#)
        #expect(
            paths.problems == [
                "web: 'ignore' leaves out no file, so all of the context counts: devloop does not understand '!a|b'"
            ])
        let filter = try root(paths, "/web").filter
        #expect(filter.includes("anything"))
        #expect(!filter.includes("a.md"))
    }

    @Test func manifestsAndTheConfigurationAreWatched() throws {
        let tree = try Tree(["web/a": "", "k8s/a.yaml": "", "b.yaml": ""])
        let paths = try tree.paths(#"{ "image": "a/web", "context": "web" }"#, manifests: #"["k8s", "b.yaml"]"#)
        let (folder, file) = (try root(paths, "/k8s"), try root(paths, "/b.yaml"))
        let configuration = try root(paths, "/devloop.json")
        let result = impact(
            paths, [(folder.id, "a.yaml"), (file.id, "b.yaml"), (configuration.id, "devloop.json")])
        #expect(result.manifests == ["k8s/a.yaml", "b.yaml"])
        #expect(result.configuration)
        #expect(result.services.isEmpty)
    }
}
