import Foundation

/// Django's `cache_page` on local memory behind gunicorn with two workers, as a process of its own.
final class DjangoPeer {
    /// The page's address.
    let url: String

    /// Runs gunicorn with all signals let through: the threads that start processes here have them blocked, a process begins with
    /// what its starter's thread had, and nothing but a kill would end it.
    private static let script = """
        import runpy, signal
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        runpy.run_module("gunicorn", run_name="__main__")
        """

    private let process: Process
    private let directory: URL

    /// Starts it; where that is not possible, says why on standard error and returns nothing.
    static func start() -> DjangoPeer? {
        do {
            return try DjangoPeer()
        } catch {
            progress("Without Django, which scripts/setup --peers installs with gunicorn: \(error)")
            return nil
        }
    }

    private init() throws {
        self.directory = FileManager.default.temporaryDirectory.appendingPathComponent("larder-bench-\(UUID())")
        try FileManager.default.createDirectory(at: self.directory, withIntermediateDirectories: true)
        try Data(PackageResources.DjangoPeer_py).write(to: self.directory.appendingPathComponent("peer.py"))
        let port = 20_000 + Int(ProcessInfo.processInfo.processIdentifier % 20_000)
        self.url = "http://127.0.0.1:\(port)/page"
        self.process = Process()
        self.process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        self.process.currentDirectoryURL = self.directory
        self.process.arguments = [
            "python3", "-c", Self.script, "--workers", "2", "--bind", "127.0.0.1:\(port)", "--log-level", "error",
            "--keep-alive", "60", "--worker-class", "gthread", "--threads", "4", "peer:application",
        ]
        try self.process.run()
    }

    /// Waits until it answers.
    ///
    /// - Throws: `Failure` after ten seconds.
    func waitUntilReady() async throws {
        // The load itself asks: Foundation's own client has never come back from here.
        let load = WrkLoad(connections: 1, seconds: 1)
        for _ in 0..<20 {
            if (try? load.measure(self.url)) != nil { return }
            guard self.process.isRunning else { throw Failure("gunicorn has ended; is it installed, and Django?") }
            try await Task.sleep(for: .milliseconds(500))
        }
        throw Failure("gunicorn does not answer")
    }

    deinit {
        self.process.terminate()
        self.process.waitUntilExit()
        // What cannot be removed lies among temporary files.
        try? FileManager.default.removeItem(at: self.directory)
    }
}
