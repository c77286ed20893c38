// swift-tools-version: 6.2
import PackageDescription

/// The settings every Swift target shares: strict memory safety, closed imports, no warnings, so that new code starts strict.
let house: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"), .strictMemorySafety(), .treatAllWarnings(as: .error),
    // Lets Ingest and Worker inline and specialize what Shared declares `@inlinable`: generic code across modules costs
    // witness tables otherwise. Into other `package` functions the compiler (6.3) does not look, whatever their size.
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
    // Exclusive access to stored properties is checked at run time in debug builds, in which all tests run. The checks
    // were a tenth of what ingest does for a request.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// The Swift runtime inside each program: nothing to install beside it, and calls of the runtime that do not go
/// through a table.
let standalone: [LinkerSetting] = [.unsafeFlags(["-static-stdlib"], .when(configuration: .release))]

let package = Package(
    name: "tasklane",
    products: [
        .executable(name: "tasklane-ingest", targets: ["Ingest"]),
        .executable(name: "tasklane-worker", targets: ["Worker"]),
        .executable(name: "tasklane", targets: ["Control"]),
    ],
    targets: [
        // C libraries of Debian; each has one Swift folder that imports it (checked by TidyTests).
        .target(name: "CSystem", linkerSettings: [.linkedLibrary("m")]),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CArgon2", providers: [.apt(["libargon2-dev"])]),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),

        .target(
            name: "Shared",
            dependencies: ["CSystem", "CHiredis", "CPostgres", "COpenSSL", "CArgon2", "CCurl", "CSimdJSON"],
            resources: [.embedInCode("Queue/Lua"), .embedInCode("Schema/SQL")],
            swiftSettings: house),
        .executableTarget(
            name: "Ingest", dependencies: ["Shared", "CSystem"], swiftSettings: house,
            linkerSettings: standalone),
        .executableTarget(
            name: "Worker", dependencies: ["Shared", "CSystem"], resources: [.embedInCode("Ledger/SQL")],
            swiftSettings: house, linkerSettings: standalone),
        .executableTarget(
            name: "Control", dependencies: ["Shared", "CSystem"], swiftSettings: house,
            linkerSettings: standalone),

        // Private Redis and PostgreSQL servers, builders of models, and what else tests share.
        .target(
            name: "Support", dependencies: ["Shared", "CSystem"], path: "Tests/Support", swiftSettings: house),
        .testTarget(
            name: "SharedTests", dependencies: ["Shared", "Support", "CSystem"], swiftSettings: house),
        .testTarget(
            name: "IngestTests", dependencies: ["Ingest", "Shared", "Support", "CSystem"],
            swiftSettings: house),
        .testTarget(
            name: "WorkerTests", dependencies: ["Worker", "Shared", "Support"], swiftSettings: house),
        .testTarget(
            name: "ControlTests", dependencies: ["Control", "Shared", "Support"], swiftSettings: house),
        .testTarget(
            name: "IntegrationTests", dependencies: ["Shared", "Worker", "Support", "CSystem"],
            swiftSettings: house),
        .testTarget(name: "FaultTests", dependencies: ["Shared", "Support"], swiftSettings: house),
        .testTarget(name: "TidyTests", swiftSettings: house),
    ],
    cxxLanguageStandard: .cxx17
)
