import Shared

/// Something that `fsck` found to be other than it should.
struct Oddity {
    /// `lane 007`, or a key.
    let place: String
    let text: String
    let remedy: String
    /// False for what is only worth knowing.
    let isWrong: Bool
    var isRepaired = false

    func encode(to json: inout JSONWriter) {
        json.member("place", place)
        json.member("text", text)
        json.member("remedy", remedy)
        json.member("wrong", isWrong)
        json.member("repaired", isRepaired)
    }
}
