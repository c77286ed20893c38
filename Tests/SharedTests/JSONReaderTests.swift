import Shared
import Testing

@Suite struct `A JSON reader` {
    private func parses(_ text: [UInt8], depth: Int = 16) -> JSONError? {
        let reader = JSONReader(depthMax: depth)
        do throws(JSONError) {
            _ = try reader.read(text.span) { (_) throws(Never) -> Void in }
            return nil
        } catch { return error }
    }

    @Test(arguments: [
        "{}", #"{"a":[1,-2,3.5e2,true,false,null,"x\n\u00e9"]}"#, #""\ud83d\ude00""#, "  1  ",
        "18446744073709551615",
    ]) func `takes what RFC 8259 allows`(text: String) { #expect(parses(Array(text.utf8)) == nil) }

    @Test(arguments: [
        "", "{", "{,}", #"{"a":1,}"#, "[1,]", "01", "+1", "nul", "1 2", "'a'", #""\ud800""#, #""\udc00x""#,
        "\u{FEFF}{}",
        "\"a\nb\"", "NaN", "{}x", "\"\u{0}\"",
    ]) func `refuses everything else`(text: String) { #expect(parses(Array(text.utf8)) == .invalid) }

    @Test func `refuses bytes that are not UTF-8`() {
        #expect(parses([0x22, 0xFF, 0x22]) == .invalid)
        #expect(parses([0x22, 0xC0, 0x80, 0x22]) == .invalid)
    }

    @Test func `counts depth exactly`() {
        #expect(
            parses(
                Array(String(repeating: "[", count: 16).utf8) + Array(String(repeating: "]", count: 16).utf8))
                == nil)
        #expect(
            parses(
                Array(String(repeating: "[", count: 17).utf8) + Array(String(repeating: "]", count: 17).utf8))
                == .tooDeep)
    }

    @Test func `gives members in the order of the text`() throws {
        let reader = JSONReader()
        let text = Array(#"{"b":{"x":[1,2]},"a":"t\u0041"}"#.utf8)
        let found = try reader.read(text.span) { (document) throws(Never) -> [String] in
            var names: [String] = []
            document.forEachMember(of: document.root) { (key, value) throws(Never) in
                names.append(String(decoding: document.string(at: key) ?? [], as: UTF8.self))
                if let text = document.string(at: value) {
                    names.append(String(decoding: text, as: UTF8.self))
                }
            }
            return names
        }.get()
        #expect(found == ["b", "a", "tA"])
    }
}
