/// Keys for each thread of a measurement, to read without counting references.
///
/// A string that comes out of an array is retained and released around its use, and where two threads read the same one they
/// fight over its count: that would be measured, and it is not the cache's. A service has a string of its own for each
/// request. So every thread has its own, takes it out of its place and puts it back.
///
/// Caffeine's program shares its keys among threads, which costs it nothing and lets it compare most keys by identity.
// Sendable: a thread touches only its own keys.
final class LentKeys<Key: Sendable>: @unchecked Sendable {
    let count: Int
    private let places: UnsafeMutablePointer<Key>
    private let threads: Int

    /// - Parameters:
    ///   - threads: How many threads there are at most.
    ///   - make: Makes all keys, anew for each thread.
    init(threads: Int, _ make: () -> [Key]) {
        let keys = (0..<threads).map { _ in make() }
        self.threads = threads
        self.count = keys.first?.count ?? 0
        self.places = .allocate(capacity: threads * self.count)
        for thread in 0..<threads {
            (self.places + thread * self.count).initialize(from: keys[thread], count: self.count)
        }
    }

    deinit {
        self.places.deinitialize(count: self.threads * self.count)
        self.places.deallocate()
    }

    @inline(__always)
    func lend<Result>(_ index: UInt32, to thread: Int, _ body: (Key) -> Result) -> Result {
        let place = self.places + (thread &* self.count &+ Int(index))
        let key = place.move()
        let result = body(key)
        place.initialize(to: consume key)
        return result
    }

    /// Calls a closure with each key of the first thread, in order.
    func forEach(_ body: (Int, Key) -> Void) {
        for index in 0..<self.count { body(index, self.places[index]) }
    }
}
