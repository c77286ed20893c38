import Shared
import Testing

@Suite struct `Bytes looked at eight at a time` {
    private func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

    @Test(arguments: 0..<20) func `are marked wherever they stand`(count: Int) {
        for place in 0..<count {
            for byte in UInt8.min...UInt8.max {
                var text = Array(repeating: UInt8(ascii: "m"), count: count)
                text[place] = byte
                let span = text.span
                #expect(span.isFree(0..<count) { $0.hasControl } == !isControl(byte))
                #expect(
                    span.isFree(0..<count) { $0.hasOtherThanPlain } == (byte < 0x80 && !isControl(byte)))
                let isEscaped = byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
                #expect(span.isFree(0..<count) { $0.hasEscapedInJSON } == !isEscaped)
            }
        }
    }

    @Test func `are not looked at outside the range`() {
        let text = Array("\u{0}\u{0}plain text\u{0}".utf8)
        #expect(text.span.isFree(2..<text.count - 1) { $0.hasControl })
        #expect(text.span.isFree(4..<6) { $0.hasControl })
        #expect(text.span.isFree(4..<4) { $0.hasControl })
    }
}
