import NIOCore

/// What a server that tells of changes says, and what becomes of the connection on which it does.
enum InvalidationEvent: Sendable {
    /// The server tells of every change from now on; what was changed before may have gone unheard.
    case live
    /// Keys were changed, removed, evicted, or have expired: the names that came in one message.
    case changed([ByteBuffer])
    /// All keys are gone: `FLUSHALL` or `FLUSHDB`.
    case flushed
    /// The server has not answered for a while. What it tells comes late, if at all.
    case silent
    /// It answers again; nothing has gone unheard.
    case resumed
    /// The connection is gone: from now on changes go unheard.
    case lost(RedisError)
    /// No connection could be made; more attempts follow. `.trackingUnavailable` where the server does not tell of changes.
    case unreachable(RedisError)
}

/// How long a connection that tells of changes may keep quiet.
///
/// A connection that is half open looks like one on which nothing happens. So it is asked often: between the moment when
/// it breaks and the moment when that is noticed, old values pass for current ones.
struct InvalidationTiming: Sendable {
    /// How often `HELLO` is sent, in nanoseconds, whatever else comes: its answer shows how far behind the messages are.
    var interval: Int64 = 250_000_000
    /// How long the answer may take before the connection counts as silent.
    var patience: Int64 = 250_000_000
    /// How long nothing at all may come while an answer is due before the connection is given up.
    var longestSilence: Int64 = 2_000_000_000
    /// How long to wait before a server that has refused to tell of changes is asked again.
    var refusalPause: Int64 = 30_000_000_000
    /// How often the client is made to look who the primaries are, in nanoseconds.
    ///
    /// Whoever is answered from memory sends no commands, which would show that a server has been cut off from the others
    /// and replaced.
    var renewal: Int64 = 10_000_000_000
}
