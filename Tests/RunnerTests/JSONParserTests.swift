import Testing

@testable import Runner

@Suite struct JSONParserTests {
    private func parse(_ text: String) throws(JSONSyntaxError) -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

    @Test(
        arguments: [
            ("null", .null), ("true", true), ("false", false), ("[]", []), ("{}", [:]), ("\"\"", ""),
            ("[1, 2]", [1, 2]), ("{\"a\": {\"b\": [null]}}", ["a": ["b": [JSONValue.null]]]), (" \t\r\n 1 ", 1),
        ] as [(String, JSONValue)])
    func jsonIsRead(text: String, value: JSONValue) throws {
        #expect(try parse(text) == value)
    }

    @Test(
        arguments: [
            ("// note\n{a: 1} // end", ["a": 1]), ("/* a\n * b */ [1,]", [1]), ("/**/1", 1), ("/*/*/1", 1),
            ("{'a': 'it\"s'}", ["a": "it\"s"]), ("{$a_1: 1,}", ["$a_1": 1]), ("{naïve: 1}", ["naïve": 1]),
            ("'a\\\nb'", "ab"), ("'a\\\r\nb'", "ab"), ("'a\\\u{2028}b'", "ab"), ("'\\a\\'\\\"\\/'", "a'\"/"),
            ("\u{FEFF}1", 1), ("\u{A0}\u{2028}\u{FEFF}1", 1), ("// ended by a return alone\r1", 1),
            ("{null: 1, true: 2}", ["null": 1, "true": 2]),
        ] as [(String, JSONValue)])
    func json5IsRead(text: String, value: JSONValue) throws {
        #expect(try parse(text) == value)
    }

