/// What the containers of a pod ask of a node, added up as the scheduler does.
struct ResourceRequests: Sendable, Hashable {
    /// In cores, bytes or pieces, by resource.
    let amounts: [String: Double]

    /// An init container runs alone, so that it counts only where it asks for more than all others together.
    init(_ pod: KubernetesPod) {
        var amounts: [String: Double] = [:]
        for container in pod.containers where !container.isInit {
            for (resource, value) in container.requests { amounts[resource, default: 0] += Quantity.number(value) ?? 0 }
        }
        for container in pod.containers where container.isInit {
            for (resource, value) in container.requests {
                amounts[resource] = max(amounts[resource] ?? 0, Quantity.number(value) ?? 0)
            }
        }
        self.amounts = amounts
    }
}

/// What the nodes have left.
struct NodeRoom: Sendable, Hashable {
    struct Node: Sendable, Hashable {
        var name: String
        var allocatable: [String: Double]
        var free: [String: Double]
    }

    var nodes: [Node]

    /// From `kubectl get nodes` and `kubectl get pods --all-namespaces`, both as JSON.
    init(nodes: JSONValue, pods: [KubernetesPod]) {
        self.nodes = (nodes["items"]?.array ?? []).compactMap { json in
            guard let name = json[path: ["metadata", "name"]]?.string else { return nil }
            var allocatable: [String: Double] = [:]
            for member in json[path: ["status", "allocatable"]]?.object?.members ?? [] {
                allocatable[member.key] = Quantity.number(member.value)
            }
            var free = allocatable
            for pod in pods where pod.node == name && !pod.isFinished {
                for (resource, amount) in ResourceRequests(pod).amounts { free[resource, default: 0] -= amount }
            }
            return Node(name: name, allocatable: allocatable, free: free)
        }
    }

    /// `it asks for 100 CPUs; lab has the most left, 1.5 of 2: 98.5 too few`, for each resource that no node has enough
    /// of; empty where each has some node.
    func shortages(for requests: ResourceRequests) -> [String] {
        requests.amounts.sorted { $0.key < $1.key }.compactMap { resource, wanted in
            guard wanted > 0, let node = nodes.max(by: { $0.free[resource] ?? 0 < $1.free[resource] ?? 0 }) else {
                return nil
            }
            let free = max(0, node.free[resource] ?? 0)
            guard wanted > free else { return nil }
            let text = { Self.text($0, resource) }
            return "\(resource): it asks for \(text(wanted)); node \(node.name) has the most left, \(text(free)) of "
                + "\(text(node.allocatable[resource] ?? 0)): \(text(wanted - free)) too little"
        }
    }

    /// `1.5`, `512Mi`, `2Gi`: as quantities are written, to a tenth.
    static func text(_ amount: Double, _ resource: String) -> String {
        var (amount, unit) = (amount, "")
        if resource == "memory" || resource == "ephemeral-storage" || resource.hasPrefix("hugepages-") {
            for next in ["Ki", "Mi", "Gi", "Ti"] where amount >= 1024 { (amount, unit) = (amount / 1024, next) }
        }
        let tenths = Int((amount * 10).rounded())
        return "\(tenths / 10)" + (tenths % 10 == 0 ? "" : ".\(tenths % 10)") + unit
    }
}

extension PodProblem {
    /// A pod that finds no node.
    static func unschedulable(_ pod: KubernetesPod, _ message: String) -> PodProblem {
        // What preemption would not do is of no interest where nobody uses priorities.
        let cause = message.end(of: ". preemption: ").map { message[..<$0].dropLast(" preemption: ".count) }
        let lacking = lackingResources(message)
        var problem = PodProblem(
            identity: "unschedulable \(message.filter { !$0.isNumber })", state: "Unschedulable",
            summary: "no node takes pod \(pod.name)", cause: cause.map(String.init) ?? message,
            advice: "change the manifest's nodeSelector, affinity or tolerations, or the nodes' labels and taints",
            patience: .milliseconds(500))
        if !lacking.isEmpty {
            problem.summary = "no node has enough \(lacking.joined(separator: " and ")) left for it"
            problem.advice = "ask for less in resources.requests, stop something else, or add a node"
            problem.inquiry = .room(ResourceRequests(pod))
        } else if let start = message.end(of: "persistentvolumeclaim \"") {
            problem.summary = "its PersistentVolumeClaim \(message[start...].prefix { $0 != "\"" }) is missing"
            problem.advice = "create it, or add it to the manifests"
        } else if message.contains("unbound immediate PersistentVolumeClaims") {
            problem.summary = "its PersistentVolumeClaim has no volume yet"
            problem.advice = "is there a StorageClass that makes one? see: kubectl describe pvc"
        } else if message.contains("node affinity/selector") {
            problem.summary = "no node matches its nodeSelector or affinity"
        } else if message.contains("untolerated taint") {
            problem.summary = "every node has a taint that it does not tolerate"
        }
        return problem
    }

    /// `1 Insufficient cpu, 1 Insufficient memory.`
    private static func lackingResources(_ message: String) -> [String] {
        var names: [String] = []
        var rest = message[...]
        while let start = rest.end(of: "Insufficient ") {
            rest = rest[start...]
            var name = rest.prefix { $0 != " " && $0 != "," }
            if name.last == "." { name.removeLast() }
            if !names.contains(String(name)) { names.append(String(name)) }
        }
        return names
    }
}
