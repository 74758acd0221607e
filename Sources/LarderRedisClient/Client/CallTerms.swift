/// What a call asks for beside its command.
struct CallTerms: Sendable {
    /// How long it may take, in nanoseconds.
    var timeout: Int64
    /// The number of the last meeting whose server may execute it, see `ServerHistory`; the largest number for any.
    var bound: UInt64 = .max
    /// Who may answer, if the command only reads; nil for what the client was configured with.
    var preference: RedisConfiguration.ReadPreference?
}
