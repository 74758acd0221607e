import Foundation

/// How much a test does: little in `make test`, much in `make soak`.
enum Soak {
    static var isOn: Bool { ProcessInfo.processInfo.environment["LARDER_SOAK"] != nil }

    static func operations(_ usual: Int, soak: Int) -> Int {
        Self.isOn ? soak : usual
    }

    /// The seeds of random histories: always the same one, and in `make soak` others as well, which are named when one fails.
    static var seeds: [UInt64] {
        Self.isOn ? [42] + (0..<2).map { _ in .random(in: .min ... .max) } : [42]
    }
}
