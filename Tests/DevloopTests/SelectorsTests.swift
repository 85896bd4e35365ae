import Runner
import Testing

@testable import devloop

struct SelectorsTests {
    private static func object(_ json: JSONValue) -> KubernetesObject { KubernetesObject(json)! }

    private static func service(_ selector: JSONValue, namespace: String = "default") -> KubernetesObject {
        object([
            "apiVersion": "v1", "kind": "Service",
            "metadata": ["name": "web", "namespace": .string(namespace)], "spec": ["selector": selector],
        ])
    }

    private static func deployment(_ labels: JSONValue, selector: JSONValue? = nil) -> KubernetesObject {
        object([
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web"],
            "spec": [
                "selector": ["matchLabels": selector ?? labels],
                "template": ["metadata": ["labels": labels], "spec": ["containers": [["name": "c", "image": "i"]]]],
            ],
        ])
    }

    private static func notices(_ objects: KubernetesObject..., on target: TargetKind = .docker) -> [String] {
        Selectors.notices(objects, on: target)
    }

    @Test(
        arguments: [
            (["app": "webb"], "app=webb matches nothing in the manifests; did you mean app=web?"),
            (["name": "web"], "name=web matches nothing in the manifests; did you mean app=web?"),
            (
                ["app": "web", "tier": "frotn"],
                "app=web,tier=frotn matches nothing in the manifests; did you mean tier=front?"
            ),
            (["app": "database"], "app=database matches nothing in the manifests"),
        ] as [([String: String], String)])
    func aServiceThatSelectsNoPodIsTold(selector: [String: String], text: String) {
        let json = JSONValue.object(JSONObject(selector.map { ($0.key, .string($0.value)) }))
        let line = "service/web: its selector \(text)"
        #expect(Self.notices(Self.service(json), Self.deployment(["app": "web", "tier": "front"])) == [line])
    }

    @Test func labelsThatOnlyDifferentPodsHaveMatchNothing() {
        let notices = Self.notices(
            Self.service(["app": "web", "tier": "back"]), Self.deployment(["app": "web", "tier": "front"]),
            Self.deployment(["app": "api", "tier": "back"]))
        #expect(notices == ["service/web: its selector app=web,tier=back matches nothing in the manifests"])
    }

    @Test func aServiceThatSelectsAPodIsNotTold() {
        #expect(Self.notices(Self.service(["app": "web"]), Self.deployment(["app": "web", "x": "y"])) == [])
    }

    @Test func aServiceWithoutASelectorIsNotTold() {
        #expect(Self.notices(Self.service([:]), Self.deployment(["app": "web"])) == [])
    }

    @Test func whereNoManifestRunsAnythingNothingIsTold() {
        #expect(Self.notices(Self.service(["app": "x"], namespace: "other"), Self.deployment(["app": "web"])) == [])
    }

    @Test func whatAnOperatorMayRunIsToldOnlyWhereALabelIsNear() {
        let custom = Self.object(["apiVersion": "acid.zalan.do/v1", "kind": "postgresql", "metadata": ["name": "db"]])
        let pods = Self.deployment(["app": "web"])
        #expect(Self.notices(custom, Self.service(["cluster-name": "db"]), pods) == [])
        #expect(Self.notices(custom, Self.service(["app": "webb"]), pods).count == 1)
    }

    @Test func aWorkloadThatDoesNotSelectItsOwnPodsIsToldOnDocker() {
        let wrong = Self.deployment(["app": "web"], selector: ["app": "wbe"])
        #expect(
            Self.notices(wrong) == [
                "deployment/web: its selector app=wbe does not match the labels of its own pods (app=web): a cluster refuses "
                    + "that"
            ])
        #expect(Self.notices(wrong, on: .kubernetes) == [])
    }
}
