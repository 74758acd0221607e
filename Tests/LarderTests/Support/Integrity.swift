import Synchronization
import Testing

@testable import Larder

/// Checks every memory cache that a test has made when the test is over, however it ended: sizes add up, index and queues
/// agree, no slot has leaked, no fill is left.
///
/// Tests make their caches with `MemoryCache.checked`, which fails where the suite does not have this trait.
/// `IntegrityTests` sees to it that no test of the memory cache makes one in another way.
struct IntegrityTrait: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        // A suite's own scope has no test case: its tests have a scope each.
        guard testCase != nil else { return try await function() }
        let watch = IntegrityWatch()
        do {
            try await IntegrityWatch.$current.withValue(watch, operation: function)
        } catch {
            watch.check(test)
            throw error
        }
        watch.check(test)
    }
}

extension Trait where Self == IntegrityTrait {
    /// Checks every memory cache that the test has made when it is over.
    static var integrity: Self { Self() }
}

/// The caches that a test has made.
final class IntegrityWatch: Sendable {
    @TaskLocal static var current: IntegrityWatch?

    private let checks = Mutex<[@Sendable () -> [String]]>([])

    func add(_ check: @escaping @Sendable () -> [String]) {
        self.checks.withLock { $0.append(check) }
    }

    fileprivate func check(_ test: Test) {
        for check in self.checks.withLock({ $0 }) {
            for violation in check() {
                Issue.record("\(violation)", sourceLocation: test.sourceLocation)
            }
        }
    }
}

extension MemoryCache {
    /// A cache whose integrity is checked when the test is over.
    ///
    /// It stays until then, unless it is not to outlive the test: what happens when a cache goes is a test too.
    static func checked(
        limit: Limit,
        clock: CacheClock = .system,
        onRemoval: RemovalListener? = nil,
        outlivesTest: Bool = true,
        location: SourceLocation = #_sourceLocation
    ) -> MemoryCache {
        let cache = MemoryCache(limit: limit, clock: clock, onRemoval: onRemoval)
        if let watch = IntegrityWatch.current {
            let kept = outlivesTest ? cache : nil
            watch.add { [weak cache] in (kept ?? cache)?.violations() ?? [] }
        } else {
            Issue.record("the test lacks the trait .integrity", sourceLocation: location)
        }
        return cache
    }
}

extension MemoryCache {
    fileprivate func violations() -> [String] {
        let fills = Key.self == String.self ? self.strings.fillCount : self.hashables.fillCount
        return self.checkInvariants() + (fills == 0 ? [] : ["\(fills) fills are left"])
    }
}
