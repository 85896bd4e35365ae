/// Checks the names in a manifest by Kubernetes' rules
/// (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/): plain Docker would take others, and devloop
/// makes names of its own from them. Pure.
enum ManifestNames {
    /// What is wrong with the names of an object and of what is in it, in Kubernetes' words. Kinds that are not
    /// Kubernetes' own are the cluster's to judge.
    static func problems(of json: JSONValue) -> [String] {
        guard let kind = json["kind"]?.string, isBuiltIn(json["apiVersion"]?.string ?? "") else { return [] }
        let name = json[path: ["metadata", "name"]]?.string ?? ""
        var problems = Problems(object: name.isEmpty ? kind : "\(kind) \(name)")
        if name.isEmpty, json[path: ["metadata", "generateName"]]?.string != nil {
            problems.add("metadata.generateName", "cannot use generate name with apply: give it a name")
        } else {
            problems.check(name, "metadata.name", rule(for: kind))
        }
        if let namespace = json[path: ["metadata", "namespace"]]?.string {
            problems.check(namespace, "metadata.namespace", .label)
        }
        if ["ConfigMap", "Secret"].contains(kind) { checkKeys(json, &problems) }
        for claim in json[path: ["spec", "volumeClaimTemplates"]]?.array ?? [] {
            problems.check(
                claim[path: ["metadata", "name"]]?.string ?? "", "spec.volumeClaimTemplates.metadata.name", .label)
        }
        if let path = KubernetesObject.podSpecPath(of: json), let spec = json[path: path] {
            checkPod(spec, path.joined(separator: "."), &problems)
        }
        return problems.lines
    }

    private static func checkPod(_ spec: JSONValue, _ path: String, _ problems: inout Problems) {
        var names: Set<String> = []
        for key in ["initContainers", "containers"] {
            for (index, container) in (spec[key]?.array ?? []).enumerated() {
                let place = "\(path).\(key)[\(index)]"
                let name = container["name"]?.string ?? ""
                problems.check(name, "\(place).name", .label)
                if !name.isEmpty, !names.insert(name).inserted {
                    problems.add("\(place).name", "Duplicate value: \(quoted(name))")
                }
                for variable in container["env"]?.array ?? [] {
                    problems.check(variable["name"]?.string ?? "", "\(place).env.name", .variable)
                }
            }
        }
        for (index, volume) in (spec["volumes"]?.array ?? []).enumerated() {
            let place = "\(path).volumes[\(index)]"
            problems.check(volume["name"]?.string ?? "", "\(place).name", .label)
            if let claim = volume[path: ["persistentVolumeClaim", "claimName"]] {
                problems.check(claim.string ?? "", "\(place).persistentVolumeClaim.claimName", .subdomain)
            }
        }
        if let hostname = spec["hostname"]?.string, !hostname.isEmpty {
            problems.check(hostname, "\(path).hostname", .label)
        }
        if let subdomain = spec["subdomain"]?.string, !subdomain.isEmpty {
            problems.check(subdomain, "\(path).subdomain", .label)
        }
    }

    private static func checkKeys(_ json: JSONValue, _ problems: inout Problems) {
        for field in ["data", "binaryData", "stringData"] {
            for member in json[field]?.object?.members ?? [] {
                problems.check(member.key, "\(field)[\(member.key)]", .key)
            }
        }
    }

    private static func isBuiltIn(_ version: String) -> Bool {
        let group = version.contains("/") ? String(version.prefix { $0 != "/" }) : ""
        return groups.contains(group)
    }

    private static let groups: Set<String> = [
        "", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io",
        "storage.k8s.io",
        "apiextensions.k8s.io", "admissionregistration.k8s.io", "apiregistration.k8s.io", "scheduling.k8s.io",
        "node.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "certificates.k8s.io",
    ]

    private static func rule(for kind: String) -> Rule {
        switch kind {
        case "Namespace": .label
        case "Service": .serviceName
        case "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding": .pathSegment
        default: .subdomain
        }
    }

    private static func quoted(_ text: String) -> String { JSONValue.string(text).description }

    private struct Problems {
        let object: String
        private(set) var lines: [String] = []

        init(object: String) { self.object = object }

        mutating func add(_ path: String, _ message: String) { lines.append("\(object): \(path): \(message)") }

        mutating func check(_ name: String, _ path: String, _ rule: Rule) {
            if name.isEmpty {
                add(path, "Required value")
            } else if let message = rule.problem(with: name) {
                add(path, "Invalid value: \(quoted(name)): \(message)")
            }
        }
    }
}

extension ManifestNames {
    /// What a name may be, with the words that Kubernetes refuses others with
    /// (https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/validation.go).
    enum Rule {
        /// Labels with dots between them: most objects.
        case subdomain
        /// RFC 1123.
        case label
        /// RFC 1035: a label that begins with a letter.
        case serviceName
        /// A part of a URL's path.
        case pathSegment
        /// A variable of the environment.
        case variable
        /// A key of a ConfigMap or a Secret.
        case key

        /// Why a name that is not empty can't be; `nil` where it can.
        func problem(with name: String) -> String? {
            let bytes = Array(name.utf8)
            if bytes.count > limit { return "must be no more than \(limit) characters" }
            return isMatch(bytes) ? nil : words
        }

        private var limit: Int {
            switch self {
            case .label, .serviceName: 63
            case .pathSegment, .variable: .max
            case .subdomain, .key: 253
            }
        }

        private func isMatch(_ name: [UInt8]) -> Bool {
            switch self {
            case .subdomain:
                name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(Self.isLabel)
            case .label: Self.isLabel(name[...])
            case .serviceName: Self.isLabel(name[...]) && name[0].isLowercaseLetter
            case .pathSegment:
                name != Array(".".utf8) && name != Array("..".utf8) && !name.contains { "/%".utf8.contains($0) }
            case .variable: name.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") }
            case .key:
                name != Array(".".utf8) && !name.starts(with: "..".utf8)
                    && name.allSatisfy { $0.isLetterOrDigit || "-._".utf8.contains($0) }
            }
        }

        private var words: String {
            switch self {
            case .subdomain:
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
                    + "start and end with an alphanumeric character (e.g. 'example.com')"
            case .label:
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
                    + "end with an alphanumeric character (e.g. 'my-name', or '123-abc')"
            case .serviceName:
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
                    + "character, and end with an alphanumeric character (e.g. 'my-name', or 'abc-123')"
            case .pathSegment: "may not be '.' or '..', nor contain '/' or '%'"
            case .variable:
                "a valid environment variable name must consist only of printable ASCII characters other than '='"
            case .key:
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name', or "
                    + "'KEY_NAME', or 'key-name')"
            }
        }

        private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
            guard let first = label.first, let last = label.last else { return false }
            return first.isLowercaseLetterOrDigit && last.isLowercaseLetterOrDigit
                && label.allSatisfy { $0.isLowercaseLetterOrDigit || $0 == UInt8(ascii: "-") }
        }
    }
}
