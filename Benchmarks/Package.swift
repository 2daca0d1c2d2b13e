// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nobody who links a room builds this.
let package = Package(
    name: "meterd-benchmarks",
    dependencies: [
        .package(name: "meterd", path: "../"),
        // What the rings are compared with.
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
    ],
    targets: [
        .executableTarget(
            name: "meterd-bench",
            dependencies: [
                .product(name: "CLibpq", package: "meterd"),
                .product(name: "Quantities", package: "meterd"),
                .product(name: "Wire", package: "meterd"),
                .product(name: "Rings", package: "meterd"),
                .product(name: "Rating", package: "meterd"),
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]
        )
    ],
    swiftLanguageModes: [.v6]
)
