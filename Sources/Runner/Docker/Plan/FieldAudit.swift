/// Finds what the manifests say and Docker is not told: each field is honoured, or has no meaning where one machine
/// runs one copy of everything, or is named to the user.
enum FieldAudit {
    /// What a place in a manifest may hold without a word.
    private struct Place {
        /// What becomes something on Docker.
        var honoured: Set<String>
        /// What concerns scheduling, scaling, rollouts or the API server only.
        var meaningless: Set<String> = []
    }

    private static let workload = Place(
        honoured: [
            "template", "replicas", "strategy", "serviceName", "volumeClaimTemplates", "progressDeadlineSeconds",
            "podManagementPolicy",
        ],
        meaningless: [
            "selector", "minReadySeconds", "revisionHistoryLimit", "paused",
            "updateStrategy", "persistentVolumeClaimRetentionPolicy", "ordinals",
        ])
    private static let job = Place(
        honoured: ["template", "backoffLimit", "completions", "parallelism", "suspend"],
        meaningless: [
            "selector", "manualSelector", "completionMode", "ttlSecondsAfterFinished", "podReplacementPolicy",
        ])
    private static let pod = Place(
        honoured: [
            "containers", "initContainers", "volumes", "restartPolicy", "terminationGracePeriodSeconds",
            "securityContext", "hostAliases", "hostname", "subdomain", "hostNetwork",
        ],
        meaningless: [
            "nodeSelector", "nodeName", "affinity", "tolerations", "topologySpreadConstraints", "priority",
            "priorityClassName", "preemptionPolicy", "schedulerName", "schedulingGates", "serviceAccount",
            "serviceAccountName", "automountServiceAccountToken", "enableServiceLinks", "dnsPolicy", "overhead", "os",
            "setHostnameAsFQDN", "hostUsers", "readinessGates",
        ])
    private static let container = Place(
        honoured: [
            "name", "image", "imagePullPolicy", "command", "args", "workingDir", "env", "envFrom", "ports", "resources",
            "volumeMounts", "securityContext", "stdin", "tty", "restartPolicy", "livenessProbe", "readinessProbe",
            "startupProbe",
        ],
        meaningless: ["stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "resizePolicy"])
    private static let podSecurity = Place(
        honoured: ["runAsUser", "runAsGroup", "supplementalGroups", "fsGroup"],
        meaningless: ["runAsNonRoot", "fsGroupChangePolicy", "supplementalGroupsPolicy", "windowsOptions"])
    private static let containerSecurity = Place(
        honoured: [
            "runAsUser", "runAsGroup", "privileged", "capabilities", "readOnlyRootFilesystem",
            "allowPrivilegeEscalation",
        ],
        meaningless: ["runAsNonRoot", "windowsOptions"])
    private static let resources = Place(honoured: ["limits"], meaningless: ["requests"])
    private static let limits = Place(honoured: ["cpu", "memory"], meaningless: ["ephemeral-storage"])
    private static let mount = Place(
        honoured: ["name", "mountPath", "readOnly", "subPath", "subPathExpr"],
        meaningless: ["mountPropagation", "recursiveReadOnly"])
    private static let service = Place(
        honoured: ["type", "selector", "ports", "externalName"],
        meaningless: [
            "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy",
            "externalTrafficPolicy", "sessionAffinity", "sessionAffinityConfig", "publishNotReadyAddresses",
            "allocateLoadBalancerNodePorts", "loadBalancerClass", "loadBalancerIP", "healthCheckNodePort",
            "trafficDistribution",
        ])

    /// The fields of a Service that stay without effect.
    static func notices(service object: KubernetesObject) -> [DockerNotice] {
        unknown(object.json["spec"], service, "spec", of: object.identity.description)
    }

    /// The fields of a workload that stay without effect.
    static func notices(workload object: KubernetesObject, _ name: Workload) -> [DockerNotice] {
        guard let path = object.podSpecPath, let spec = object.json[path: path] else { return [] }
        let owner = name.description
        var notices: [DockerNotice] = []
        switch name.kind {
        case .pod: break
        case .job: notices += unknown(object.json["spec"], job, "spec", of: owner)
        default: notices += unknown(object.json["spec"], workload, "spec", of: owner)
        }
        notices += unknown(spec, pod, "", of: owner)
        notices += unknown(spec["securityContext"], podSecurity, "securityContext", of: owner)
        for key in ["initContainers", "containers"] {
            for item in spec[key]?.array ?? [] {
                let place = "\(key)[\(item["name"]?.string ?? "")]"
                notices += unknown(item, container, place, of: owner)
                notices += unknown(
                    item["securityContext"], containerSecurity, "\(place).securityContext", of: owner)
                notices += unknown(item["resources"], resources, "\(place).resources", of: owner)
                notices += unknown(item[path: ["resources", "limits"]], limits, "\(place).resources.limits", of: owner)
                for volume in item["volumeMounts"]?.array ?? [] {
                    notices += unknown(volume, mount, "\(place).volumeMounts", of: owner)
                }
            }
        }
        return notices
    }

    private static func unknown(_ value: JSONValue?, _ place: Place, _ path: String, of owner: String) -> [DockerNotice]
    {
        (value?.object?.members ?? []).compactMap { member in
            guard !place.honoured.contains(member.key), !place.meaningless.contains(member.key),
                !isOff(member.value), !isDefault(member)
            else { return nil }
            return .field("\(path.isEmpty ? "" : path + ".")\(member.key) of \(owner)")
        }
    }

    /// A field that says what happens anyway.
    private static func isDefault(_ member: JSONObject.Member) -> Bool {
        member.key == "seccompProfile" && member.value["type"]?.string == "RuntimeDefault"
    }

    private static func isOff(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool(false), .array([]), .string(""): true
        case .object(let object): object.members.isEmpty
        default: false
        }
    }
}