    @Test(arguments: [
        (#""\n\t\r\b\f\v\0""#, "\n\t\r\u{8}\u{C}\u{B}\0"), (#""\x41\u0042""#, "AB"), (#""\uD83D\uDE00""#, "😀"),
        (#""\uD83D""#, "\u{FFFD}"), (#""\uDE00""#, "\u{FFFD}"), (#""\uD83Dx""#, "\u{FFFD}x"),
        (#""\uD83D\u0041""#, "\u{FFFD}A"), ("\"ä\\ö\"", "äö"),
    ])
    func escapesAreResolved(text: String, value: String) throws {
        #expect(try parse(text) == .string(value))
    }

    @Test(arguments: [
        ("0", "0"), ("-0", "-0"), ("12", "12"), ("+5", "5"), (".5", "0.5"), ("-.5", "-0.5"), ("5.", "5.0"),
        ("5.e3", "5.0e3"), ("1.50", "1.50"), ("1e400", "1e400"), ("1E+2", "1E+2"), ("1e-7", "1e-7"), ("0x1F", "31"),
        ("-0XfF", "-255"), ("123456789012345678901234567890", "123456789012345678901234567890"),
    ])
    func numbersKeepTheirDigits(text: String, digits: String) throws {
        let value = try parse(text)
        #expect(value == .number(digits))
        #expect(try parse(value.description) == value)
    }

    @Test(arguments: [
        "--5", "+-5", "-", "+", ".", "e5", "1e", "1e+", "1.2.3", "012", "00", "0x", "0x-5", "0x+5", "0xG", "1_000",
        "1a",
        "0x1p3", "-e1",
    ])
    func whatIsNoNumberIsRefused(text: String) {
        #expect(throws: JSONSyntaxError.self) { try parse("[\(text)]") }
    }

    @Test(arguments: [
        ("", "expected a value, found the end of the file", 1, 1),
        ("{", "expected a key, found the end of the file", 1, 2),
        ("{\"a\" 1}", "expected ':' after the key \"a\", found '1'", 1, 6),
        ("{\"a\": }", "expected a value, found '}'", 1, 7),
        ("{\"a\": 1\n \"b\": 2}", "expected ',' or '}', found '\"'", 2, 2),
        ("[1 2]", "expected ',' or ']', found '2'", 1, 4),
        ("[1,,2]", "expected a value, found ','", 1, 4),
        ("{,}", "expected a key, found ','", 1, 2),
        ("{1: 2}", "expected a key, found '1'", 1, 2),
        ("[\n  ä]", "expected a value, found 'ä'", 2, 3),
        ("\"ab", "the string that starts here has no end", 1, 1),
        ("[1,\n \"ab\ncd\"]", "the string that starts here has no end", 2, 2),
        ("\"a\\", "the string that starts here has no end", 1, 1),
        ("[1] /* x", "the comment that starts here has no end", 1, 5),
        ("[1]\n\n]", "expected the end of the file, found ']'", 3, 1),
        ("{a: 1,\r\n a: 2}", "the key \"a\" stands here twice", 2, 2),
        ("{a: 1,\r a: 2}", "the key \"a\" stands here twice", 2, 2),
        ("{\"a\": 1, \"\\u0061\": 2}", "the key \"a\" stands here twice", 1, 10),
        ("\"\\u12\"", "expected 4 hexadecimal digits", 1, 4),
        ("\"\\u+123\"", "expected 4 hexadecimal digits", 1, 4),
        ("\"\\x-1\"", "expected 2 hexadecimal digits", 1, 4),
        ("\"\\8\"", "there is no such escape", 1, 2),
        ("[Infinity]", "Infinity and NaN are not supported", 1, 2),
        ("\u{FEFF}[", "expected a value, found the end of the file", 1, 2),
        ("[\r\n", "expected a value, found the end of the file", 2, 1),
        ("\u{FEFF}x", "expected a value, found 'x'", 1, 1),
    ])
    func errorsSayWhatAndWhere(text: String, message: String, line: Int, column: Int) {
        let expected = JSONSyntaxError(message: message, position: TextPosition(line: line, column: column))
        #expect(throws: expected) { try parse(text) }
    }

    @Test func nestingIsBounded() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try parse(nested(200))
        #expect(throws: JSONSyntaxError.self) { try parse(nested(201)) }
        #expect(throws: JSONSyntaxError.self) { try parse(nested(1_000_000)) }
    }

    @Test func everyPartHasItsPlace() throws {
        let text = """
            {
              "name": "blog", // a note
              "services": [
                { "image": "posts" }, { image: 'ü', "context": "x" },
              ],
              "empty": {},
            }
            """
        let (_, positions) = try JSONParser.parseWithPositions(Array(text.utf8))
        let expected: [String: (Int, Int)] = [
            "": (1, 1), "name": (2, 3), "services": (3, 3), "services[0]": (4, 5), "services[0].image": (4, 7),
            "services[1]": (4, 27), "services[1].image": (4, 29), "services[1].context": (4, 41), "empty": (6, 3),
        ]
        #expect(positions == expected.mapValues { TextPosition(line: $0.0, column: $0.1) })
    }

    @Test func aRunOfDocumentsIsRead() throws {
        let documents = try JSONParser.parseAll(Array("{\"a\": 1}\n{\"b\": 2}[3]\n".utf8))
        #expect(documents == [["a": 1], ["b": 2], [3]])
        #expect(try JSONParser.parseAll(Array(" \n".utf8)).isEmpty)
        #expect(throws: JSONSyntaxError.self) { try JSONParser.parseAll(Array("{} ]".utf8)) }
    }

    @Test func invalidUTF8IsReplaced() throws {
        #expect(try JSONParser.parse([0x22, 0x61, 0xFF, 0x62, 0x22]) == "a\u{FFFD}b")
    }

    /// Whatever the bytes are, the parser ends, and what it takes it takes again after writing it.
    @Test func anyBytesAreReadOrRefused() throws {
        let seeds = [#"{"a":[1,2.5e3,{"b":null}],'c':0x1F,/*x*/d:"\u00e9\n"}"#, "[[[]]]", #"{"k":"v"} // end"#]
        let replacements: [UInt8] = [0, 0x22, 0x2C, 0x5B, 0x5C, 0x7B, 0x7D, 0xC3, 0xFF, 0x2F, 0x2A, 0x0A, 0x2D, 0x75]
        var accepted = 0
        for seed in seeds.map({ Array($0.utf8) }) {
            for index in seed.indices {
                for replacement in replacements {
                    var bytes = seed
                    bytes[index] = replacement
                    for candidate in [bytes, Array(bytes[...index]), Array(bytes[index...])] {
                        guard let value = try? JSONParser.parse(candidate) else { continue }
                        accepted += 1
                        #expect(try JSONParser.parse(Array(value.description.utf8)) == value)
                    }
                }
            }
        }
        #expect(accepted > 0)
    }
}
