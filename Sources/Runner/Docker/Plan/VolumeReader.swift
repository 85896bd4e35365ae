/// Reads the volumes of a pod, and what a container mounts of them.
struct VolumeReader {
    /// What there is at a place in a container.
    struct Mounted {
        var mounts: [ContainerPlan.Mount] = []
        var files: [ContainerPlan.Files] = []
        var notices: [DockerNotice] = []
    }

    private enum Volume {
        case empty(name: String, tmpfsSize: String?)
        case host(String, HostPathKind)
        case claim(String)
        case files([ContainerPlan.File])
    }

    let configuration: ConfigurationData
    let fields: [String: String]
    let workload: Workload
    private var volumes: [String: Volume] = [:]
    private(set) var notices: [DockerNotice] = []

    /// Whether a volume outlives the pod, or is shared with others: two pods should not use it at once.
    private(set) var keepsData = false

    /// - Parameter claims: the claim that each of a StatefulSet's `volumeClaimTemplates` becomes.
    init(
        _ podSpec: JSONValue, claims: [String: String], configuration: ConfigurationData,
        fields: [String: String], workload: Workload
    ) throws {
        self.configuration = configuration
        self.fields = fields
        self.workload = workload
        for (name, claim) in claims {
            volumes[name] = .claim(claim)
            keepsData = true
        }
        for volume in podSpec["volumes"]?.array ?? [] {
            guard let name = volume["name"]?.string else { continue }
            volumes[name] = try read(volume, name: name)
        }
    }

    /// What a container mounts.
    /// - Throws: ``TargetError`` where it names a volume that the pod does not have, or a folder after a Secret.
    func mounted(in container: JSONValue, _ environment: EnvironmentReader) throws -> Mounted {
        var result = Mounted()
        for mount in container["volumeMounts"]?.array ?? [] {
            guard let name = mount["name"]?.string, let path = mount["mountPath"]?.string else { continue }
            guard let volume = volumes[name] else {
                throw TargetError(.configuration, "\(workload) mounts the volume \(name), which its pod does not have")
            }
            let expression = mount["subPathExpr"]?.string ?? ""
            guard !environment.namesSecret(expression) else {
                throw TargetError(
                    .configuration,
                    "\(workload): subPathExpr \(expression) of the volume \(name) names a folder after a Secret",
                    advice: "everybody may read the names of volumes and folders: take a variable that is no secret")
            }
            let subPath = mount["subPath"]?.string ?? environment.expand(expression)
            let isReadOnly = mount["readOnly"]?.bool ?? false
            switch volume {
            case .host(let host, let kind):
                // Below a folder, a folder is made where nothing is.
                let source: ContainerPlan.Mount.Source =
                    subPath.isEmpty ? .host(host, kind) : .host("\(host)/\(subPath)", .any)
                result.mounts.append(.init(source: source, path: path, isReadOnly: isReadOnly))
            case .empty(let name, let size):
                let volume = EphemeralVolume(name: name, part: subPath)
                let source = ContainerPlan.Mount.Source.ephemeral(volume, tmpfsSize: size)
                result.mounts.append(.init(source: source, path: path, isReadOnly: isReadOnly))
                result.files.append(Self.open(path, isReadOnly: isReadOnly))
            case .claim(let claim):
                let volume = PersistentVolume(namespace: workload.namespace, claim: claim, part: subPath)
                result.mounts.append(.init(source: .persistent(volume), path: path, isReadOnly: isReadOnly))
                result.files.append(Self.open(path, isReadOnly: isReadOnly))
            case .files(let files) where subPath.isEmpty:
                result.mounts.append(.init(source: .ephemeral(EphemeralVolume(name: name), tmpfsSize: nil), path: path))
                result.files.append(.init(folder: path, files: files))
            case .files(let files):
                result.append(files, subPath: subPath, path: path)
            }
        }
        result.files.removeAll { $0.files.isEmpty }
        return result
    }

    /// Everybody may write to a fresh volume, as on Kubernetes; on Docker it would be root's. Docker leaves the folder
    /// that it copies to as it is, so the copy begins at the root.
    private static func open(_ path: String, isReadOnly: Bool) -> ContainerPlan.Files {
        let folder = path.hasSuffix("/") ? path : path + "/"
        let entry = ContainerPlan.File(path: String(folder.dropFirst()), content: [], mode: 0o777)
        return .init(folder: "/", files: isReadOnly || folder == "/" ? [] : [entry])
    }

