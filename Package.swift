// swift-tools-version: 6.2

import CompilerPluginSupport
import PackageDescription

let package = Package(
    name: "larder",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Larder", targets: ["Larder"]),
        .library(name: "LarderCompression", targets: ["LarderCompression"]),
        .library(name: "LarderConfiguration", targets: ["LarderConfiguration"]),
        .library(name: "LarderCrypto", targets: ["LarderCrypto"]),
        .library(name: "LarderFiles", targets: ["LarderFiles"]),
        .library(name: "LarderHTTP", targets: ["LarderHTTP"]),
        .library(name: "LarderHummingbird", targets: ["LarderHummingbird"]),
        .library(name: "LarderMacros", targets: ["LarderMacros"]),
        .library(name: "LarderMemcached", targets: ["LarderMemcached"]),
        .library(name: "LarderRedis", targets: ["LarderRedis"]),
        .library(name: "LarderRedisClient", targets: ["LarderRedisClient"]),
        .library(name: "LarderSQLite", targets: ["LarderSQLite"]),
        .library(name: "LarderStencil", targets: ["LarderStencil"]),
        .library(name: "LarderTesting", targets: ["LarderTesting"]),
    ],
    traits: [
        .trait(name: "LZ4", description: "LZ4 in LarderCompression, on the system's liblz4."),
        .trait(name: "LZMA", description: "LZMA in LarderCompression, on the system's liblzma."),
        .trait(name: "Zstandard", description: "Zstandard in LarderCompression, on the system's libzstd."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-http-structured-headers.git", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.9.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.0"),
        .package(url: "https://github.com/stencilproject/Stencil.git", from: "0.15.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-syntax.git", "602.0.0"..<"604.0.0"),
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
            name: "LarderConfiguration",
            dependencies: [
                "Larder",
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ]
        ),
        .target(
            name: "LarderCrypto",
            dependencies: ["Larder", .product(name: "Crypto", package: "swift-crypto")]
        ),
        .target(
            name: "LarderFiles",
            dependencies: ["Larder", .product(name: "Logging", package: "swift-log")]
        ),
        .target(
            name: "LarderHTTP",
            dependencies: [
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "RawStructuredFieldValues", package: "swift-http-structured-headers"),
            ]
        ),
        .target(
            name: "LarderHummingbird",
            dependencies: [
                "Larder",
                "LarderCrypto",
                "LarderHTTP",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .macro(
            name: "LarderMacrosPlugin",
            dependencies: [
                .product(name: "SwiftCompilerPlugin", package: "swift-syntax"),
                .product(name: "SwiftDiagnostics", package: "swift-syntax"),
                .product(name: "SwiftParser", package: "swift-syntax"),
                .product(name: "SwiftSyntax", package: "swift-syntax"),
                .product(name: "SwiftSyntaxBuilder", package: "swift-syntax"),
                .product(name: "SwiftSyntaxMacros", package: "swift-syntax"),
            ]
        ),
        .target(name: "LarderMacros", dependencies: ["Larder", "LarderMacrosPlugin"]),
        .target(
            name: "LarderMemcached",
            dependencies: [
                "Larder",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
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
            name: "LarderSQLite",
            dependencies: [
                "Larder",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .target(
            name: "LarderStencil",
            dependencies: [
                "Larder",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Stencil", package: "Stencil"),
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
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "LarderCompressionTests",
            dependencies: ["Larder", "LarderCompression"]
        ),
        .testTarget(
            name: "LarderConfigurationTests",
            dependencies: [
                "Larder",
                "LarderCompression",
                "LarderConfiguration",
                "LarderCrypto",
                "LarderFiles",
                "LarderMemcached",
                "LarderRedis",
                "LarderSQLite",
                "LarderTesting",
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
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
        // What tests of stores on disk share: a process that writes and is killed, and what has to be there then.
        .target(name: "StoreKills", dependencies: ["Larder"], path: "Tests/StoreKills"),
        .executableTarget(
            name: "larder-store-writer",
            dependencies: ["Larder", "LarderFiles", "LarderSQLite", "StoreKills"],
            path: "Tests/StoreWriter"
        ),
        .testTarget(
            name: "LarderFilesTests",
            dependencies: [
                "Larder",
                "LarderFiles",
                "LarderTesting",
                "StoreKills",
                "larder-store-writer",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "LarderHTTPTests",
            dependencies: [
                "LarderHTTP",
                "LarderTesting",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "RawStructuredFieldValues", package: "swift-http-structured-headers"),
            ]
        ),
        .testTarget(
            name: "LarderMacrosTests",
            dependencies: [
                "Larder",
                "LarderMacros",
                "LarderMacrosPlugin",
                "LarderTesting",
                .product(name: "SwiftSyntaxMacrosGenericTestSupport", package: "swift-syntax"),
            ]
        ),
        .testTarget(
            name: "LarderMemcachedTests",
            dependencies: ["Larder", "LarderMemcached", .product(name: "NIOCore", package: "swift-nio")],
            resources: [.embedInCode("Hashing/ketama.json")]
        ),
        .testTarget(
            name: "LarderMemcachedIntegrationTests",
            dependencies: [
                "Larder",
                "LarderMemcached",
                "LarderTesting",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "LarderRedisClientTests",
            dependencies: [
                "LarderRedisClient",
                "LarderTesting",
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
            name: "LarderSQLiteTests",
            dependencies: [
                "Larder",
                "LarderSQLite",
                "LarderTesting",
                "StoreKills",
                "larder-store-writer",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "LarderHummingbirdTests",
            dependencies: [
                "Larder",
                "LarderCrypto",
                "LarderHTTP",
                "LarderHummingbird",
                "LarderRedis",
                "LarderRedisClient",
                "LarderSQLite",
                "LarderTesting",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "LarderStencilTests",
            dependencies: [
                "Larder",
                "LarderRedis",
                "LarderRedisClient",
                "LarderStencil",
                "LarderTesting",
                .product(name: "Stencil", package: "Stencil"),
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
