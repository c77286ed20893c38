/// The version that the programs, their metrics and the package name.
package enum Version {
    package static let text = "1.0.0"
}
