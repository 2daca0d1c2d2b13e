// swift-tools-version: 6.2
import PackageDescription

// Floors: a room imports only from floors below its own.
//   0 CLibpq CLinux Quantities        1 Rings Rating Accounting Wire
//   2 Journaling PostgresStore Ingest MeterClient SettingsFiles
//   3 Engine        4 ControlPlane        5 meterd meterctl
//
// METERD_STRICT=1 (set by `make check` and `.ci/run`) turns warnings of our own targets into
// errors.
let strict: [SwiftSetting] =
    Context.environment["METERD_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)]
let settings: [SwiftSetting] =
    strict + [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ]

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

// YAML, with line numbers for messages.
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
// SHA-256 of key secrets.
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
// The control plane's HTTP.
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
// HTTP to the control socket, for meterctl.
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
// Logs, signals and an orderly end.
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle",
    package: "swift-service-lifecycle"
)
let unixSignals = Target.Dependency.product(
    name: "UnixSignals",
    package: "swift-service-lifecycle"
)
// Command lines.
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

// METERD_FUZZ=1 (set by `.ci/fuzz`) adds the program that libFuzzer drives; it links only there.
let fuzzer: [Target] =
    Context.environment["METERD_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "meterd-fuzz",
            dependencies: ["FuzzProperties"],
            path: "Tests/Fuzzing/Driver",
            swiftSettings: settings
        )
    ]

