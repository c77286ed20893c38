import Shared
import Testing

@Suite struct `Base64url` {
    @Test(arguments: ["", "f", "fo", "foo", "foob", "fooba", "foobar"])
    func `gives back what it took`(text: String) {
        let encoded = Base64URL.encode(Array(text.utf8))
        #expect(Base64URL.decode(encoded) == Array(text.utf8))
    }

    @Test func `spells as RFC 7515 does`() {
        #expect(Base64URL.encode([3, 236, 255, 224, 193]) == Array("A-z_4ME".utf8))
    }

    @Test(arguments: [
        "A", "AAAAA", "QQ==", "QQ=", "Q Q", "QQ\n", " QQ", "Q+", "Q/", "QR", "QUJ", "QQ\0", "é",
    ])
    func `refuses every other spelling`(text: String) { #expect(Base64URL.decode(Array(text.utf8)) == nil) }

    @Test func `has one spelling for each last byte`() {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        #expect(alphabet.filter { Base64URL.decode([0x51, $0]) != nil }.count == 4)
        #expect(alphabet.filter { Base64URL.decode([0x51, 0x51, $0]) != nil }.count == 16)
    }
}

@Suite struct `Hexadecimal text` {
    @Test func `is written in lower case and read in either`() {
        #expect(Hex.encode([0x00, 0xAB, 0xFF]) == Array("00abff".utf8))
        #expect(Hex.decode(Array("00AbfF".utf8)) == [0x00, 0xAB, 0xFF])
    }

    @Test(arguments: ["0", "0g", "+1", " 1", "0x"])
    func `refuses what is no digit`(text: String) { #expect(Hex.decode(Array(text.utf8)) == nil) }
}
