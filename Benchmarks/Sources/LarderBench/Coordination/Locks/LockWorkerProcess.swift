import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A `larder-bench lock-worker` of this process.
final class LockWorkerProcess {
    private let process = Process()
    let records: String

    init(_ arguments: [String], records: String) throws {
        guard let program = Bundle.main.executablePath else { throw Failure("this program does not know where it is") }
        self.records = records
        self.process.executableURL = URL(fileURLWithPath: program)
        self.process.arguments = ["lock-worker", "--records", records] + arguments
        // Standard output is for measurements alone.
        self.process.standardOutput = FileHandle.standardError
        try self.process.run()
    }

    var isRunning: Bool { self.process.isRunning }

    var identifier: Int32 { self.process.processIdentifier }

    /// Ends the process as a crash would.
    func killAtOnce() { if self.process.isRunning { kill(self.identifier, SIGKILL) } }

    /// Stops the process, as a virtual machine or a debugger would.
    func pause() { if self.process.isRunning { kill(self.identifier, SIGSTOP) } }

    func resume() { if self.process.isRunning { kill(self.identifier, SIGCONT) } }
}
