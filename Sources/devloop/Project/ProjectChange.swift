/// What a newer project asks of the loop that runs an older one. A pure value.
struct ProjectChange: Sendable, Equatable {
    /// The settings that changed and take effect when devloop starts again.
    var settingsThatNeedARestart: [String] = []
    /// The services that are gone.
    var removed: [String] = []
    /// The services that need a pass, in the project's order, and the files that say so.
    var changed: [String: [String]] = [:]
    /// Whether the manifests say something else.
    var appliesManifests = false

    /// Compares the two.
    /// - Parameters:
    ///   - files: what changed of devloop.json and the manifests.
    ///   - unwatched: services that were not watched for a while, so that edits of them may have gone by.
    init(from before: Project, to after: Project, files: [String], unwatched: Set<String> = []) {
        settingsThatNeedARestart = after.configuration.changes(from: before.configuration)
            .filter { $0.cost == .restart }.map(\.name)
        // What a cluster has of outside already it keeps, until somebody deletes that, and saves for another look.
        let outside = after.configuration.outsideData.compactMap(\.file).map(after.configuration.relative)
        let looksAgain =
            !after.configuration.outsideData.isEmpty && files.contains(Self.configurationFile)
            || !Set(files).isDisjoint(with: outside)
        appliesManifests = before.objects != after.objects || looksAgain
        let names = Set(after.services.map(\.name))
        removed = before.services.map(\.name).filter { !names.contains($0) }
        let manifests = files.filter { $0 != Self.configurationFile }
        for service in after.services {
            let old = before.services.first { $0.name == service.name }
            if unwatched.contains(service.name) || service.configuration.isBuiltAnew(comparedWith: old?.configuration) {
                changed[service.name] = [Self.configurationFile]
            } else if !Set(service.workloads).isSubset(of: old?.workloads ?? [])
                || old?.isOnlyBuilt == true && !service.isOnlyBuilt
            {
                changed[service.name] = manifests.isEmpty ? [Self.configurationFile] : manifests
            }
        }
    }

    /// How the configuration is called in what is told of its changes.
    static let configurationFile = "devloop.json"
}

extension Configuration.Service {
    /// Whether it is built for what devloop.json says of it now; a new one is.
    fileprivate func isBuiltAnew(comparedWith older: Configuration.Service?) -> Bool {
        older.map { changes(from: $0).contains { $0.cost == .build } } ?? true
    }
}
