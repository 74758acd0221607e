/// A server that has become a primary, and when that was seen.
public struct RedisPromotion: Sendable {
    /// The new primary.
    public let primary: RedisServer

    /// The moment at which the server was first seen to call itself a primary, or to be announced as one.
    ///
    /// It comes at most some milliseconds after the event: servers are asked every three milliseconds.
    public let moment: ContinuousClock.Instant
}
