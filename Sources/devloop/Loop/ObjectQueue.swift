import Runner

/// Who changes which objects when: no two calls to the target touch one object at a time, and nobody overtakes one who
/// waits for the same object. A pure value.
struct ObjectQueue: Sendable {
    /// Something that is wanted of objects.
    struct Request: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            case apply
            case letGo
            case restart(Workload)
        }

        /// Who wants it.
        enum Owner: Sendable, Hashable {
            /// An apply of everything, by its number.
            case everything(Int)
            /// An apply of what could not be applied.
            case again
            /// The rollout of a service's image.
            case rollout(of: String)
            /// Whoever found a workload deleted.
            case restore(Workload)
        }

        var kind: Kind
        var objects: Set<KubernetesObject.Identity>
        var owner: Owner

        /// Whether it goes into one call with others.
        fileprivate var joins: Bool {
            if case .rollout = owner { kind == .apply } else { false }
        }

        fileprivate var isRestart: Bool {
            if case .restart = kind { true } else { false }
        }
    }

    /// How many calls there are at once that rollouts apply their objects with, where these go into few calls: one that
    /// takes long holds up nobody.
    static let sharedCalls = 2
    /// How many workloads of one rollout are restarted at once.
    static let restartsAtOnce = 8

    /// Whether what several rollouts apply at once goes into one call: kubectl takes nearly as long for one object as for
    /// forty. Where a call starts containers itself, it takes as long as they do.
    private let sharesCalls: Bool
    private var waiting: [Request] = []
    private var running: [[Request]] = []

    init(sharesCalls: Bool) { self.sharesCalls = sharesCalls }

    mutating func add(_ request: Request) { waiting.append(request) }

    /// What begins now, each a call: requests of one call are of one kind.
    mutating func next() -> [[Request]] {
        var taken = running.flatMap(\.self).reduce(into: Set()) { $0.formUnion($1.objects) }
        var begun: [[Request]] = []
        var left: [Request] = []
        for request in waiting {
            let begins = taken.isDisjoint(with: request.objects) && begins(request, &begun)
            if !begins { left.append(request) }
            // What waits takes its objects too: nobody overtakes it.
            taken.formUnion(request.objects)
        }
        waiting = left
        running += begun
        return begun
    }

    /// Whether a request whose objects are free begins now, in a call of its own or in one that begins now too.
    private func begins(_ request: Request, _ begun: inout [[Request]]) -> Bool {
        if joins(request) {
            if let shared = begun.firstIndex(where: { joins($0[0]) }) {
                begun[shared].append(request)
                return true
            }
            guard running.count(where: { joins($0[0]) }) < Self.sharedCalls else { return false }
        } else if request.isRestart {
            let restarts = (running + begun).count { $0[0].isRestart && $0[0].owner == request.owner }
            guard restarts < Self.restartsAtOnce else { return false }
        }
        begun.append([request])
        return true
    }

    /// A call came to its end.
    mutating func ended(_ call: [Request]) {
        if let index = running.firstIndex(of: call) { running.remove(at: index) }
    }

    private func joins(_ request: Request) -> Bool { sharesCalls && request.joins }
}
