// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "bookshop",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "bookshop", targets: ["BookshopProgram"])
    ],
    dependencies: [
        .package(name: "larder", path: "../.."),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", "4.0.0"..<"6.0.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/stencilproject/Stencil.git", from: "0.15.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/swiftcsv/SwiftCSV.git", from: "0.10.0"),
    ],
    targets: [
        // The program only reads its arguments and starts the shop; everything it starts is a library, so that
        // the tests can run the whole shop in their own process.
        .executableTarget(
            name: "BookshopProgram",
            dependencies: ["Bookshop"]
        ),
        .target(
            name: "Bookshop",
            dependencies: [
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Larder", package: "larder"),
                .product(name: "LarderCompression", package: "larder"),
                .product(name: "LarderConfiguration", package: "larder"),
                .product(name: "LarderCrypto", package: "larder"),
                .product(name: "LarderFiles", package: "larder"),
                .product(name: "LarderHTTP", package: "larder"),
                .product(name: "LarderHummingbird", package: "larder"),
                .product(name: "LarderMacros", package: "larder"),
                .product(name: "LarderMemcached", package: "larder"),
                .product(name: "LarderRedis", package: "larder"),
                .product(name: "LarderRedisClient", package: "larder"),
                .product(name: "LarderSQLite", package: "larder"),
                .product(name: "LarderStencil", package: "larder"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Stencil", package: "Stencil"),
                .product(name: "SwiftCSV", package: "SwiftCSV"),
            ],
            resources: [
                .copy("Resources/catalogue"),
                .copy("Resources/configuration"),
                .copy("Resources/public"),
                .copy("Resources/templates"),
            ]
        ),
        .testTarget(
            name: "BookshopTests",
            dependencies: [
                "Bookshop",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Larder", package: "larder"),
                .product(name: "LarderConfiguration", package: "larder"),
                .product(name: "LarderHummingbird", package: "larder"),
                .product(name: "LarderRedis", package: "larder"),
                .product(name: "LarderRedisClient", package: "larder"),
                .product(name: "LarderSQLite", package: "larder"),
                .product(name: "LarderStencil", package: "larder"),
                .product(name: "LarderTesting", package: "larder"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Stencil", package: "Stencil"),
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)

// The settings of the root package, for every target.
for target in package.targets {
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
