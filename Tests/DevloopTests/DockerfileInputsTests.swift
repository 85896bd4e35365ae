import Testing

@testable import devloop

/// Which files of its context a Dockerfile can pick up.
@Suite struct DockerfileInputsTests {
    /// What a Dockerfile takes, for tests that expect it to be decided.
    private func sources(
        _ text: String, stage: String? = nil, arguments: [Configuration.BuildArgument] = [],
        environment: [String: String] = [:], skipsUnneededStages: Bool = true
    ) -> [String]? {
        let inputs = BuildInputs(
            dockerfile: Array(text.utf8), stage: stage, arguments: arguments, environment: environment,
            skipsUnneededStages: skipsUnneededStages)
        return if case .sources(let sources) = inputs { sources } else { nil }
    }

    @Test(arguments: [
        ("COPY a /x/", ["a"]),
        ("COPY a b/c d /x/", ["a", "b/c", "d"]),
        ("copy a /x", ["a"]),
        ("ADD a.tar /x", ["a.tar"]),
        ("COPY [\"a b\", \"c\", \"/x/\"]", ["a b", "c"]),
        ("COPY [ \"a\\u0062\" , \"/x/\" ]", ["ab"]),
        ("COPY ./a/ /x/", ["a"]),
        ("COPY /a /x/", ["a"]),
        ("COPY a//./b /x", ["a/b"]),
        ("COPY *.go src/?.c /x/", ["*.go", "src/?.c"]),
        ("COPY \"a\" 'b' /x/", ["a", "b"]),
        ("COPY --chown=1:2 --chmod=644 --link a /x", ["a"]),
        ("COPY --link=false --exclude=*.md a /x", ["a"]),
        ("COPY --parents a/./b/c /x/", ["a/b/c"]),
        ("ADD --checksum=sha256:00 --keep-git-dir a /x", ["a"]),
        ("ADD https://example.com/a.tgz /x", []),
        ("ADD https://example.com/$VERSION.tgz b /x/", ["b"]),
        ("COPY --from=golang:1 /usr/local/go /x", []),
        ("COPY --from=$BASE a /x", []),
        ("COPY \\\n  a \\\n\n  # a comment\n  b\\\n /x/", ["a", "b"]),
        ("COPY a\\\nb /x", ["ab"]),
        ("COPY a \\ \t\n /x", ["a"]),
        ("  COPY a /x\n\n# COPY b /x\n   # COPY c /x", ["a"]),
        ("RUN echo COPY b /x \\\n COPY c /x", []),
        ("RUN --mount=type=bind,source=a,target=/a true", ["a"]),
        ("RUN --mount=src=a/b,target=/a --mount=type=cache,target=/c --network=none true", ["a/b"]),
        ("RUN --mount=type=bind,from=golang:1,source=/x,target=/x true", []),
        ("RUN --mount=type=secret,id=a true", []),
        ("LABEL a=b\nEXPOSE 80\nHEALTHCHECK --interval=5s CMD [\"x\"]\nCMD [\"a\"]", []),
        ("ONBUILD LABEL a=b", []),
        ("COPY a /x\r\nCOPY b /x\r\n", ["a", "b"]),
    ])
    func aStageTakesWhatItsInstructionsName(instructions: String, expected: [String]) {
        #expect(sources("FROM scratch\n" + instructions) == expected)
        #expect(sources("FROM alpine\n" + instructions + "\n") == expected)
        #expect(sources("\u{FEFF}# syntax=docker/dockerfile:1\nFROM scratch\n" + instructions) == expected)
    }

