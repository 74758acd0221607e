import Replay

/// Which keys are asked for, drawn beforehand so that drawing is not measured.
enum AccessOrder {
    static func uniform(below bound: Int, count: Int, seed: UInt64) -> [UInt32] {
        var random = XorShift(seed: seed)
        return (0..<count).map { _ in UInt32(Int.random(in: 0..<bound, using: &random)) }
    }

    /// Zipf's law over ranks, the ranks dealt to the keys at random: the same deal for every seed.
    static func zipf(below bound: Int, exponent: Double, count: Int, seed: UInt64) -> [UInt32] {
        var dealer = XorShift(seed: 99)
        let keys = (0..<UInt32(bound)).shuffled(using: &dealer)
        let zipf = Zipf(ranks: bound, exponent: exponent)
        var random = XorShift(seed: seed)
        return (0..<count).map { _ in keys[zipf.rank(at: random.double())] }
    }
}
