import Testing

@testable import Runner

/// Which clusters are known to be local.
@Suite struct ClusterIdentityTests {
    private func isKnownLocal(_ context: String, _ server: String) -> Bool {
        ClusterIdentity(context: context, server: server, namespace: "default").isKnownLocal
    }

    @Test(arguments: [
        "docker-desktop", "minikube", "kind-dev", "k3d-a", "rancher-desktop", "orbstack", "colima", "colima-x",
        "microk8s",
    ])
    func aContextOfALocalToolAtAnAddressThatIsNotPublicIsLocal(context: String) {
        for server in [
            "https://127.0.0.1:6443", "https://localhost", "https://0.0.0.0:6443", "https://[::1]:6443",
            "https://192.168.49.2:8443", "https://10.0.0.1", "https://172.16.0.1:1", "https://172.31.255.1/path",
            "https://kubernetes.docker.internal:6443", "https://k8s.orb.local:26443", "https://[fd00::1]:6443",
        ] { #expect(isKnownLocal(context, server), "\(server)") }
        for server in [
            "https://1.2.3.4:6443", "https://172.32.0.1", "https://192.169.0.1", "https://cluster.example.com",
            "https://127.0.0.1.example.com", "https://localhost.example.com", "https://[2001:db8::1]:6443",
            "https://127.0.0.1@example.com", "https://10.0.0", "https://10.0.0.1.2", "127.0.0.1:6443", "no server", "",
        ] { #expect(!isKnownLocal(context, server), "\(server)") }
    }

    @Test(arguments: ["prod", "lab", "kind-", "my-minikube", "Docker-Desktop", "arn:aws:eks:eu:1:cluster/kind-a", ""])
    func anotherContextIsNotEvenAtThisMachinesAddress(context: String) {
        #expect(!isKnownLocal(context, "https://127.0.0.1:6443"))
    }
}
