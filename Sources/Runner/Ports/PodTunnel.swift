import Synchronization

/// What a tunnel has to say.
enum TunnelNews: Sendable, Hashable {
    /// It can be connected to at this port of 127.0.0.1.
    case open(Int)
    /// Nobody listens at the pod's port: a connection was closed for that.
    case refused
    /// It is no more, with the last that it said.
    case ended(String?)
}

/// Opens tunnels to pods. The real one is ``PodTunnels``; tests bring others.
protocol TunnelOpening: Sendable {
    /// Begins to open one.
    /// - Parameter onNews: is told what becomes of it, from any thread.
    func open(_ backend: PortBackend, onNews: @escaping @Sendable (TunnelNews) -> Void) -> any Tunnel
}

/// A tunnel, from its beginning to its end.
protocol Tunnel: Sendable {
    /// Ends it; returns at once.
    func close()
}

/// For where every address can be reached.
struct NoTunnels: TunnelOpening {
    private struct None: Tunnel {
        func close() {}
    }

    func open(_ backend: PortBackend, onNews: @escaping @Sendable (TunnelNews) -> Void) -> any Tunnel {
        onNews(.ended(nil))
        return None()
    }
}

/// Tunnels by `kubectl port-forward`, a process for each port of a pod.
///
/// For each port, since kubectl ends with all of its connections when one of them fails in the pod ("lost connection to
/// pod"): a port where nobody listens must not cost the others theirs.
struct PodTunnels: TunnelOpening {
    let kubectl: Kubectl
    let launcher: any CommandRunning

    func open(_ backend: PortBackend, onNews: @escaping @Sendable (TunnelNews) -> Void) -> any Tunnel {
        PodTunnel(command: kubectl.portForward(backend), launcher: launcher, onNews: onNews)
    }
}

/// One `kubectl port-forward`. What it prints is not shown: what it means for a connection, the connection shows.
private final class PodTunnel: Tunnel {
    private let task: Task<Void, Never>

    init(
        command: Command?, launcher: any CommandRunning, onNews: @escaping @Sendable (TunnelNews) -> Void
    ) {
        task = Task {
            guard let command else { return onNews(.ended(nil)) }
            let said = OutputTail(limit: 1)
            let output = try? await launcher.tryTool(
                command,
                output: .lines { source, line in
                    if let news = TunnelOutput.news(of: line, from: source) { onNews(news) }
                    if source == .standardError { said.append(line) }
                })
            let failure = output.flatMap { $0.errorText.isEmpty ? nil : $0.errorText }
            onNews(.ended(said.lines.last ?? failure))
        }
    }

    func close() { task.cancel() }
}

/// What `kubectl port-forward` prints, and what it means.
enum TunnelOutput {
    static func news(of line: [UInt8], from source: OutputSource) -> TunnelNews? {
        let text = String(decoding: line, as: UTF8.self)
        switch source {
        case .standardOutput:
            // Forwarding from 127.0.0.1:38795 -> 3000
            let mark = "Forwarding from 127.0.0.1:"
            guard text.hasPrefix(mark) else { return nil }
            return Int(text.dropFirst(mark.count).prefix { $0.isNumber }).map { .open($0) }
        case .standardError:
            // … an error occurred forwarding 46511 -> 3999: … failed to connect to localhost:3999 inside namespace …
            let isRefusal = ["failed to connect to", "onnection refused"].contains { text.contains($0) }
            return isRefusal && text.contains("forwarding") ? .refused : nil
        }
    }
}

extension Kubectl {
    /// Makes a port of a pod one of this machine, whose number it prints; `nil` for what is in no pod.
    func portForward(_ backend: PortBackend) -> Command? {
        guard case .pod(let name, let namespace) = backend.place else { return nil }
        return Command(
            "kubectl",
            [
                "--context=\(context)", "--namespace=\(namespace)", "port-forward", "--address=127.0.0.1",
                "pod/\(name)", ":\(backend.port)",
            ])
    }
}