    private mutating func read(_ volume: JSONValue, name: String) throws -> Volume {
        if let empty = volume["emptyDir"] {
            let inMemory = empty["medium"]?.string == "Memory"
            let place = "\(workload), volume \(name): emptyDir.sizeLimit"
            let size = try Quantity.limit(empty["sizeLimit"], place, Quantity.bytes).map(String.init) ?? ""
            return .empty(name: name, tmpfsSize: inMemory ? size : nil)
        }
        if let path = volume[path: ["hostPath", "path"]]?.string {
            keepsData = true
            let type = volume[path: ["hostPath", "type"]]?.string ?? ""
            guard let kind = HostPathKind(rawValue: type) else {
                let known = HostPathKind.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
                throw TargetError(
                    .configuration,
                    "\(workload), volume \(name): hostPath.type: Unsupported value: \"\(type)\": supported values: \(known)"
                )
            }
            return .host(path, kind)
        }
        if let claim = volume[path: ["persistentVolumeClaim", "claimName"]]?.string {
            keepsData = true
            return .claim(claim)
        }
        if let files = try files(of: volume, volume: name) { return .files(files) }
        if let sources = volume[path: ["projected", "sources"]]?.array {
            var all: [ContainerPlan.File] = []
            let mode = volume[path: ["projected", "defaultMode"]]?.integer
            for source in sources {
                if let files = try files(of: source, volume: name, mode: mode) { all += files; continue }
                notices.append(
                    .field("\(source.object?.keys.first ?? "a source") in the volume \(name) of \(workload)"))
            }
            return .files(all)
        }
        let kind = volume.object?.keys.first { $0 != "name" } ?? "emptyDir"
        if kind != "emptyDir" {
            notices.append(.sentence("an empty volume takes the place of the \(kind) volume \(name) of \(workload)"))
        }
        return .empty(name: name, tmpfsSize: nil)
    }

    /// The files of a ConfigMap, a Secret or the downward API; `nil` for other volumes. Projected sources name theirs
    /// `name` where a volume's Secret is called `secretName`.
    private mutating func files(of source: JSONValue, volume: String, mode: Int? = nil) throws -> [ContainerPlan.File]?
    {
        if let downward = source["downwardAPI"] {
            return (downward["items"]?.array ?? []).compactMap { item in
                let field = item[path: ["fieldRef", "fieldPath"]]?.string ?? ""
                guard let path = item["path"]?.string, let value = fields[field] else {
                    notices.append(.field("\(field) in the volume \(volume) of \(workload)"))
                    return nil
                }
                return .init(path: path, content: Array(value.utf8), mode: item["mode"]?.integer ?? mode ?? 0o644)
            }
        }
        for (field, kind) in [("configMap", "ConfigMap"), ("secret", "Secret")] {
            guard let source = source[field] else { continue }
            let key = ConfigurationData.Key(
                kind: kind, name: source["secretName"]?.string ?? source["name"]?.string ?? "",
                namespace: workload.namespace)
            let isOptional = source["optional"]?.bool ?? false
            let user = "the volume \(volume) of \(workload)"
            let mode = source["defaultMode"]?.integer ?? mode ?? 0o644
            guard let items = source["items"]?.array else {
                let values = try configuration.values(key, isOptional: isOptional, for: user) ?? [:]
                return values.sorted { $0.key < $1.key }.map { .init(path: $0.key, content: $0.value, mode: mode) }
            }
            return try items.compactMap { item in
                let name = item["key"]?.string ?? ""
                let content = try configuration.value(key, name, isOptional: isOptional, for: user)
                return content.map {
                    .init(path: item["path"]?.string ?? name, content: $0, mode: item["mode"]?.integer ?? mode)
                }
            }
        }
        return nil
    }
}

extension VolumeReader.Mounted {
    /// Files below a folder of the volume, or one file, without a volume of their own: what the image has beside them
    /// stays visible.
    fileprivate mutating func append(_ files: [ContainerPlan.File], subPath: String, path: String) {
        let name = subPath.hasSuffix("/") ? String(subPath.dropLast()) : subPath
        for file in files {
            var file = file
            if file.path == name {
                file.path = path
            } else if file.path.hasPrefix(name + "/") {
                file.path = path + file.path.dropFirst(name.count)
            } else {
                continue
            }
            file.path = String(file.path.drop { $0 == "/" })
            self.files.append(.init(folder: "/", files: [file]))
        }
    }
}
