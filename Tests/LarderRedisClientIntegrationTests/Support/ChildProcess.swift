import Foundation
import Synchronization

/// A child process that several threads may signal.
final class ChildProcess: Sendable {
    private let current = Mutex<Process?>(nil)

    func run(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.current.withLock { $0 = process }
    }

    /// Sends a signal to the process, if it still runs.
    func signal(_ number: Int32) {
        self.current.withLock { process in
            guard let process, process.isRunning else { return }
            kill(process.processIdentifier, number)
            if number == SIGKILL {
                while process.isRunning { usleep(500) }
            }
        }
    }
}
