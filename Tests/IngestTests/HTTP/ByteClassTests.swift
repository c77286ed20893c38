import Testing

@testable import Ingest

@Suite struct `The classes of bytes` {
    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    private func expect(_ isMember: (UInt8) -> Bool, _ others: String) {
        let members = Set((Self.letters + others).utf8)
        for byte in UInt8.min...UInt8.max { #expect(isMember(byte) == members.contains(byte), "\(byte)") }
    }

    @Test func `are those of the RFCs`() {
        expect(ByteClass.isToken, "!#$%&'*+-.^_`|~")
        expect(ByteClass.isPath, "-._~!$&'()*+,;=:@/%")
        expect(ByteClass.isHost, "-._~!$&'()*+,;=%:[]")
    }

    @Test func `fold ASCII letters and nothing else`() {
        for byte in UInt8.min...UInt8.max {
            let isUpper = (0x41...0x5A).contains(byte)
            #expect(ByteClass.lowercased(byte) == (isUpper ? byte + 0x20 : byte))
        }
    }

    @Test func `tell header names apart without regard to case, and only letters`() {
        for header in KnownHeader.allCases {
            let name = Array("\(header.name)".utf8)
            let upper = name.map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 }
            for bytes in [name, upper] { #expect(KnownHeader(bytes.span, 0..<bytes.count) == header) }
            for place in name.indices {
                for byte in UInt8.min...UInt8.max where byte != name[place] && byte != upper[place] {
                    var other = name
                    other[place] = byte
                    if KnownHeader(other.span, 0..<other.count) == header {
                        Issue.record("\(byte) at \(place)")
                    }
                }
            }
        }
    }

    @Test func `find control characters wherever they stand`() {
        for length in 1...20 {
            for place in 0..<length {
                for byte in UInt8.min...UInt8.max {
                    var value = [UInt8](repeating: 0x80 | UInt8(place), count: length)
                    value[place] = byte
                    let isGood = byte == 9 || (byte >= 0x20 && byte != 0x7F)
                    if value.span.isHeaderValue(0..<length) != isGood { Issue.record("\(byte) at \(place)") }
                }
            }
        }
    }
}
