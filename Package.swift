// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "larder",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Larder", targets: ["Larder"]),
        .library(name: "LarderCompression", targets: ["LarderCompression"]),
        .library(name: "LarderCrypto", targets: ["LarderCrypto"]),
        .library(name: "LarderRedis", targets: ["LarderRedis"]),
        .library(name: "LarderRedisClient", targets: ["LarderRedisClient"]),
        .library(name: "LarderTesting", targets: ["LarderTesting"]),
    ],
    traits: [
        .trait(name: "LZ4", description: "LZ4 in LarderCompression, on the system's liblz4."),
        .trait(name: "LZMA", description: "LZMA in LarderCompression, on the system's liblzma."),
        .trait(name: "Zstandard", description: "Zstandard in LarderCompression, on the system's libzstd."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.9.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        .target(
            name: "Larder",
            dependencies: [
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .target(
            name: "LarderCompression",
            dependencies: [
                "Larder",
                "CLarderZlib",
                .target(name: "CLarderLZ4", condition: .when(traits: ["LZ4"])),
                .target(name: "CLarderLZMA", condition: .when(traits: ["LZMA"])),
                .target(name: "CLarderZstandard", condition: .when(traits: ["Zstandard"])),
            ]
        ),
        .systemLibrary(name: "CLarderZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(name: "CLarderLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
        .systemLibrary(name: "CLarderLZMA", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"]), .brew(["xz"])]),
        .systemLibrary(
            name: "CLarderZstandard",
            pkgConfig: "libzstd",
            providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]
        ),
        .target(
            name: "LarderCrypto",
            dependencies: ["Larder", .product(name: "Crypto", package: "swift-crypto")]
        ),
        .target(
            name: "LarderRedisClient",
            dependencies: [
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .target(
            name: "LarderRedis",
            dependencies: [
                "Larder",
                "LarderRedisClient",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .target(
            name: "LarderTesting",
            dependencies: ["Larder", .product(name: "Logging", package: "swift-log")]
        ),
        .testTarget(
            name: "LarderTests",
            dependencies: [
                "Larder",
                "LarderTesting",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "LarderCompressionTests",
            dependencies: ["Larder", "LarderCompression"]
        ),
        .testTarget(
            name: "LarderCryptoTests",
            dependencies: [
                "Larder",
                "LarderCrypto",
                "LarderTesting",
                .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .testTarget(
            name: "LarderRedisClientTests",
            dependencies: [
                "LarderRedisClient",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "LarderRedisClientIntegrationTests",
            dependencies: [
                "LarderRedisClient",
                "LarderTesting",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "LarderRedisIntegrationTests",
            dependencies: [
                "Larder",
                "LarderCompression",
                "LarderCrypto",
                "LarderRedis",
                "LarderRedisClient",
                "LarderTesting",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "LarderTestingTests",
            dependencies: ["Larder", "LarderRedis", "LarderRedisClient", "LarderTesting"]
        ),
    ],
    swiftLanguageModes: [.v6]
)

// One set of compiler settings for every target, so that no module drifts from its neighbours.
for target in package.targets where target.type != .system {
    var settings = target.swiftSettings ?? []
    settings += [
        // `any` says what an existential costs: https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
        .enableUpcomingFeature("ExistentialAny"),
        // What a module imports is not what its users import: SE-0409.
        .enableUpcomingFeature("InternalImportsByDefault"),
        // A member is visible only where its module is imported: SE-0444.
        .enableUpcomingFeature("MemberImportVisibility"),
        // Conformances of isolated types: SE-0470.
        .enableUpcomingFeature("InferIsolatedConformances"),
        // An async function stays on its caller's executor, which also saves a thread hop a call: SE-0461.
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        // `weak let`: SE-0481.
        .enableUpcomingFeature("ImmutableWeakCaptures"),
        // Does not reach the packages that depend on this one: SE-0443.
        .treatAllWarnings(as: .error),
        // Public types say whether they are Sendable.
        .treatWarning("ExplicitSendable", as: .error),
    ]
    target.swiftSettings = settings
}
