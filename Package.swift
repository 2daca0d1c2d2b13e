// swift-tools-version: 6.1
import PackageDescription

// Floors (a room imports only from floors below its own; see README, "The rooms"):
//   0 CLibpq CLinux Quantities   1 Rings Rating Accounting Wire
//   2 Journaling PostgresStore Ingest MeterClient SettingsFiles
//   3 Engine   4 ControlPlane   5 meterd meterctl
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "meterd",
    targets: [
        .target(name: "CLibpq"),
        .target(name: "CLinux"),
        room("Quantities", ["CLinux"]),
        room("Accounting", ["Quantities"]),
    ],
    swiftLanguageModes: [.v6]
)
