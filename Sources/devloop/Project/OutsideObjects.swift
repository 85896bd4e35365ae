import Runner

/// The Secrets and ConfigMaps of devloop.json with their values, read from the environment and from files.
struct OutsideObjects: Sendable, Equatable {
    private struct Item: Sendable, Equatable {
        var data: OutsideData
        var values: [(key: String, text: String)] = []
        /// Whether values stand in a file, and are not the environment's.
        var standsInFile = false

        static func == (first: Item, second: Item) -> Bool {
            first.data == second.data && first.values.elementsEqual(second.values, by: ==)
        }
    }

    private var items: [Item] = []
    private let project: String

    /// Those of a configuration without their values, for who only needs to know which they are.
    init(namesIn configuration: Configuration) {
        project = configuration.name
        items = configuration.outsideData.map { Item(data: $0) }
    }

    /// Reads the values.
    /// - Throws: ``ConfigurationError`` with all that is missing.
    init(_ configuration: Configuration, environment: [String: String]) throws(ConfigurationError) {
        project = configuration.name
        var reader = Reader(configuration: configuration, environment: environment)
        items = configuration.outsideData.map { reader.read($0) }
        guard reader.problems.isEmpty else {
            throw ConfigurationError(file: configuration.origin.file, problems: reader.problems)
        }
    }

    /// As objects.
    /// - Parameter namespace: of those that name none.
    func objects(in namespace: String) -> [KubernetesObject] {
        items.compactMap { item in
            let data = item.data
            let values = JSONObject(item.values.map { ($0.key, .string($0.text)) })
            var json: JSONValue = [
                "apiVersion": "v1", "kind": .string(data.kind.rawValue),
                "metadata": [
                    "name": .string(data.name), "namespace": .string(data.namespace ?? namespace),
                    "labels": .object(JSONObject([(KubernetesObject.projectLabel, .string(project))])),
                ],
            ]
            json[data.kind == .secret ? "stringData" : "data"] = .object(values)
            var object = KubernetesObject(json, namespace: namespace)
            object?.isFromOutside = true
            return object
        }
    }

    /// Where an object stands in devloop.json: each place.
    func keyPaths(of object: KubernetesObject.Identity, in namespace: String) -> [String] {
        items.map(\.data).filter {
            $0.kind.rawValue == object.kind && $0.name == object.name
                && ($0.namespace ?? namespace) == object.namespace
        }.map(\.keyPath)
    }

    /// The files in which values of Secrets stand: their absolute paths.
    /// - Parameter configurationFile: devloop.json, for those that stand there.
    func filesWithSecrets(configurationFile: String) -> [String] {
        items.filter { $0.data.kind == .secret && $0.standsInFile }.map { $0.data.file ?? configurationFile }.unique
    }
}

extension OutsideObjects {
    /// Finds values, and notes what is missing. No value is in what it notes.
    private struct Reader {
        let configuration: Configuration
        let environment: [String: String]
        var problems: [ConfigurationError.Problem] = []

        mutating func read(_ data: OutsideData) -> Item {
            var item = Item(data: data)
            switch data.source {
            case .values(let values):
                for value in values {
                    if let text = value.text {
                        item.values.append((value.key, text))
                        item.standsInFile = item.standsInFile || !text.isEmpty
                    } else if let text = environment[value.key] {
                        item.values.append((value.key, text))
                    } else {
                        report("\(data.keyPath).\(value.key)", missing(value.key, of: data))
                    }
                }
            case .file(let path): read(path, into: &item)
            }
            return item
        }

        private mutating func read(_ path: String, into item: inout Item) {
            let (data, name) = (item.data, configuration.relative(path))
            let file: EnvironmentFile
            do {
                file = try EnvironmentFile(parsing: try FileSystem.read(path))
            } catch let error as EnvironmentFile.Mistake {
                return report(data.keyPath, "\(name):\(error.line): \(error.message)")
            } catch let error as FileSystem.ReadError where error.isMissing {
                return report(
                    data.keyPath,
                    "there is no file \(name) to make the \(data.kind.rawValue) \(data.name) of; it has a line KEY=VALUE "
                        + "for each key")
            } catch {
                let reason = (error as? FileSystem.ReadError)?.reason ?? "\(error)"
                return report(data.keyPath, "\(name) can't be read: \(reason)")
            }
            for entry in file.entries {
                if let text = entry.text {
                    item.values.append((entry.key, text))
                    item.standsInFile = item.standsInFile || !text.isEmpty
                } else if let text = environment[entry.key] {
                    item.values.append((entry.key, text))
                } else {
                    report(
                        data.keyPath,
                        "\(name):\(entry.line): "
                            + (isConventional(entry.key)
                                ? "the \(data.kind.rawValue) \(data.name) takes \(entry.key) from the environment, where it "
                                    + "is not set: export \(entry.key)=…, or write \(entry.key)=… there"
                                : "a line without = takes a variable from the environment, and that one is not set"))
                }
            }
        }

        private func missing(_ key: String, of data: OutsideData) -> String {
            let name = data.namespace.map { "\($0)/\(data.name)" } ?? data.name
            let line = "\"\(data.kind.key)\": { \"\(name)\": { \"\(key)\": \"…\" } }"
            let isVariable = key.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0.isLetterOrDigit }
            return "the \(data.kind.rawValue) \(data.name) takes \(key) from the environment, where it is not set: "
                + (isVariable ? "export \(key)=…, or write it into \(line)" : "write it into \(line)")
        }

        /// Whether it is a variable's name, and not perhaps a line of a key file.
        private func isConventional(_ key: String) -> Bool {
            key.utf8.count <= 40 && key == key.uppercased()
        }

        private mutating func report(_ keyPath: String, _ message: String) {
            problems.append(
                ConfigurationError.Problem(
                    position: configuration.origin.position(of: keyPath), keyPath: keyPath, message: message))
        }
    }
}

extension Configuration {
    /// A path as one would name it in the project's folder.
    func relative(_ path: String) -> String {
        path.hasPrefix(directory + "/") ? String(path.dropFirst(directory.count + 1)) : path
    }
}
