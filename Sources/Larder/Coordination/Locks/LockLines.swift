import Synchronization

/// The lines in which the tasks of one process wait, one for each lock: first come, first served.
///
/// Only the first of a line asks the store, and one signal listens for all of it, so what the store sees does not grow with
/// the waiters.
final class LockLines: Sendable {
    /// The place of one who waits.
    final class Place: Sendable {
        let resource: LockResource
        /// Told when the place becomes the first; `nil` for one that is it from the beginning.
        let wake: WakeUp?

        init(_ resource: LockResource, wake: WakeUp?) {
            self.resource = resource
            self.wake = wake
        }
    }

    private struct Line {
        var places: [Place] = []
        var signal: (any LeaseSignal)?

        mutating func join(_ resource: LockResource, _ clock: CacheClock) -> Place {
            let place = Place(resource, wake: self.places.isEmpty ? nil : WakeUp(clock: clock))
            self.places.append(place)
            return place
        }

        /// - Returns: Whoever is the first now and was not before.
        mutating func leave(_ place: Place) -> Place? {
            let wasFirst = self.places.first === place
            self.places.removeAll { $0 === place }
            return wasFirst ? self.places.first : nil
        }
    }

    private let clock: CacheClock
    private let lines = Mutex<[LockResource: Line]>([:])

    init(clock: CacheClock) {
        self.clock = clock
    }

    /// How many wait, for whatever.
    var count: Int { self.lines.withLock { lines in lines.values.reduce(0) { $0 + $1.places.count } } }

    /// How many wait for something.
    func count(for resource: LockResource) -> Int { self.lines.withLock { $0[resource]?.places.count ?? 0 } }

    /// Takes the last place of a line.
    func join(_ resource: LockResource) -> Place {
        self.lines.withLock { lines in
            let place = lines[resource, default: Line()].join(resource, self.clock)
            return place
        }
    }

    func isFirst(_ place: Place) -> Bool { self.lines.withLock { $0[place.resource]?.places.first === place } }

    /// What the first of a line listens with, if somebody has begun to.
    func signal(for place: Place) -> (any LeaseSignal)? { self.lines.withLock { $0[place.resource]?.signal } }

    /// Keeps what the first of a line listens with for those after it.
    func keep(_ signal: any LeaseSignal, for place: Place) {
        self.lines.withLock { $0[place.resource]?.signal = signal }
    }

    /// Leaves a line: the next becomes the first; the last takes the signal with it.
    func leave(_ place: Place) {
        let (next, unused) = self.lines.withLock { lines -> (Place?, (any LeaseSignal)?) in
            guard let index = lines.index(forKey: place.resource) else { return (nil, nil) }
            let next = lines.values[index].leave(place)
            if lines.values[index].places.isEmpty { return (nil, lines.remove(at: index).value.signal) }
            return (next, nil)
        }
        next?.wake?.ring()
        unused?.cancel()
    }
}
