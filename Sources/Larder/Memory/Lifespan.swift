/// When an entry ends: at a moment, when nobody has asked for it for a while, or whichever comes first.
///
/// All in the clock's nanoseconds.
@usableFromInline
struct Lifespan: BitwiseCopyable, Sendable {
    /// The moment at which it ends as things stand.
    @usableFromInline var deadline: Int64
    /// For how long nobody may ask; 0 where that does not matter.
    @usableFromInline var idle: Int64
    /// The moment at which it ends in any case.
    @usableFromInline var end: Int64

    @inlinable static var never: Int64 { .max }
    @inlinable static var forever: Lifespan { Lifespan(end: Self.never) }

    /// One that ends at a moment.
    @inlinable
    init(end: Int64) {
        self.deadline = end
        self.idle = 0
        self.end = end
    }

    /// One that ends at a moment, or earlier if nobody asks for the entry.
    @inlinable
    init(end: Int64, idle: Int64, now: Int64) {
        self.deadline = min(end, Self.sum(now, idle))
        self.idle = idle
        self.end = end
    }

    @usableFromInline
    init(deadline: Int64, idle: Int64, end: Int64) {
        self.deadline = deadline
        self.idle = idle
        self.end = end
    }

    @inlinable var isSliding: Bool { self.idle != 0 }

    @inlinable
    static func sum(_ now: Int64, _ span: Int64) -> Int64 {
        let (sum, overflow) = now.addingReportingOverflow(span)
        return overflow ? Self.never : sum
    }
}

/// What a shard keeps of an entry whose deadline slides, beside the deadline.
@usableFromInline
struct Slide: BitwiseCopyable, Sendable {
    @usableFromInline var idle: Int64
    @usableFromInline var end: Int64

    @inlinable
    init(idle: Int64, end: Int64) {
        self.idle = idle
        self.end = end
    }
}
