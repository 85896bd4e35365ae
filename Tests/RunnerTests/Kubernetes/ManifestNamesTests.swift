import Testing

@testable import Runner

@Suite struct ManifestNamesTests {
    private func problems(_ text: String) throws -> [String] {
        ManifestNames.problems(of: try JSONParser.parse(Array(text.utf8)))
    }

    @Test(arguments: [
        ("Deployment", "web", true), ("Deployment", "web.v1", true), ("Deployment", "My_App", false),
        ("Deployment", "", false), ("Deployment", "-web", false), ("Deployment", "web.", false),
        ("Deployment", String(repeating: "a", count: 254), false), ("Deployment", "wéb", false),
        ("StatefulSet", "DB", false), ("DaemonSet", "a b", false), ("Pod", "a/b", false), ("Service", "web", true),
        ("Service", "1web", false), ("Service", "a.b", false), ("Service", String(repeating: "a", count: 64), false),
        ("Namespace", "shop", true), ("Namespace", "a.b", false), ("ConfigMap", "a.b", true), ("Secret", "A", false),
        ("PersistentVolumeClaim", "data_1", false), ("ClusterRole", "system:node", true), ("Role", "a/b", false),
    ])
    func namesOfObjectsFollowKubernetesRules(kind: String, name: String, isValid: Bool) throws {
        let found = try problems("{kind: '\(kind)', apiVersion: 'v1', metadata: {name: '\(name)'}}")
        #expect(found.isEmpty == isValid, "\(found)")
    }

    @Test func whatIsWrongIsToldWithTheObjectTheFieldAndTheRule() throws {
        let found = try problems("{kind: 'Deployment', apiVersion: 'apps/v1', metadata: {name: 'My_App'}}")
        #expect(found.count == 1)
        #expect(
            found[0].hasPrefix(
                #"Deployment My_App: metadata.name: Invalid value: "My_App": a lowercase RFC 1123 subdomain must consist"#
            ))
    }

    @Test(arguments: [
        ("{name: 'App', image: 'i'}", "spec.containers[0].name"), ("{image: 'i'}", "spec.containers[0].name"),
        ("{name: 'a'}, {name: 'a'}", "spec.containers[1].name: Duplicate value"),
        ("{name: 'a', env: [{name: 'A=B', value: ''}]}", "spec.containers[0].env.name"),
        ("{name: 'a', env: [{value: ''}]}", "spec.containers[0].env.name: Required value"),
    ])
    func namesInAPodFollowThemToo(containers: String, path: String) throws {
        let found = try problems(
            "{kind: 'Pod', apiVersion: 'v1', metadata: {name: 'p'}, spec: {containers: [\(containers)]}}")
        #expect(found.count == 1 && found[0].hasPrefix("Pod p: \(path)"), "\(found)")
    }

    @Test(arguments: [
        ("metadata: {name: 'a', namespace: 'Shop'}", "metadata.namespace"),
        ("metadata: {generateName: 'a-'}", "metadata.generateName"),
        (
            "metadata: {name: 'a'}, spec: {template: {spec: {containers: [], volumes: [{name: 'A'}]}}}",
            "volumes[0].name"
        ),
        (
            "metadata: {name: 'a'}, spec: {template: {spec: {containers: [], volumes: [{name: 'v', "
                + "persistentVolumeClaim: {claimName: 'a/b'}}]}}}", "volumes[0].persistentVolumeClaim.claimName"
        ),
        ("metadata: {name: 'a'}, spec: {volumeClaimTemplates: [{metadata: {name: 'A'}}]}", "volumeClaimTemplates"),
        ("metadata: {name: 'a'}, spec: {template: {spec: {containers: [], hostname: 'A.b'}}}", "hostname"),
    ])
    func namesThatDevloopMakesOthersFromFollowThem(rest: String, path: String) throws {
        let found = try problems("{kind: 'StatefulSet', apiVersion: 'apps/v1', \(rest)}")
        #expect(found.count == 1 && found[0].contains(path), "\(found)")
    }

    @Test func keysOfConfigMapsAndSecretsFollowThem() throws {
        #expect(try problems("{kind: 'ConfigMap', metadata: {name: 'a'}, data: {'a/b': '', 'a.b_C-1': ''}}").count == 1)
        #expect(try problems("{kind: 'Secret', metadata: {name: 'a'}, stringData: {'..': ''}}").count == 1)
    }

    @Test(arguments: [
        "shop.example/v1", "gateway.networking.k8s.io/v1", "skaffold/v4beta6", "kustomize.config.k8s.io/v1",
    ])
    func kindsOfOthersAreNotJudged(version: String) throws {
        #expect(try problems("{kind: 'Menu', apiVersion: '\(version)', metadata: {name: 'My_Menu'}}").isEmpty)
    }
}
