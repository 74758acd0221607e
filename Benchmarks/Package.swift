// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "larder-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "larder", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/stencilproject/Stencil.git", from: "0.15.1"),
    ],
    targets: [
        .executableTarget(
            name: "larder-bench",
            dependencies: [
                "HeapUse",
                "PlainLoad",
                "Replay",
                "SystemClocks",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Larder", package: "larder"),
                .product(name: "LarderMacros", package: "larder"),
                .product(name: "LarderFiles", package: "larder"),
                .product(name: "LarderHummingbird", package: "larder"),
                .product(name: "LarderMemcached", package: "larder"),
                .product(name: "LarderRedis", package: "larder"),
                .product(name: "LarderRedisClient", package: "larder"),
                .product(name: "LarderSQLite", package: "larder"),
                .product(name: "LarderStencil", package: "larder"),
                .product(name: "LarderTesting", package: "larder"),
                .product(name: "Stencil", package: "Stencil"),
            ],
            path: "Sources/LarderBench",
            // In the program itself, so that it compiles its peer wherever it is called from.
            resources: [.embedInCode("HTTP/DjangoPeer.py"), .embedInCode("Memory/CaffeinePeer.java")]
        ),
        .target(name: "HeapUse"),
        .target(name: "PlainLoad"),
        .target(
            name: "Replay",
            dependencies: [.product(name: "DequeModule", package: "swift-collections")]
        ),
        .target(name: "SystemClocks"),
        .testTarget(name: "ReplayTests", dependencies: ["Replay"]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where !["HeapUse", "PlainLoad", "SystemClocks"].contains(target.name) {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ]
}
