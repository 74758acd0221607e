/// What a benchmark tells another process of its to do: a line of JSON on that one's standard input.
enum WorkerCommand: Codable, Sendable {
    /// Take part in a stampede.
    case stampede(Stampede)
    /// Fetch a key, with a fill that takes so long under a lease that stands so long.
    case fill(key: String, leaseMilliseconds: Int, fillMilliseconds: Int)
    /// Cancel what was fetched last.
    case cancel
}

/// What such a process tells: a line of JSON on its standard output.
enum WorkerEvent: Codable, Sendable {
    /// It has reached the server.
    case ready
    /// Its part of a stampede is over.
    case stampeded(Stampede.Outcome)
    /// A fill has begun.
    case began(at: UInt64)
    /// A fetch waits for the fill of another process.
    case waiting
    /// A fetch is about to be cancelled.
    case cancelling(at: UInt64)
    /// A fetch has returned its value, or was cancelled.
    case ended(isCancelled: Bool)
    /// Something threw.
    case failed(String)
}