let package = Package(
    name: "meterd",
    products: [
        .executable(name: "meterd", targets: ["meterd"]),
        .executable(name: "meterctl", targets: ["meterctl"]),
        .library(name: "MeterClient", targets: ["MeterClient"]),
        .library(name: "Wire", targets: ["Wire"]),
        .library(name: "Quantities", targets: ["Quantities"]),
        .library(name: "Rings", targets: ["Rings"]),
        .library(name: "Rating", targets: ["Rating"]),
        .library(name: "CLibpq", targets: ["CLibpq"]),
    ],
    dependencies: [
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird.git",
            from: "2.28.0",
            traits: []
        ),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle.git",
            from: "2.13.0"
        ),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
    ],
    targets: [
        .target(name: "CLibpq"),
        .target(name: "CLinux"),
        room("Quantities", ["CLinux"]),

        room("Rings", ["Quantities"]),
        room("Rating", ["Quantities"]),
        room("Accounting", ["Quantities"]),
        room("Wire", ["Quantities"]),

        room("Journaling", ["Quantities", "CLinux"]),
        room("PostgresStore", ["Quantities", "Accounting", "CLibpq"]),
        room("Ingest", ["Quantities", "Accounting", "Rings", "Wire", "CLinux"]),
        room("MeterClient", ["Quantities", "Wire", "CLinux"]),
        room("SettingsFiles", ["Quantities", "Rating", "CLinux", yams]),

        room(
            "Engine",
            [
                "Quantities", "Accounting", "Rings", "Rating", "Wire", "CLinux", "Ingest",
                "Journaling", "PostgresStore", "SettingsFiles", crypto,
            ]
        ),
        room(
            "ControlPlane",
            [
                "Engine", "Accounting", "Quantities", hummingbird, hummingbirdCore, httpTypes,
                logging, lifecycle, nioCore, nioHTTP, nioPosix,
            ]
        ),
        .executableTarget(
            name: "meterd",
            dependencies: [
                "Engine", "ControlPlane", "SettingsFiles", arguments, logging, lifecycle,
                unixSignals,
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "meterctl",
            dependencies: [
                "ControlPlane", "MeterClient", "Wire", "Quantities", "Rating", "SettingsFiles",
                "PostgresStore", arguments,
            ],
            swiftSettings: settings
        ),

        tests("QuantitiesTests", ["Quantities", "CLinux"]),
        tests("RingsTests", ["Rings", "Quantities"]),
        tests("RatingTests", ["Rating", "Quantities"]),
        // The rooms of upper floors stand for the machine's time zones and for shards' prices.
        tests(
            "AccountingTests",
            ["Accounting", "ControlPlane", "LedgerModel", "Quantities", "Rating"]
        ),
        tests("WireTests", ["Wire", "Quantities"]),
        tests("JournalingTests", ["Journaling", "DiskSimulation", "Quantities", "CLinux"]),
        tests(
            "PostgresStoreTests",
            ["PostgresStore", "SimulatedBooks", "Accounting", "Quantities", "CLibpq"]
        ),
        tests("MeterClientTests", ["MeterClient", "Wire", "Quantities", "CLinux"]),
        tests("SettingsFilesTests", ["SettingsFiles", "Rating", "Quantities", "CLinux"]),
        tests("IngestTests", ["Ingest", "Quantities", "Wire"]),
        tests(
            "EngineTests",
            [
                "Engine", "Accounting", "Ingest", "Journaling", "PostgresStore", "Quantities",
                "Wire", "DiskSimulation",
            ]
        ),
        // A control plane in front of an engine of a few dictionaries. It makes what only the
        // engine may make, and so is compiled as tests are; there is no test in it.
        .testTarget(
            name: "ControlFixture",
            dependencies: [
                "ControlPlane", "Engine", "Accounting", "Quantities", logging, lifecycle,
            ],
            path: "Tests/Support/ControlFixture",
            swiftSettings: settings
        ),
        tests(
            "ControlPlaneTests",
            [
                "ControlFixture", "ControlPlane", "Engine", "Accounting", "Quantities", logging,
                lifecycle,
            ]
        ),
        tests(
            "MeterctlTests",
            [
                "meterctl", "ControlFixture", "ControlPlane", "Engine", "Accounting", "Quantities",
                "MeterClient", "Wire",
            ]
        ),
        tests("MeterdTests", ["meterd"]),
        tests("HouseRulesTests", []),

        // The whole daemon behind simulated doors, stepped by a seed.
        .target(
            name: "DiskSimulation",
            dependencies: ["Journaling", "Quantities"],
            path: "Tests/Support/DiskSimulation",
            swiftSettings: settings
        ),
        .target(
            name: "LedgerModel",
            dependencies: ["Accounting", "Quantities"],
            path: "Tests/Support/Simulation/Model",
            swiftSettings: settings
        ),
        .target(
            name: "SimulatedBooks",
            dependencies: ["PostgresStore", "LedgerModel", "Accounting", "Quantities"],
            path: "Tests/Support/Simulation/Database",
            swiftSettings: settings
        ),
        .target(
            name: "Simulation",
            dependencies: [
                "Engine", "Ingest", "Journaling", "PostgresStore", "Accounting", "Rings", "Rating",
                "Wire", "SettingsFiles", "Quantities", "DiskSimulation", "LedgerModel",
                "SimulatedBooks",
            ],
            path: "Tests/Support/Simulation",
            exclude: ["Model", "Database", "README.md"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "meterd-simulate",
            dependencies: ["Simulation", arguments],
            path: "Tests/Tools/Simulate",
            swiftSettings: settings
        ),
        tests("SimulationTests", ["Simulation", "Quantities"]),

        // The real daemon, its real socket and a real PostgreSQL.
        .target(
            name: "DaemonHarness",
            dependencies: ["CLibpq", "Quantities"],
            path: "Tests/Support/DaemonHarness",
            swiftSettings: settings
        ),
        .target(
            name: "CrashScenarios",
            dependencies: ["DaemonHarness", "MeterClient", "Wire", "Quantities", "CLibpq"],
            path: "Tests/Support/CrashScenarios",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "meterd-crash",
            dependencies: ["CrashScenarios", "DaemonHarness", arguments],
            path: "Tests/Tools/CrashCampaign",
            swiftSettings: settings
        ),
        .target(
            name: "HostileScenarios",
            dependencies: ["DaemonHarness", "MeterClient", "Wire", "Quantities"],
            path: "Tests/Support/HostileScenarios",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "meterd-hostile",
            dependencies: ["HostileScenarios", arguments],
            path: "Tests/Tools/HostileCampaign",
            swiftSettings: settings
        ),
        tests(
            "IntegrationTests",
            ["DaemonHarness", "MeterClient", "Wire", "Quantities", "meterd"]
        ),
        // The five systems: the daemon as meterd assembles it, in process, by the test's own clock.
        .target(
            name: "ScenarioHarness",
            dependencies: [
                "DaemonHarness", "Engine", "ControlPlane", "Journaling", "SettingsFiles",
                "Quantities", logging, lifecycle,
            ],
            path: "Tests/Support/ScenarioHarness",
            swiftSettings: settings
        ),
        tests("ScenarioTests", ["ScenarioHarness", "DaemonHarness"]),
        tests("CrashTests", ["CrashScenarios", "DaemonHarness", "Quantities", "meterd"]),
        tests("HostileTests", ["HostileScenarios", "DaemonHarness", "meterd"]),

        // What holds for any input; libFuzzer and the tests try it on different ones.
        .target(
            name: "FuzzProperties",
            dependencies: [
                "Wire", "Journaling", "Accounting", "SettingsFiles", "Rating", "Quantities",
            ],
            path: "Tests/Fuzzing/Properties",
            swiftSettings: settings
        ),
        .testTarget(
            name: "FuzzTests",
            dependencies: ["FuzzProperties"],
            path: "Tests/Fuzzing/Tests",
            swiftSettings: settings
        ),
    ] + fuzzer,
    swiftLanguageModes: [.v6]
)
