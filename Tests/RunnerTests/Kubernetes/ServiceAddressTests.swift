import Testing

@testable import Runner

@Suite struct ServiceAddressTests {
    private func service(_ type: String, nodePort: Bool = true, ingress: JSONValue? = nil, protocol: String = "TCP")
        -> JSONValue
    {
        var port: JSONValue = ["port": 4000, "protocol": .string(`protocol`)]
        if nodePort { port["nodePort"] = 30400 }
        var json: JSONValue = [
            "metadata": ["name": "posts-np"], "spec": ["type": .string(type), "ports": .array([port])],
        ]
        if let ingress { json["status"] = ["loadBalancer": ["ingress": .array([ingress])]] }
        return json
    }

    @Test func aNodePortIsWhereTheNodesAre() {
        #expect(
            ServiceAddress.lines(service("NodePort"), nodePortsAt: "127.0.0.1") == ["posts-np: http://127.0.0.1:30400"])
        #expect(
            ServiceAddress.lines(service("NodePort"), nodePortsAt: "fd00::1") == ["posts-np: http://[fd00::1]:30400"])
        #expect(
            ServiceAddress.lines(service("NodePort", protocol: "UDP"), nodePortsAt: "127.0.0.1")
                == ["posts-np: 127.0.0.1 port 30400"])
    }

    @Test func whereNobodyKnowsWhereTheNodesAreThePortIsTold() {
        #expect(
            ServiceAddress.lines(service("NodePort"), nodePortsAt: nil)
                == ["posts-np: port 30400 of the cluster's nodes"])
    }

    @Test func aLoadBalancerIsAtItsOwnAddressOnceItHasOne() {
        let balanced = service("LoadBalancer", ingress: ["ip": "10.0.0.9"])
        #expect(ServiceAddress.lines(balanced, nodePortsAt: "127.0.0.1") == ["posts-np: http://10.0.0.9:4000"])
        #expect(
            ServiceAddress.lines(service("LoadBalancer"), nodePortsAt: "127.0.0.1")
                == ["posts-np: http://127.0.0.1:30400"])
        #expect(ServiceAddress.lines(service("LoadBalancer", nodePort: false), nodePortsAt: "127.0.0.1") == [])
    }

    @Test(arguments: [
        ("docker-desktop", "https://kubernetes.docker.internal:6443", "kubernetes.docker.internal"),
        ("lab", "https://127.0.0.1:6443", "127.0.0.1"), ("orbstack", "https://0.0.0.0:26443", "127.0.0.1"),
        ("minikube", "https://192.168.49.2:8443", "192.168.49.2"), ("minikube", "https://127.0.0.1:51234", nil),
        ("kind-dev", "https://127.0.0.1:51234", nil), ("k3d-dev", "https://0.0.0.0:51234", nil),
        ("prod", "https://203.0.113.7", nil),
    ])
    func theNodesAreWhereALocalServerIs(context: String, server: String, host: String?) {
        #expect(ClusterIdentity(context: context, server: server, namespace: "default").nodeHost == host)
    }
}
