import Testing

@testable import Control

@Suite struct `An environment file` {
    @Test(arguments: [
        ("A=1\nB=two words  \n", ["A": "1", "B": "two words"]),
        ("# A=1\n; B=2\n  C=3\n", ["C": "3"]),
        (#"A="x y" B"# + "\n", ["A": "x yB"]),
        ("A='it''s $5 \\n'\n", ["A": "its $5 \\n"]),
        (#"A="a\"b\\c\$d\qe""# + "\n", ["A": "a\"b\\c$d\\qe"]),
        ("A=one\\\ntwo\n", ["A": "onetwo"]),
        ("A=\"one\ntwo\"\n", ["A": "one\ntwo"]),
        ("A=\nB=x", ["A": "", "B": "x"]),
        ("no equals sign\nA=1\r\n", ["A": "1"]),
        ("A=a=b?c#d\n", ["A": "a=b?c#d"]),
        ("A=x'y'\n", ["A": "x'y'"]),
    ]) func `is read as systemd reads it`(text: String, variables: [String: String]) {
        #expect(EnvironmentFile.parse(Array(text.utf8)) == variables)
    }
}
