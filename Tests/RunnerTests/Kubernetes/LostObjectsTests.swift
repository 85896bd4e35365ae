import Testing

@testable import Runner

struct LostObjectsTests {
    private func object(_ kind: String, _ name: String) -> KubernetesObject.Identity {
        KubernetesObject.Identity(kind: kind, name: name, namespace: "shop")
    }

    @Test func whatRunsOrLeadsToItIsNamedWithTheCommandThatEndsIt() {
        #expect(
            LostObjects.notice([object("Deployment", "web")])
                == "Deployment web is in no manifest any more and goes on as before; to end that: kubectl delete "
                + "deployment web --namespace=shop")
        let several = Set(["a", "b", "c", "d"].map { object("Service", $0) })
        #expect(
            LostObjects.notice(several)
                == "Service a, Service b, Service c and 1 more are in no manifest any more and go on as before; to end "
                + "that: kubectl delete service a --namespace=shop, …")
    }

    /// A kustomization gives a generated ConfigMap another name with each change.
    @Test(arguments: ["ConfigMap", "Secret", "PersistentVolumeClaim", "Namespace"])
    func whatIsOnlyDataIsNoNews(kind: String) {
        #expect(LostObjects.notice([object(kind, "a-5h7c2")]) == nil)
    }
}
