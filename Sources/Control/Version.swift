/// The version that `tasklane --version` and the package name.
enum Version {
    static let text = "1.0.0"
}
