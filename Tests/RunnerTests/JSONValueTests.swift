import Testing

@testable import Runner

@Suite struct JSONValueTests {
    @Test func membersKeepTheirOrder() throws {
        let text = #"{"z":1,"a":{"y":[true,null],"b":"x"}}"#
        #expect(try JSONParser.parse(Array(text.utf8)).description == text)
    }

    @Test(arguments: [
        ("a\"b\\c", #""a\"b\\c""#), ("\n\r\t", #""\n\r\t""#), ("\u{0}\u{1F}", #""\u0000\u001f""#), ("é/😀", "\"é/😀\""),
    ])
    func stringsAreWrittenAsJSON(value: String, text: String) {
        #expect(JSONValue.string(value).description == text)
    }

    @Test func assigningReplacesAppendsAndRemoves() {
        var value: JSONValue = ["a": 1, "b": 2]
        value["a"] = 3
        value["c"] = 4
        value["b"] = nil
        #expect(value.description == #"{"a":3,"c":4}"#)
    }

    @Test func assigningAtAPathMakesTheObjectsOnTheWay() {
        var value: JSONValue = ["a": ["x": 1]]
        value[path: ["a", "b", "c"]] = true
        #expect(value.description == #"{"a":{"x":1,"b":{"c":true}}}"#)
        value[path: ["a", "b"]] = nil
        #expect(value.description == #"{"a":{"x":1}}"#)
    }

    @Test(arguments: [["a"], ["a", "b"], ["x", "b", "c"]])
    func removingWhatIsNotThereChangesNothing(path: [String]) {
        var value: JSONValue = ["x": 1]
        value[path: path] = nil
        #expect(value == ["x": 1])
        var array: JSONValue = [1]
        array[path: path] = nil
        #expect(array == [1])
    }

    @Test func valuesAreSeenAsWhatTheyAre() {
        #expect(JSONValue.number("42").integer == 42)
        #expect(JSONValue.number("4.0").integer == nil)
        #expect(JSONValue.number("99999999999999999999").integer == nil)
        #expect(JSONValue.string("42").integer == nil)
        #expect(JSONValue.bool(false).bool == false)
        #expect(JSONValue.null.object == nil)
        let labels: JSONValue = ["app": "posts", "count": 1]
        #expect(labels.stringMembers == ["app": "posts"])
        #expect(labels[path: ["app"]] == "posts")
        #expect(labels[path: ["app", "deeper"]] == nil)
        #expect(labels[path: []] == labels)
    }

    @Test func aLaterMemberReplacesAnEarlierOne() {
        #expect(JSONObject([("a", 1), ("b", 2), ("a", 3)]).members.map(\.value) == [3, 2])
    }
}
