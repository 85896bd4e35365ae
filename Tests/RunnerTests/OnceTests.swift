import Testing

@testable import Runner

struct OnceTests {
    @Test func eachThingIsNewsOnce() {
        var once = Once<String>()
        #expect(once.news(["a", "b", "a"]) == ["a", "b"])
        #expect(once.news(["b", "c"]) == ["c"])
        #expect(!once.isNews("c") && once.isNews("d"))
    }

    @Test func whatWasOverIsNewsWhenItComesAgain() {
        var once = Once<String>()
        #expect(once.news(lasting: ["a", "b"]) == ["a", "b"])
        #expect(once.news(lasting: ["b"]) == [])
        #expect(once.news(lasting: ["a", "b"]) == ["a"])
        once.forget()
        #expect(once.news(["b"]) == ["b"])
    }
}