    @Test(arguments: [
        "COPY . /x", "COPY ./ /x", "COPY / /x", "COPY [\".\", \"/x\"]", "COPY a . /x/", "ADD . /x",
        "COPY .. /x", "COPY ../a /x", "COPY a/../b /x", "COPY a*/../b /x", "COPY '' /x",
        "COPY $UNKNOWN /x", "COPY ${UNKNOWN:-a} /x", "COPY a-$UNKNOWN/b /x", "COPY ${A#b} /x", "COPY ${A /x",
        "COPY $1 /x", "COPY \"a b\" /x", "COPY 'a /x", "COPY [\"a\", 1]",
        "COPY --parents **/a.txt /x", "COPY --unheard-of a /x", "COPY --from a /x", "COPY --chown=\"a\" a /x",
        "COPY a\u{A0}b /x", "UNHEARD OF", "ADD --from=a b /x",
        "RUN --mount=type=bind,target=/a true", "RUN --mount=target=/a true", "RUN --mount=type=new,target=/a true",
        "RUN --mount=type=bind,source=$A,target=/a true", "RUN --mount=\"type=bind\",target=/a true",
        "RUN --unheard-of true",
        "ONBUILD COPY a /x", "ONBUILD ADD a /x", "ONBUILD RUN --mount=source=a,target=/a true", "ONBUILD ENV A=b",
        "COPY a \\\\\n b /x", "COPY <<EOF /x\nbody",
        "ENV A", "ENV A=b c", "ARG $A=b", "ENV A='b",
        "ARG HTTP_PROXY=a\nCOPY $HTTP_PROXY /x", "ARG TARGETARCH\nCOPY a-$TARGETARCH /x", "COPY a$PATH /x",
        "ARG A=b C=$A\nCOPY $C /x",
    ])
    func everythingCountsWhereItCannotBeDecided(instructions: String) {
        #expect(sources("FROM alpine\n" + instructions) == nil)
    }

    @Test(arguments: [
        "", "# nothing", "COPY a /x", "ARG A=b", "FROM\nCOPY a /x", "FROM a b\nCOPY a /x", "FROM a AS b c\nCOPY a /x",
        "FROM --unheard=of a\nCOPY a /x", "FROM node:8-onbuild\nCOPY a /x",
        "# syntax=example.com/other\nFROM scratch\nCOPY a /x", "#syntax = other\nFROM scratch\nCOPY a /x",
        "# escape=x\nFROM scratch\nCOPY a /x", "# escape=`\n# escape=`\nFROM scratch\nCOPY a /x",
        " # escape=`\nFROM scratch\nCOPY a /x", "#!/bin/sh\nFROM scratch\nCOPY a /x",
        "# check=skip=all\n# escape=`\nFROM scratch\nCOPY a /x", "// syntax=other\nFROM scratch",
    ])
    func everythingCountsInAFileThatIsNotUnderstood(text: String) {
        #expect(sources(text) == nil)
    }

