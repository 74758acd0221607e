// swift-tools-version: 6.2

import PackageDescription

// A package of somebody who needs the core and all compressors and nothing else; `scripts/check-lean` builds it, looks at what
// was built, and runs the compressors' tests with all package traits.
let package = Package(
    name: "lean",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "larder", path: "../..", traits: ["LZ4", "LZMA", "Zstandard"])
    ],
    targets: [
        .executableTarget(
            name: "Lean",
            dependencies: [
                .product(name: "Larder", package: "larder")
            ]
        ),
        .testTarget(
            name: "LarderCompressionTests",
            dependencies: [
                .product(name: "Larder", package: "larder"),
                .product(name: "LarderCompression", package: "larder"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .treatAllWarnings(as: .error),
                .define("LZ4"), .define("LZMA"), .define("Zstandard"),
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)
