// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nobody who links a room builds this.
let package = Package(
    name: "meterd-benchmarks",
    dependencies: [
        .package(name: "meterd", path: "../")
    ],
    targets: [
        .executableTarget(
            name: "meterd-bench",
            dependencies: [
                .product(name: "CLibpq", package: "meterd"),
                .product(name: "Quantities", package: "meterd"),
                .product(name: "Wire", package: "meterd"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]
        )
    ],
    swiftLanguageModes: [.v6]
)
