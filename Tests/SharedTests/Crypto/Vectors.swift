import Foundation

/// Published test vectors, which lie beside the checkout and are no part of it.
enum Vectors {
    static let folder: String = {
        let root = #filePath.split(separator: "/").dropLast(5).joined(separator: "/")
        return "/" + root + "/shared/vectors"
    }()

    static let exist = FileManager.default.fileExists(atPath: folder + "/README.md")
    static let absence = "no vectors at ../shared/vectors beside the checkout"

    static func load<Value: Decodable>(_ path: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: folder + "/" + path)))
    }
}
