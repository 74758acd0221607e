import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A connection's socket, for threads other than its event loop's to write on.
///
/// A file descriptor of its own for the same socket: the event loop may close the channel's while a sender is about to
/// write, and a number that is free is soon another file's. This one is closed when the last one has let go of it.
final class DirectSocket: Sendable {
    private let descriptor: CInt

    /// Nil if the system has no more file descriptors.
    init?(copying descriptor: CInt) {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return nil }
        self.descriptor = copy
    }

    deinit {
        close(self.descriptor)
    }

    /// Writes as much as the socket takes at once, and leaves the rest in `bytes`.
    ///
    /// A broken connection takes everything: its event loop will notice, and ends what was written.
    func write(_ bytes: inout ByteBuffer) {
        #if os(Linux)
        let flags = CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)
        #else
        // SIGPIPE is off for every socket that NIO makes.
        let flags = MSG_DONTWAIT
        #endif
        while bytes.readableBytes > 0 {
            let count = bytes.withUnsafeReadableBytes { send(self.descriptor, $0.baseAddress, $0.count, flags) }
            if count >= 0 {
                bytes.moveReaderIndex(forwardBy: count)
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                return
            } else if errno != EINTR {
                bytes.clear()
            }
        }
    }
}
