import Testing

@testable import Runner

@Suite struct WorkloadTests {
    @Test(arguments: [
        ("deployment/posts-depl", Workload.Kind.deployment, "posts-depl"), ("deploy/a", .deployment, "a"),
        ("Deployment/a", .deployment, "a"), ("deployment.apps/a", .deployment, "a"),
        ("deployments/a", .deployment, "a"),
        ("sts/db", .statefulSet, "db"), ("StatefulSet/db", .statefulSet, "db"),
        ("statefulset.apps/db", .statefulSet, "db"),
        ("ds/agent.v1", .daemonSet, "agent.v1"), ("daemonset/0", .daemonSet, "0"), ("po/a", .pod, "a"),
        ("pod/a", .pod, "a"), ("rs/a", .replicaSet, "a"), ("replicaset.apps/a", .replicaSet, "a"),
        ("rc/a", .replicationController, "a"), ("ReplicationController/a", .replicationController, "a"),
    ])
    func aWorkloadIsReadLikeKubectlReadsIt(text: String, kind: Workload.Kind, name: String) {
        #expect(Workload(text) == Workload(kind: kind, name: name))
    }

    @Test(arguments: [
        "", "posts", "/", "deployment/", "/posts", "deployment/a/b", "job/a", "cronjob/a", "service/a", "deployment/-a",
        "deployment/--all", "deployment/a-", "deployment/A", "deployment/a b", "deployment/a_b", "deployment/a\0",
        "-deployment/a", "deployment /a", "deployment/" + String(repeating: "a", count: 254),
    ])
    func whatCanNotBeRestartedIsRefused(text: String) {
        #expect(Workload(text) == nil)
    }

    @Test(arguments: Workload.Kind.allCases)
    func itsDescriptionIsReadAgain(kind: Workload.Kind) {
        let workload = Workload(kind: kind, name: "posts")
        #expect(Workload(workload.description) == workload)
    }
}

@Suite struct KubernetesObjectTests {
    private func object(_ text: String) throws -> KubernetesObject {
        try #require(KubernetesObject(try JSONParser.parse(Array(text.utf8))))
    }

    @Test func aDeploymentIsAWorkloadWithImagesAndLabels() throws {
        let deployment = try object(
            """
            {kind: 'Deployment', metadata: {name: 'posts', namespace: 'blog'}, spec: {template: {
              metadata: {labels: {app: 'posts'}},
              spec: {initContainers: [{image: 'wait'}], containers: [{image: 'blog/posts'}, {name: 'x'}]}}}}
            """)
        #expect(deployment.workload == Workload(kind: .deployment, name: "posts", namespace: "blog"))
        #expect(deployment.images == ["wait", "blog/posts"])
        #expect(deployment.podLabels == ["app": "posts"])
        #expect(deployment.identity.description == "Deployment posts")
    }

    @Test func aPodIsItsOwnTemplate() throws {
        let pod = try object(
            "{kind: 'Pod', metadata: {name: 'a', labels: {app: 'a'}}, spec: {containers: [{image: 'i'}]}}")
        #expect(pod.workload == Workload(kind: .pod, name: "a"))
        #expect(pod.images == ["i"])
        #expect(pod.podLabels == ["app": "a"])
    }

    @Test func aCronJobHasImagesButIsNotRestarted() throws {
        let job = try object(
            """
            {kind: 'CronJob', metadata: {name: 'a'}, spec: {jobTemplate: {spec: {template: {
              metadata: {labels: {job: 'a'}}, spec: {containers: [{image: 'i'}]}}}}}}
            """)
        #expect(job.workload == nil)
        #expect(job.images == ["i"])
        #expect(job.podLabels == ["job": "a"])
    }

    @Test func anObjectWithoutContainersHasNone() throws {
        let service = try object("{kind: 'Service', metadata: {name: 'posts'}}")
        #expect(service.workload == nil)
        #expect(service.podSpecPath == nil)
        #expect(service.images.isEmpty)
    }

    @Test func aDocumentWithoutAKindIsNoObject() {
        #expect(KubernetesObject(["metadata": ["name": "a"]]) == nil)
        #expect(KubernetesObject(.null) == nil)
    }
}
