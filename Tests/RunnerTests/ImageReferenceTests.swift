import Testing

@testable import Runner

@Suite struct ImageReferenceTests {
    private static let sha = "sha256:" + String(repeating: "0a", count: 32)

    @Test(arguments: [
        ("posts", nil, "posts", nil), ("blog/posts", nil, "blog/posts", nil), ("posts:dev", nil, "posts", "dev"),
        ("localhost/posts", "localhost", "posts", nil), ("localhost:5000/a/b:1.0", "localhost:5000", "a/b", "1.0"),
        ("localhost:5000", nil, "localhost", "5000"), ("gcr.io/p/a", "gcr.io", "p/a", nil),
        ("docker.io/library/node:20-alpine", nil, "node", "20-alpine"), ("library/node", nil, "node", nil),
        ("library/a/b", nil, "library/a/b", nil), ("index.docker.io/me/a", nil, "me/a", nil),
        ("gcr.io/library/a", "gcr.io", "library/a", nil), ("[::1]:5000/a", "[::1]:5000", "a", nil),
        ("Registry.local/a", "Registry.local", "a", nil), ("x/a__b.c-d---e/f_g", nil, "x/a__b.c-d---e/f_g", nil),
        ("a:V1.0_x-Y", nil, "a", "V1.0_x-Y"),
    ])
    func aReferenceIsReadLikeDockerReadsIt(text: String, registry: String?, repository: String, tag: String?) throws {
        let reference = try #require(ImageReference(text))
        #expect(reference.registry == registry)
        #expect(reference.repository == repository)
        #expect(reference.tag == tag)
        #expect(reference.digest == nil)
        #expect(ImageReference(reference.description) == reference)
    }

    @Test func aDigestIsRead() throws {
        let reference = try #require(ImageReference("localhost:5000/posts:dev@\(Self.sha)"))
        #expect(reference.digest == Self.sha)
        #expect(reference.tag == "dev")
        #expect(reference.name == "localhost:5000/posts")
        #expect(reference.description == "localhost:5000/posts:dev@\(Self.sha)")
    }

    @Test(arguments: [
        "", "/", "a/", "/a", "a//b", "--help", "-a", "a/-b", "a:-b", "a:", "a:b:c", "Posts", "Blog/posts", "a/B", "a b",
        "a\n",
        "a\0b",
        "a..b", "a___b", "a._b", "a_", ".a", "a.", "a@", "a@sha256:1", "a@b:c",
        "a@--x:\(String(repeating: "0", count: 64))",
        "a@\(sha)x", "a@\(sha)@\(sha)", "localhost:/a", "localhost:x/a", "a.-b/c", ".a.b/c", "-a.b/c", "[::1/a", "[]/a",
        "http://a/b", "a?b", "é", "$(x)", String(repeating: "a", count: 64), String(repeating: "a", count: 256),
        "a:" + String(repeating: "a", count: 129),
    ])
    func whatIsNoReferenceIsRefused(text: String) {
        #expect(ImageReference(text) == nil)
    }

    @Test(arguments: [
        ("blog/posts", "localhost:5000", "localhost:5000/blog/posts:latest"),
        ("blog/posts:dev", "localhost:5000/team", "localhost:5000/team/blog/posts:dev"),
        ("gcr.io/p/a:1", "localhost:5000", "localhost:5000/p/a:1"),
        ("localhost:5000/a", "localhost:5000", "localhost:5000/a"),
        ("localhost:5000/team/a:1", "localhost:5000/team", "localhost:5000/team/a:1"),
        ("localhost:5000/teams/a:1", "localhost:5000/team", "localhost:5000/team/teams/a:1"),
        ("me/a:1", "docker.io/me", "me/a:1"), ("a:1", "docker.io/me", "me/a:1"), ("a:1", "docker.io", "a:1"),
        ("gcr.io/a:1", "docker.io", "a:1"),
    ])
    func anImageIsNamedInARegistryOnce(image: String, registry: String, expected: String) throws {
        let moved = try #require(ImageReference(image)?.inRegistry(registry))
        #expect(moved.description == expected)
        #expect(moved.inRegistry(registry) == moved)
    }

    @Test func withoutATagItIsLatest() {
        #expect(ImageReference("posts")?.tagged == "posts:latest")
        #expect(ImageReference("docker.io/library/posts")?.tagged == "posts:latest")
        #expect(ImageReference("gcr.io/posts:1")?.tagged == "gcr.io/posts:1")
    }
}
