import Synchronization

/// The lines in which the tasks of one process wait, one for each lock: first come, first served.
///
/// Only the first of a line asks the store, and one signal listens for all of it, so what the store sees does not grow with
/// the waiters.
final class LockLines: Sendable {
    /// The place of one who waits.
    final class Place: Sendable {
        let resource: LockResource
        /// Told when the place becomes the first.
        let wake: WakeUp

        init(_ resource: LockResource, clock: CacheClock) {
            self.resource = resource
            self.wake = WakeUp(clock: clock)
        }
    }

    private struct Line {
        var places: [Place] = []
        var signal: (any LeaseSignal)?
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
        let place = Place(resource, clock: self.clock)
        self.lines.withLock { $0[resource, default: Line()].places.append(place) }
        return place
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
            guard var line = lines.removeValue(forKey: place.resource) else { return (nil, nil) }
            let wasFirst = line.places.first === place
            line.places.removeAll { $0 === place }
            if line.places.isEmpty { return (nil, line.signal) }
            lines[place.resource] = line
            return (wasFirst ? line.places.first : nil, nil)
        }
        next?.wake.ring()
        unused?.cancel()
    }
}
