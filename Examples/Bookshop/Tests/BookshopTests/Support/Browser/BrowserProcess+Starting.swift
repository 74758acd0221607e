import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension BrowserProcess {
    /// The path of the browser: from PATH, or where macOS keeps applications.
    static func find() -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let programs = path.split(separator: ":").flatMap { ["\($0)/chromium", "\($0)/chromium-browser"] }
        return (programs + ["/Applications/Chromium.app/Contents/MacOS/Chromium"]).first { access($0, X_OK) == 0 }
    }

    static func options(profile: String, restoresPages: Bool) -> [String] {
        let unwanted =
            ["HttpsUpgrades", "MediaRouter", "OptimizationHints", "Translate"]
            + (restoresPages ? [] : ["BackForwardCache"])
        return [
            "--headless=new",
            "--remote-debugging-pipe",
            "--user-data-dir=\(profile)",
            // Tests may run as root, where the sandbox does not start; they only see pages of this repository.
            "--no-sandbox",
            "--disable-gpu",
            // The shared memory of containers is small.
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--no-default-browser-check",
            // Nothing is contacted but the test's own server.
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-domain-reliability",
            "--disable-extensions",
            "--disable-sync",
            "--disable-breakpad",
            "--disable-features=\(unwanted.joined(separator: ","))",
            // Several visitors: each page behaves as if it were the one in front.
            "--disable-background-timer-throttling",
            "--disable-backgrounding-occluded-windows",
            "--disable-renderer-backgrounding",
            "--password-store=basic",
            "--use-mock-keychain",
            "--mute-audio",
            "--lang=en-US",
            "--window-size=1280,900",
            "about:blank",
        ]
    }

    /// Makes a folder for a profile, in `/tmp` and with a short name: a Unix socket's path has room for little more.
    static func makeProfile() throws -> String {
        var template = Array("/tmp/bookshop-browser-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Self.failure("no folder for its profile", errno) }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// A pipe that other programs of this process do not inherit: with an inherited end it would never seem closed.
    static func makePipe() throws -> (read: FileHandle, write: FileHandle) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Self.failure("no pipe", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (
            FileHandle(fileDescriptor: ends[0], closeOnDealloc: true),
            FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
        )
    }

    /// Starts a program in a process group of its own, with no signal blocked and no file open but the given three.
    static func spawn(_ words: [String], standard: [Int32]) throws -> pid_t {
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
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        var ignoredHere = sigset_t()
        sigemptyset(&ignoredHere)
        sigaddset(&ignoredHere, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &ignoredHere)
        posix_spawnattr_setpgroup(&attributes, 0)
        var flags = Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETPGROUP)
        #if canImport(Darwin)
        flags |= Int16(POSIX_SPAWN_CLOEXEC_DEFAULT)
        #endif
        posix_spawnattr_setflags(&attributes, flags)
        for (number, descriptor) in standard.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        #if !canImport(Darwin)
        // SwiftNIO's sockets are inherited, and a browser that has them keeps the test's server half alive. Closing a
        // number that is not open is no error.
        for descriptor in Int32(3)..<2048 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        #endif

        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] =
            ProcessInfo.processInfo.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + environment { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, words[0], &actions, &attributes, &arguments, &environment)
        guard code == 0 else { throw Self.failure(words[0], code) }
        return pid
    }

    private static func failure(_ what: String, _ code: Int32) -> BrowserError {
        .startFailed("\(what): \(String(cString: strerror(code)))")
    }
}
