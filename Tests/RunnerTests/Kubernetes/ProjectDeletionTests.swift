import Synchronization
import Testing

@testable import Runner

/// What goes, what stays, and in which order.
@Suite(.timeLimit(.minutes(1))) struct ProjectDeletionTests {
    private static func object(_ text: String) throws -> KubernetesObject {
        try #require(KubernetesObject(try JSONParser.parse(Array(text.utf8)), namespace: "blog"))
    }

    private static let set = """
        {kind: 'StatefulSet', metadata: {name: 'db'}, spec: {selector: {matchLabels: {app: 'db'}},
         volumeClaimTemplates: [{metadata: {name: 'data'}}]}}
        """

    private static func project() throws -> [KubernetesObject] {
        let texts = [
            "{kind: 'Namespace', metadata: {name: 'other'}}",
            "{kind: 'CustomResourceDefinition', metadata: {name: 'menus.example.com'}}",
            "{kind: 'PersistentVolume', metadata: {name: 'disk'}}",
            "{kind: 'PersistentVolumeClaim', metadata: {name: 'files'}}", set,
            "{kind: 'Service', metadata: {name: 'db'}}", "{kind: 'Pod', metadata: {name: 'tool', namespace: 'other'}}",
        ]
        return try texts.map(object)
    }

    /// kubectl's lines of what it is handed to delete, each call's with a bar at its end.
    private static let kubectl = """
        *" delete --ignore-not-found --filename=-") text=$(cat); printf '%s|' "$text" >>"$here/deleted"; echo gone;;
        *" get persistentvolumeclaims --output=json") cat "$here/claims";;
        *" get --ignore-not-found --output=json --filename=-") cat >/dev/null; cat "$here/there";;
        """

    private static let claims = """
        {"kind": "List", "items": [
          {"kind": "PersistentVolumeClaim", "metadata": {"name": "data-db-0", "namespace": "blog", "labels": {"app": "db"}}},
          {"kind": "PersistentVolumeClaim", "metadata": {"name": "data-db-11", "namespace": "blog", "labels": {"app": "db", "x": "y"}}},
          {"kind": "PersistentVolumeClaim", "metadata": {"name": "data-db-old-0", "namespace": "blog", "labels": {"app": "db"}}},
          {"kind": "PersistentVolumeClaim", "metadata": {"name": "data-db-2", "namespace": "blog", "labels": {"app": "other"}}},
          {"kind": "PersistentVolumeClaim", "metadata": {"name": "files", "namespace": "blog"}}]}
        """

    private static func delete(
        _ objects: [KubernetesObject], _ scope: DeletionScope, kubectl: String = kubectl, there: String = "",
        claims: String = claims
    ) async throws -> (lines: [String], kept: [String], sent: [[String]]) {
        let standIn = try StandIn(["kubectl": kubectl])
        try standIn.write(claims, to: "claims")
        try standIn.write(there, to: "there")
        let kept = Mutex<[String]>([])
        let deletion = ProjectDeletion(
            kubectl: Kubectl(context: "lab", namespace: "blog"), launcher: standIn.launcher, scope: scope
        ) { event in
            if case .kept(let line) = event { kept.withLock { $0.append(line) } }
        }
        let lines = try await deletion.run(objects)
        standIn.verify()
        let sent = try standIn.content(of: "deleted").split(separator: "|").map { text in
            let list = try JSONParser.parse(Array(text.utf8))["items"]?.array ?? []
            return list.compactMap { KubernetesObject($0, namespace: "blog")?.identity.description }
        }
        return (lines, kept.withLock { $0 }, sent)
    }

    @Test func whatHoldsDataStaysAndIsNamedWhereItIsThere() async throws {
        let there = """
            {"kind": "List", "items": [
              {"kind": "Namespace", "metadata": {"name": "other"}},
              {"kind": "CustomResourceDefinition", "metadata": {"name": "menus.example.com"}},
              {"kind": "PersistentVolumeClaim", "metadata": {"name": "files", "namespace": "blog"}}]}
            """
        let (lines, kept, sent) = try await Self.delete(try Self.project(), .allButData, there: there)
        #expect(sent == [["Pod tool"], ["Service db", "StatefulSet db"]])
        #expect(
            kept == [
                #"namespace "other" left"#, #"customresourcedefinition "menus.example.com" left"#,
                #"persistentvolumeclaim "files" left"#, #"persistentvolumeclaim "data-db-0" left"#,
                #"persistentvolumeclaim "data-db-11" left"#,
            ])
        #expect(lines == ["gone", "gone"] + kept)
    }

    @Test func withItsDataAllGoesAndWhatOthersAreInGoesLast() async throws {
        let (lines, kept, sent) = try await Self.delete(try Self.project(), .everything)
        #expect(
            sent == [
                ["Pod tool"], ["Service db", "StatefulSet db"],
                [
                    "PersistentVolumeClaim data-db-11", "PersistentVolumeClaim data-db-0",
                    "PersistentVolumeClaim files",
                ],
                ["PersistentVolume disk"], ["CustomResourceDefinition menus.example.com"], ["Namespace other"],
            ])
        #expect(kept == [] && lines == Array(repeating: "gone", count: 6))
    }

    @Test func whatIsNotThereIsNotNamed() async throws {
        let claim = try Self.object("{kind: 'PersistentVolumeClaim', metadata: {name: 'files'}}")
        #expect(try await Self.delete([claim], .allButData).lines == [])
    }

    @Test func whatMayNotBeReadIsNamedAllTheSame() async throws {
        let kubectl = """
            *" delete "*) cat >/dev/null; echo gone;;
            *" get "*) cat >/dev/null; echo 'Error from server (Forbidden): no' >&2; exit 1;;
            """
        let objects = try [
            Self.object(Self.set), Self.object("{kind: 'PersistentVolumeClaim', metadata: {name: 'files'}}"),
        ]
        #expect(
            try await Self.delete(objects, .allButData, kubectl: kubectl).kept == [
                "the claims of StatefulSet db left, if there are any",
                #"persistentvolumeclaim "files" left, if it is there"#,
            ])
    }

    @Test func aClusterThatIsAwayIsAnError() async throws {
        let kubectl = """
            *" get "*) cat >/dev/null; echo 'The connection to the server was refused' >&2; exit 1;;
            """
        let claim = try Self.object("{kind: 'PersistentVolumeClaim', metadata: {name: 'files'}}")
        let error = try await targetError { try await Self.delete([claim], .allButData, kubectl: kubectl) }
        #expect(error.severity == .unavailable)
    }

    @Test func claimsThatGoWithTheirSetAreNotSaidToStay() async throws {
        var set = try Self.object(Self.set)
        set.json[path: ["spec", "persistentVolumeClaimRetentionPolicy"]] = ["whenDeleted": "Delete"]
        #expect(try await Self.delete([set], .allButData).lines == ["gone"])
    }
}
