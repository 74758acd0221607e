/// What a flight of a `Cache` brings to those who wait for it.
enum FillLanding: Sendable {
    /// The value, and what became of it.
    case filled(EntryValue, FillInfo)
    /// The fill, which was for several keys, had no value for this one.
    case noValue
    /// There was no need to fill, or no lease: look into the store again.
    case lookAgain
}
