// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "caching-proxy",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "caching-proxy", targets: ["CachingProxyProgram"])
    ],
    dependencies: [
        .package(name: "larder", path: "../.."),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        // The program only reads its arguments and starts the proxy, so that the tests can run it in their own process.
        .executableTarget(
            name: "CachingProxyProgram",
            dependencies: ["CachingProxy"]
        ),
        .target(
            name: "CachingProxy",
            dependencies: [
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Larder", package: "larder"),
                .product(name: "LarderHTTP", package: "larder"),
                .product(name: "LarderHummingbird", package: "larder"),
                .product(name: "LarderRedis", package: "larder"),
                .product(name: "LarderRedisClient", package: "larder"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "CachingProxyTests",
            dependencies: [
                "CachingProxy",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Larder", package: "larder"),
                .product(name: "LarderHTTP", package: "larder"),
                .product(name: "LarderHummingbird", package: "larder"),
                .product(name: "LarderTesting", package: "larder"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
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