    @Test func everythingCountsInAFileThatIsNotUTF8() {
        #expect(
            BuildInputs(dockerfile: Array("FROM a\nCOPY ".utf8) + [0xFF, 0x20, 0x78], skipsUnneededStages: true)
                != .sources([]))
    }

    @Test(arguments: [
        ("# syntax=docker/dockerfile:1.7-labs\nFROM a\nCOPY a /x", ["a"]),
        ("# syntax=docker.io/docker/dockerfile@sha256:00\nFROM a\nCOPY a /x", ["a"]),
        ("# a comment\n# syntax=other\nFROM a\nCOPY a /x", ["a"]),
        ("# escape=`\nFROM a\nCOPY a `\n b c\\d /x/", ["a", "b", "c\\d"]),
        ("# Escape = `\n# syntax=docker/dockerfile\nFROM a\nCOPY a `\n b /x/", ["a", "b"]),
        ("\n# escape=`\nFROM a\nCOPY a \\\n b /x/", ["a", "b"]),
        ("# check=skip=all\nFROM a\nCOPY a /x", ["a"]),
    ])
    func directivesAreThoseAtTheVeryBeginning(text: String, expected: [String]) {
        #expect(sources(text) == expected)
    }

    @Test(arguments: [
        "RUN <<EOF\nCOPY b /x\nEOF\n", "RUN cat <<EOF > /a && cat <<-'E2' > /b\nCOPY b /x\nEOF\nCOPY c /x\n\tE2\n",
        "COPY <<EOF a <<\"OTHER\" /x/\nCOPY b /x\nEOF\nCOPY c /x\nOTHER\n", "ADD 3<<EOF /x\nCOPY b /x\\\nEOF\n",
        "RUN <<EOF\n# no comment\n\nCOPY b /x \\\nEOF\n", "COPY <<\"a b\" /x\nbody\na b\n",
        "RUN <<EOF\r\nCOPY b /x\r\nEOF\r\n",
        "RUN echo $((1<<2)) '<<EOF' a<<EOF <<<EOF\n", "LABEL a=<<EOF\n", "ONBUILD RUN <<EOF\nCOPY b /x\nEOF\n",
    ])
    func hereDocumentsAreSkipped(text: String) {
        #expect(sources("FROM scratch\n\(text)COPY a /x") == ["a"])
    }

    @Test(
        arguments: [
            (nil, ["last"]), ("final", ["last"]), ("FINAL", ["last"]), ("4", ["last"]),
            ("one", ["first"]), ("0", ["first"]), ("two", ["first", "second"]),
            ("three", ["first", "second", "third"]),
            ("3", ["first", "second", "third"]), ("none", nil),
        ] as [(String?, [String]?)])
    func onlyTheStagesThatAreNeededCount(stage: String?, expected: [String]?) {
        let text = """
            FROM alpine AS one
            COPY first /
            FROM One as two
            COPY second /
            FROM alpine AS unneeded
            COPY . /
            FROM alpine AS three
            COPY --from=TWO / /
            COPY third /
            FROM scratch AS final
            COPY last /
            """
        #expect(sources(text, stage: stage) == expected)
    }

    @Test(
        arguments: [
            ("one", ["first"]), ("two", ["first", "second"]), ("final", ["first", "last", "second"]),
            (nil, ["first", "last", "second"]),
        ] as [(String?, [String])])
    func theLegacyBuilderNeedsWhatTheStagesBeforeItTake(stage: String?, expected: [String]) {
        let text = """
            FROM alpine AS one
            COPY first /
            FROM alpine AS two
            COPY second /
            FROM scratch AS final
            COPY last /
            """
        #expect(sources(text, stage: stage, skipsUnneededStages: false) == expected)
    }

    @Test(arguments: [
        "COPY --from=0 / /", "COPY --from=b / /", "RUN --mount=from=b,target=/b true",
        "RUN --mount=type=cache,from=0,target=/b true", "COPY --from=$X / /",
    ])
    func aStageNeedsThoseItCopiesFromOrMounts(instruction: String) {
        #expect(sources("FROM a AS b\nCOPY b /\nFROM a\nCOPY c /\n" + instruction) == ["b", "c"])
        #expect(sources("FROM a AS b\nCOPY . /\nFROM a\nCOPY c /\n" + instruction) == nil)
    }

    @Test func aBaseThatIsNotKnownMayBeAnyStage() {
        #expect(sources("ARG HTTP_PROXY\nFROM a AS b\nCOPY b /\nFROM $HTTP_PROXY\nCOPY c /") == ["b", "c"])
        #expect(sources("ARG X=b\nFROM a AS b\nCOPY b /\nFROM a AS c\nCOPY c /\nFROM ${X}") == ["b"])
    }

    @Test(arguments: [
        ("ARG D=src\nCOPY $D ${D}/a /x/", ["src", "src/a"]),
        ("ARG D\nCOPY ${D:-src} /x/", ["src"]), ("COPY ${D-src} ${D:+not}/a /x/", ["a", "src"]),
        ("ARG D=\nCOPY ${D:-src} ${D-not}/a ${D+b}/c /x/", ["a", "b/c", "src"]),
        ("ARG D=a\nCOPY ${D:-src} ${D:+b} /x/", ["a", "b"]),
        ("ENV D=a E=b\nCOPY $D$E $D-$E /x/", ["a-b", "ab"]),
        ("ENV D a b\nCOPY [\"$D\", \"/x/\"]", ["a b"]),
        ("ENV D=\"a b\" E='c d'\nCOPY [\"$D\", \"$E\", \"/x/\"]", ["a b", "c d"]),
        ("ENV D=a\nENV D=b E=$D\nCOPY $D $E /x/", ["a", "b"]), ("ENV D=a\\ b\nCOPY [\"$D\", \"/x/\"]", ["a b"]),
        ("ENV D=a\nARG E=$D/b\nCOPY $E /x/", ["a/b"]), ("ARG D=a\nENV D=b\nCOPY $D /x/", ["b"]),
        ("ARG D=a\nARG D=b\nCOPY $D /x/", ["b"]), ("ENV D=a\nARG D\nCOPY $D /x/", ["a"]),
        ("ENV D=a\nCOPY '$D' \\$D \"$D\" \"\\$D\" /x/", ["$D", "a"]),
        ("ENV D=*.c\nCOPY $D /x/", ["*.c"]), ("ENV D=/a/\nCOPY $D/b /x/", ["a/b"]),
        ("COPY ${A:-${B:-c}} /x/", ["c"]), ("COPY a$ /x/", ["a$"]),
    ])
    func variablesAreReplaced(instructions: String, expected: [String]) {
        #expect(sources("FROM scratch\n" + instructions) == expected)
    }

    @Test func anArgumentIsSeenFromItsDeclarationOn() {
        #expect(sources("FROM scratch\nCOPY ${D:-a} /x\nARG D=b\nCOPY $D /x") == ["a", "b"])
        #expect(sources("ARG D=b\nFROM scratch\nCOPY ${D:-a} /x") == ["a"])
        #expect(sources("ARG D=b\nFROM scratch\nARG D\nCOPY ${D:-a} /x") == ["b"])
        #expect(sources("ARG D=b\nFROM scratch\nARG D=c\nCOPY ${D:-a} /x") == ["c"])
        #expect(sources("ARG D=b\nARG E=$D/e\nFROM alpine\nARG E\nCOPY $E /x") == ["b/e"])
    }

    @Test func aBuildArgumentIsPreferredToTheDefault() {
        let text = "ARG E=e\nFROM alpine\nARG D=a\nARG E\nCOPY $D $E /x/"
        #expect(sources(text) == ["a", "e"])
        #expect(
            sources(text, arguments: [.init(name: "D", value: "b"), .init(name: "E", value: "$D")]) == ["$D", "b"])
        let named = [Configuration.BuildArgument(name: "D", value: nil)]
        #expect(sources(text, arguments: named, environment: ["D": "c", "E": "no"]) == ["c", "e"])
        #expect(sources(text, arguments: named) == ["a", "e"])
        #expect(sources("FROM alpine\nCOPY ${D:-a} /x", arguments: [.init(name: "D", value: "b")]) == nil)
        #expect(sources("FROM alpine\nCOPY a /x", arguments: [.init(name: "BUILDKIT_SYNTAX", value: "b")]) == nil)
    }

    @Test func aStageInheritsTheVariablesOfItsBase() {
        let text = "FROM scratch AS a\nENV D=d\nARG E=e\nFROM a\n"
        #expect(sources(text + "COPY $D /x") == ["d"])
        // BuildKit hands arguments on, the legacy builder does not.
        #expect(sources(text + "COPY $E /x") == nil)
        #expect(sources(text + "ARG E=f\nCOPY $E /x") == ["f"])
    }

    @Test func whereBuildersDifferAVariableIsUnknown() {
        #expect(sources("FROM scratch\nENV D=a\nARG D=b\nCOPY $D /x") == nil)
        #expect(sources("FROM scratch\nENV D=a\nARG D=a\nCOPY $D /x") == ["a"])
        #expect(sources("FROM scratch\nARG D=a\nARG D\nCOPY $D /x") == nil)
    }
}
