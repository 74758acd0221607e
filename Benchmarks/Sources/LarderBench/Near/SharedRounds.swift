import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a writer and its readers, each a process of its own, know of each other's rounds: numbers in a file that all of them
/// have mapped.
///
/// In round `r` the writer changes key `r % keys`. A reader notes for a round how long after its end a read began that still
/// returned what was there before.
// The numbers are atomics in memory that stays mapped as long as this lives.
final class SharedRounds: @unchecked Sendable {
    let rounds: Int
    let keys: Int
    let readers: Int
    private let descriptor: Int32
    private let base: UnsafeMutableRawPointer
    private let size: Int

    /// Maps a file, which is made where there is none.
    init(path: String, rounds: Int, keys: Int, readers: Int) throws {
        self.rounds = rounds
        self.keys = keys
        self.readers = readers
        self.size = (1 + keys + rounds + readers * (rounds + 2)) * MemoryLayout<UInt64>.stride
        let descriptor = open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0, ftruncate(descriptor, off_t(self.size)) == 0,
            let base = mmap(nil, self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), base != MAP_FAILED
        else { throw Failure("\(path) cannot be mapped") }
        self.descriptor = descriptor
        self.base = base
    }

    deinit {
        munmap(self.base, self.size)
        close(self.descriptor)
    }

    private func number(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        // Zeroes are what an atomic of nought is made of.
        (self.base + index * MemoryLayout<UInt64>.stride).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    /// Whether the readers are to end.
    var isOver: Bool {
        get { self.number(0).pointee.load(ordering: .acquiring) != 0 }
        set { self.number(0).pointee.store(newValue ? 1 : 0, ordering: .releasing) }
    }

    /// Notes that the change of a round has returned.
    func end(round: Int, at time: UInt64) {
        self.number(1 + self.keys + round).pointee.store(time, ordering: .releasing)
        self.number(1 + round % self.keys).pointee.store(UInt64(round) + 1, ordering: .releasing)
    }

    /// The last round of a key whose change has returned.
    func lastRound(ofKey key: Int) -> Int? {
        let number = self.number(1 + key).pointee.load(ordering: .acquiring)
        return number == 0 ? nil : Int(number) - 1
    }

    /// When the change of a round returned.
    func end(ofRound round: Int) -> UInt64 {
        self.number(1 + self.keys + round).pointee.load(ordering: .acquiring)
    }

    private func places(of reader: Int) -> Int { 1 + self.keys + self.rounds + reader * (self.rounds + 2) }

    /// Notes a read that returned what had been changed by a round so long before.
    func noteStale(_ nanoseconds: UInt64, round: Int, reader: Int) {
        let window = self.number(self.places(of: reader) + 2 + round)
        if nanoseconds > window.pointee.load(ordering: .relaxed) {
            window.pointee.store(nanoseconds, ordering: .releasing)
        }
        self.number(self.places(of: reader) + 1).pointee.wrappingAdd(1, ordering: .relaxed)
    }

    func noteRead(reader: Int) { self.number(self.places(of: reader)).pointee.wrappingAdd(1, ordering: .relaxed) }

    /// How many reads there were, and how many of them were stale.
    var reads: (all: Int, stale: Int) {
        (0..<self.readers).reduce((0, 0)) { sum, reader in
            let place = self.places(of: reader)
            return (
                sum.0 + Int(self.number(place).pointee.load(ordering: .acquiring)),
                sum.1 + Int(self.number(place + 1).pointee.load(ordering: .acquiring))
            )
        }
    }

    /// For each round the longest time after its end after which a reader began a read that did not know of it, in
    /// milliseconds.
    func windows() -> [Double] {
        (0..<self.rounds).map { round in
            (0..<self.readers).reduce(0.0) { longest, reader in
                let window = self.number(self.places(of: reader) + 2 + round).pointee.load(ordering: .acquiring)
                return max(longest, Double(window) / 1e6)
            }
        }
    }
}
