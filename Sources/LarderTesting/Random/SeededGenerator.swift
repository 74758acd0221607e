/// Random numbers that are the same in every run (SplitMix64: Steele, Lea and Flood, OOPSLA 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Makes a generator.
    ///
    /// - Parameter seed: What all its numbers come from.
    public init(seed: UInt64) {
        self.state = seed
    }

    /// Makes a generator of its own for each place in a run, so that what one place draws does not shift what others draw.
    ///
    /// - Parameters:
    ///   - seed: The run's seed.
    ///   - places: What tells the place from others.
    public init(seed: UInt64, _ places: UInt64...) {
        self.state = seed
        for place in places { self.state = self.next() ^ (place &* 0xD6E8_FEB8_6659_FD93) }
    }

    /// The next number.
    public mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// Whether something happens that happens so many times in a hundred.
    ///
    /// - Parameter percent: How many times.
    /// - Returns: Whether it happens this time.
    public mutating func happens(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &self) < percent
    }

    /// One of several things.
    ///
    /// - Parameter things: The things, one at least.
    /// - Returns: One of them, each as likely as the others.
    public mutating func pick<Thing>(_ things: [Thing]) -> Thing {
        things[Int.random(in: 0..<things.count, using: &self)]
    }
}
