import Shared
import Testing

@Suite struct `A JSON writer` {
    /// What RFC 8259 §7 demands to be escaped, at each place of the eight bytes that are looked at together.
    @Test(arguments: [
        (0x00, "\\u0000"), (0x1F, "\\u001f"), (0x0A, "\\n"), (0x22, "\\\""), (0x5C, "\\\\"), (0x20, " "),
        (0x7F, "\u{7F}"), (0x21, "!"), (0x23, "#"),
    ]) func `escapes a byte wherever it stands`(byte: UInt8, text: String) {
        for place in 0..<20 {
            var bytes = Array("abcdefghijklmnopqrst".utf8)
            bytes[place] = byte
            var json = JSONWriter()
            json.string(bytes)
            let letters = Array("abcdefghijklmnopqrst")
            let expected = "\"" + String(letters[..<place]) + text + String(letters[(place + 1)...]) + "\""
            #expect(String(decoding: json.bytes, as: UTF8.self) == expected)
        }
    }

    @Test func `leaves other letters as they are`() {
        var json = JSONWriter()
        json.string("żółć \u{1F600} — naïve")
        #expect(String(decoding: json.bytes, as: UTF8.self) == "\"żółć \u{1F600} — naïve\"")
    }

    @Test(arguments: [0, 9, 10, -1, .min, .max]) func `writes numbers`(number: Int64) {
        var json = JSONWriter()
        json.integer(number)
        #expect(String(decoding: json.bytes, as: UTF8.self) == "\(number)")
    }
}
