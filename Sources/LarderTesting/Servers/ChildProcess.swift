import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A program that runs beside the test and never outlives it.
///
/// `Foundation.Process` would nearly do, but a server started by it lives on when the test process is killed, and
/// inherits the signals that the starting thread happens to block, SIGTERM among them. So this spawns with an empty
/// signal mask, and beside each program a tiny shell that waits for the end of a pipe which only this process holds:
/// the kernel closes the pipe however this process ends, and the shell then kills the program and removes its directory.
/// It inherits none of this process's files and sockets either, whoever opened them.
final class ChildProcess: Sendable {
    let pid: pid_t

    private struct State {
        var reaped = false
        var status: Int32 = 0
        var guardian: pid_t?
        var leash: Int32?
    }

    private let state: Mutex<State>

    /// One start at a time, so that no program inherits the pipe of another.
    private static let spawning = Mutex(())

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: The path of the program.
    ///   - arguments: Its arguments, without its own name.
    ///   - log: The file that takes what the program prints.
    ///   - directory: The directory that dies with the program when this process ends without stopping it.
    /// - Throws: `TestServerError` when the program cannot be started.
    init(_ program: String, _ arguments: [String], log: String, directory: String? = nil) throws {
        let (pid, state) = try Self.spawning.withLock { _ in
            let pid = try Self.spawn(program, arguments, standardInput: nil, log: log)
            var state = State()
            var pipe: [Int32] = [-1, -1]
            if Self.makePipe(&pipe) {
                let script = "read -r _; kill -9 \(pid) 2>/dev/null; [ -z \"$1\" ] || rm -rf \"$1\""
                let arguments = ["-c", script, "guardian", directory ?? ""]
                state.guardian = try? Self.spawn("/bin/sh", arguments, standardInput: pipe[0], log: "/dev/null")
                state.leash = pipe[1]
                close(pipe[0])
            }
            return (pid, state)
        }
        self.pid = pid
        self.state = Mutex(state)
    }

    deinit {
        self.signal(SIGKILL)
        var status: Int32 = 0
        self.state.withLock { state in
            Self.dismissGuardian(&state)
            if !state.reaped { waitpid(self.pid, &status, 0) }
        }
    }

    /// Whether the program has not ended yet.
    ///
    /// A stopped (SIGSTOP) program still runs.
    var isRunning: Bool { self.exitStatus == nil }

    /// What `waitpid` says of the program; `nil` while it runs.
    var exitStatus: Int32? {
        self.state.withLock { state in
            if state.reaped { return state.status }
            var status: Int32 = 0
            guard waitpid(self.pid, &status, WNOHANG) == self.pid else { return nil }
            state.reaped = true
            state.status = status
            // A pid that was reaped can be given to another program: nobody may kill it any more.
            Self.dismissGuardian(&state)
            return status
        }
    }

    /// Sends a signal, unless the program has ended.
    func signal(_ number: Int32) {
        self.state.withLock { state in
            if !state.reaped { _ = kill(self.pid, number) }
        }
    }

    /// Waits for the end of the program.
    ///
    /// - Returns: Whether it ended within the limit.
    func waitForExit(atMost limit: Duration) async -> Bool {
        let deadline = ContinuousClock.now.advanced(by: limit)
        var pause = 1
        while self.isRunning {
            if ContinuousClock.now >= deadline { return false }
            // Not `Task.sleep`: a cancelled test must still clean up after itself.
            await Self.pause(milliseconds: pause)
            // A benchmark that is waited for must not be slowed down by it.
            pause = min(pause * 2, 16)
        }
        return true
    }

    /// Asks the program to end, and ends it when it does not.
    func terminate(grace: Duration) async {
        // A stopped program would not see any signal but SIGKILL.
        self.signal(SIGCONT)
        self.signal(SIGTERM)
        if await self.waitForExit(atMost: grace) { return }
        await self.kill9()
    }

    /// Ends the program without asking.
    func kill9() async {
        self.signal(SIGKILL)
        _ = await self.waitForExit(atMost: .seconds(10))
    }

    /// Suspends for a moment, cancelled or not.
    static func pause(milliseconds: Int) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
                continuation.resume()
            }
        }
    }

    /// The path of a program: as given when it contains a slash, else from PATH and where Homebrew installs.
    static func find(_ program: String) -> String? {
        if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let directories =
            path.split(separator: ":").map(String.init)
            + ["/usr/bin", "/usr/local/bin", "/usr/sbin", "/opt/homebrew/bin"]
        return directories.lazy.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }

    private static func dismissGuardian(_ state: inout State) {
        if let guardian = state.guardian {
            _ = kill(guardian, SIGKILL)
            var status: Int32 = 0
            waitpid(guardian, &status, 0)
        }
        if let leash = state.leash { close(leash) }
        state.guardian = nil
        state.leash = nil
    }

    /// A pipe that no other program inherits: an inherited end would keep it open after our own end.
    ///
    /// To be called under `spawning`, because marking the ends is a step of its own.
    private static func makePipe(_ ends: inout [Int32]) -> Bool {
        guard pipe(&ends) == 0 else { return false }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return true
    }

    private static func spawn(
        _ program: String,
        _ arguments: [String],
        standardInput: Int32?,
        log: String
    ) throws -> pid_t {
        #if canImport(Darwin)
        var attributes: posix_spawnattr_t?
        var actions: posix_spawn_file_actions_t?
        #else
        var attributes = posix_spawnattr_t()
        var actions = posix_spawn_file_actions_t()
        #endif
        posix_spawnattr_init(&attributes)
        posix_spawn_file_actions_init(&actions)
        defer {
            posix_spawnattr_destroy(&attributes)
            posix_spawn_file_actions_destroy(&actions)
        }
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        // A group of its own: Ctrl-C in a terminal reaches the test, and the test decides about its servers.
        posix_spawnattr_setpgroup(&attributes, 0)
        var flags = Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETPGROUP)
        #if canImport(Darwin)
        flags |= Int16(POSIX_SPAWN_CLOEXEC_DEFAULT)
        #endif
        posix_spawnattr_setflags(&attributes, flags)
        if let standardInput {
            posix_spawn_file_actions_adddup2(&actions, standardInput, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        #if !canImport(Darwin)
        // SwiftNIO's sockets are inherited. A program that has one keeps the connection open that a test has closed, and
        // goes on to listen where nobody does any more. Closing a number that is not open is no error.
        for descriptor in Int32(3)..<2048 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        #endif

        let environment = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
        let words = [program] + arguments
        var pid: pid_t = 0
        let code = Self.withCStrings(words) { words in
            Self.withCStrings(environment) { environment in
                posix_spawn(&pid, program, &actions, &attributes, words, environment)
            }
        }
        guard code == 0 else {
            throw TestServerError(.startFailed, "\(program) could not be started: \(String(cString: strerror(code)))")
        }
        return pid
    }

    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers)
    }
}
