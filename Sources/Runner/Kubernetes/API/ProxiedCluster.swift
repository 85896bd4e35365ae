/// Reads a cluster through one ``KubectlProxy``, whose way to it and login are kubectl's own.
struct ProxiedCluster: ClusterReading {
    let context: String
    private let proxy: KubectlProxy
    private let onRead: @Sendable (String) -> Void

    /// - Parameter onRead: told of each question just before it is asked (for `--verbose`).
    init(context: String, proxy: KubectlProxy, onRead: @escaping @Sendable (String) -> Void = { _ in }) {
        self.context = context
        self.proxy = proxy
        self.onRead = onRead
    }

    func read(
        _ query: ClusterQuery, onPiece: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    ) async throws -> ClusterAnswer {
        try Task.checkCancellation()
        onRead("\(query)")
        var attempts = 2
        while true {
            attempts -= 1
            let run: KubectlProxy.Run
            do {
                run = try await proxy.serving()
            } catch let failure as ReadFailure {
                return ClusterAnswer(failure: failure, hasBegun: false)
            }
            let exchange = HTTPExchange(
                HTTPRequest(target: query.target), to: .socket(run.socket), patience: query.patience, onPiece: onPiece)
            let response = try await exchange.run()
            if case .refused = response.ending, attempts > 0 {
                // It has ended, and that is not known here yet.
                proxy.replace(run)
                continue
            }
            let failure = ReadFailure(response)
            if let failure, KubectlFailure.wantsLogin(failure) { proxy.replace(run) }
            return ClusterAnswer(
                body: response.body, failure: failure, hasBegun: response.head?.isSuccess == true)
        }
    }
}
