import Runner

/// A container's port, by its number or by the name that a pod's specification gives it.
enum PortTarget: Sendable, Hashable {
    case number(Int)
    case name(String)

    /// `80` or `http`; `nil` for what is neither
    /// (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports).
    init?(_ text: some StringProtocol) {
        if let number = PortMapping.number(text) {
            self = .number(number)
        } else if text.utf8.count <= 15, text.utf8.contains(where: { (0x61...0x7A).contains($0) }),
            text.utf8.allSatisfy(Self.isOfName)
        {
            self = .name(String(text))
        } else {
            return nil
        }
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
    }
}

/// A port of this machine that leads to a container's.
struct PortMapping: Sendable, Hashable {
    var host: Int
    var target: PortTarget

    init(host: Int, target: PortTarget) { (self.host, self.target) = (host, target) }

    /// Reads `9229`, `8080:80` or `8080:http`.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let host = Self.number(parts[0]), let target = PortTarget(parts[parts.count - 1]) else {
            return nil
        }
        self.init(host: host, target: target)
    }

    static func number(_ text: some StringProtocol) -> Int? {
        guard let number = Int(text), Self.range.contains(number), text.first != "+" else { return nil }
        return number
    }

    static let range = 1...65535
}

/// What `forward` leads to: a Service, or what runs pods, and its port.
struct ForwardDestination: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case service(String)
        case workload(Workload.Name)
    }

    var kind: Kind
    var port: PortTarget

    /// Reads `service/postgres:5432`.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = PortTarget(text[text.index(after: colon)...]) else {
            return nil
        }
        let name = text[..<colon]
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else { return nil }
        if ["service", "services", "svc"].contains(parts[0].lowercased()) {
            // Its name is one as a pod has it.
            guard let checked = Workload.Name("pod/\(parts[1])") else { return nil }
            kind = .service(checked.name)
        } else if let workload = Workload.Name(String(name)) {
            kind = .workload(workload)
        } else {
            return nil
        }
        self.port = port
    }

    var name: String {
        switch kind {
        case .service(let name): name
        case .workload(let name): name.name
        }
    }
}

extension Configuration {
    /// A port of this machine that leads to something that devloop need not build.
    struct Forward: Sendable, Equatable {
        /// Never empty where it was read.
        var to: ForwardDestination?
        /// The port of this machine; the other one's number where `nil`.
        var port: Int?
        /// The namespace; the project's where `nil`.
        var namespace: String?
        /// Where it stands in the file.
        var keyPath: String

        /// The port of this machine.
        var host: Int? {
            if let port { return port }
            if case .number(let number)? = to?.port { return number }
            return nil
        }
    }
}

extension Configuration.Forward: ConfigurationSection {
    static let keys: [ConfigurationKey<Configuration.Forward>] = [
        .init(
            "to", \.to, .text(.forwardDestination) { ForwardDestination($0) }, isRequired: true, change: .nothing,
            "what a port of this machine leads to: `service/postgres:5432`, also `deployment/`, `statefulset/`, "
                + "`daemonset/`, `pod/`; see [Ports](#ports)"),
        .init(
            "port", \.port, .port, default: "the same number", change: .nothing,
            "the port of this machine"),
        .init(
            "namespace", \.namespace, .text(.namespace), default: "the project's", change: .nothing,
            "the namespace of what it leads to"),
    ]

    static func blank(at path: String) -> Configuration.Forward { Configuration.Forward(keyPath: path) }

    mutating func complete(_ read: Set<String>, at path: String, _ reader: inout ConfigurationReader) {
        guard read.contains("to"), !read.contains("port"), host == nil else { return }
        reader.report(
            path, "\"port\" is missing: expected the port of this machine, as \"to\" names a port by its name")
    }
}

extension ValueForm where Value == PortMapping {
    /// A port's number, or two ports.
    static var portMapping: Self {
        let shape = ValueShape.oneOf([.port, .text(.portMapping)])
        return ValueForm(shape) { value, path, reader in
            if let number = value.integer, PortMapping.range.contains(number) {
                return PortMapping(host: number, target: .number(number))
            }
            if value.string != nil { return reader.text(value, at: path, .portMapping).flatMap { PortMapping($0) } }
            reader.report(value, at: path, expected: shape.expectation)
            return nil
        }
    }
}

extension ValueForm where Value == Int {
    /// A port's number.
    static var port: Self {
        ValueForm(.port, json: { .number("\($0)") }) { value, path, reader in
            if let number = value.integer, PortMapping.range.contains(number) { return number }
            reader.report(value, at: path, expected: ValueShape.port.expectation)
            return nil
        }
    }
}

extension Configuration {
    /// Two things can't have one port.
    func reportRepeatedPorts(to reader: inout ConfigurationReader) {
        var places: [Int: String] = [:]
        func take(_ port: Int, at path: String) {
            if let other = places.updateValue(path, forKey: port) {
                reader.report(path, "\(other) has the port \(port) of this machine already")
                places[port] = other
            }
        }
        for service in services {
            for (index, mapping) in service.ports.enumerated() {
                take(mapping.host, at: "\(service.keyPath).ports[\(index)]")
            }
        }
        for forward in forwards {
            if let host = forward.host { take(host, at: "\(forward.keyPath).\(forward.port == nil ? "to" : "port")") }
        }
    }
}
