import Larder
import Synchronization

/// What a process knows of a server's clock: enough to say until when the server shall carry out a question.
///
/// Each answer tells the time. What it took on its way is not taken off, so the clock is never thought to be ahead of what it
/// is. One that has been set forward refuses a question that is in time; the refusal tells of it.
final class ServerTime: Sendable {
    /// What to add to this process's clock, in microseconds; `nil` before the first answer.
    private let offset = Mutex<Int64?>(nil)

    /// An answer has come.
    ///
    /// - Parameters:
    ///   - microseconds: The server's time in it.
    ///   - moment: When it came.
    func note(_ microseconds: Int64, received moment: CacheInstant) {
        // Whatever a server says, it makes no sum overflow.
        let time = min(max(microseconds, 0), 1 << 53)
        self.offset.withLock { $0 = time - moment.nanoseconds / 1_000 }
    }

    /// The server's time after a while.
    ///
    /// - Parameters:
    ///   - duration: The while.
    ///   - moment: When it begins.
    /// - Returns: The time in microseconds; 0 where nothing is known, which is always over.
    func after(_ duration: Duration, from moment: CacheInstant) -> Int64 {
        guard let offset = self.offset.withLock({ $0 }) else { return 0 }
        return max(0, offset + moment.nanoseconds / 1_000 + duration.wholeNanoseconds / 1_000)
    }
}
