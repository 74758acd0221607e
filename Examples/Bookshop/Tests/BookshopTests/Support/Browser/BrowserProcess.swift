import Dispatch
import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A headless Chromium with a profile of its own, and the pipes to it.
///
/// Chromium ends by itself when nobody holds the other end of its pipe any more, so it does not outlive a test process
/// that is killed; the shell around it then removes the profile.
final class BrowserProcess: Sendable {
    /// Where commands go, and where answers and events come from.
    let commands: FileHandle
    let messages: FileHandle

    private let pid: pid_t
    private let profile: String
    private let complaints = Mutex<[String]>([])
    private let hasSaidAll = DispatchSemaphore(value: 0)

    /// Starts Chromium.
    ///
    /// - Parameter restoresPages: Whether going back restores a page as it was left, without any request; see
    ///   `withBrowser`.
    /// - Throws: `BrowserError`.
    init(restoresPages: Bool) throws {
        guard let program = Self.find() else { throw BrowserError.missing }
        // A write to a browser that has ended is an error, not the end of the tests.
        signal(SIGPIPE, SIG_IGN)
        self.profile = try Self.makeProfile()
        do {
            let commands = try Self.makePipe()
            let messages = try Self.makePipe()
            let errors = try Self.makePipe()
            // Killed, it would leave its temporary files behind, so they lie in the profile, too.
            let script = """
                profile="$1"; shift
                TMPDIR="$profile" "$@" 3<&0 4>&1 </dev/null >/dev/null
                status=$?; rm -rf "$profile" 2>/dev/null; exit $status
                """
            self.pid = try Self.spawn(
                ["/bin/sh", "-c", script, "browser", self.profile, program]
                    + Self.options(profile: self.profile, restoresPages: restoresPages),
                standard: [commands.read, messages.write, errors.write].map(\.fileDescriptor)
            )
            self.commands = commands.write
            self.messages = messages.read
            for end in [commands.read, messages.write, errors.write] { try end.close() }
            // Reading blocks, so it has threads of its own and leaves the tasks theirs.
            Thread.detachNewThread { self.listen(errors.read) }
        } catch {
            try? FileManager.default.removeItem(atPath: self.profile)
            throw error
        }
    }

    /// The last that Chromium wrote to standard error; waits for the rest of it when Chromium is about to end.
    func lastLines() -> [String] {
        self.waitUntilAllIsSaid()
        return self.complaints.withLock { $0 }
    }

    /// Ends Chromium with all its processes, and waits until they have ended and the profile is gone.
    ///
    /// Does so in a cancelled task, too.
    func end() async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                // A group of its own: its renderers as well. The number is not another's: nobody else reaps it.
                _ = kill(-self.pid, SIGKILL)
                var status: Int32 = 0
                while waitpid(self.pid, &status, 0) == -1 && errno == EINTR {}
                // Who still writes into the profile holds the pipe, too.
                self.waitUntilAllIsSaid()
                try? FileManager.default.removeItem(atPath: self.profile)
                continuation.resume()
            }
        }
    }

    private func waitUntilAllIsSaid() {
        if self.hasSaidAll.wait(timeout: .now() + 3) == .success { self.hasSaidAll.signal() }
    }

    private func listen(_ errors: FileHandle) {
        var line: [UInt8] = []
        for bytes in Chunks(errors) {
            for byte in bytes {
                if byte != UInt8(ascii: "\n") {
                    line.append(byte)
                    continue
                }
                let text = String(decoding: line, as: UTF8.self)
                line = []
                // Containers have no message bus, which it does not need and mentions often.
                if text.contains("ERROR:dbus/") { continue }
                self.complaints.withLock { lines in
                    lines.append(text)
                    if lines.count > 20 { lines.removeFirst() }
                }
            }
        }
        self.hasSaidAll.signal()
    }
}

/// What comes out of a pipe, until its other end is closed; each piece is waited for by blocking the thread.
struct Chunks: Sequence, IteratorProtocol {
    private let handle: FileHandle
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    init(_ handle: FileHandle) {
        self.handle = handle
    }

    mutating func next() -> [UInt8]? {
        while true {
            let count = read(self.handle.fileDescriptor, &self.buffer, self.buffer.count)
            if count > 0 { return Array(self.buffer[..<count]) }
            if count == 0 || errno != EINTR { return nil }
        }
    }
}
