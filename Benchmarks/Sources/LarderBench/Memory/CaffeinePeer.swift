import Foundation

/// Caffeine in a Java process, which measures when it is told to; see CaffeinePeer.java for what is said.
///
/// One process for all measurements: its compiler needs seconds of work before it is at its best.
final class CaffeinePeer {
    /// With its version, such as "Caffeine 2.6.2".
    let name: String

    private let process: Process
    private let input: FileHandle
    private let output: FileHandle
    private let directory: URL
    private var unread = Data()

    /// Compiles and starts the program; where that is not possible, says why on standard error and returns nothing.
    static func start(jar: String) -> CaffeinePeer? {
        do {
            guard FileManager.default.fileExists(atPath: jar) else { throw Failure("there is no \(jar)") }
            return try CaffeinePeer(jar: jar)
        } catch {
            progress("Without Caffeine, which scripts/setup --peers installs with a JDK: \(error)")
            return nil
        }
    }

    private init(jar: String) throws {
        let file = URL(fileURLWithPath: jar).resolvingSymlinksInPath().deletingPathExtension().lastPathComponent
        self.name = file.replacing("caffeine", with: "Caffeine").replacing("-", with: " ")
        self.directory = FileManager.default.temporaryDirectory.appendingPathComponent("larder-bench-\(UUID())")
        try FileManager.default.createDirectory(at: self.directory, withIntermediateDirectories: true)

        let source = self.directory.appendingPathComponent("CaffeinePeer.java")
        try Data(PackageResources.CaffeinePeer_java).write(to: source)
        let compiler = Self.process(["javac", "-cp", jar, "-d", self.directory.path, source.path])
        try compiler.run()
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else {
            // That it cannot be removed is not what has gone wrong; it lies among temporary files.
            try? FileManager.default.removeItem(at: self.directory)
            throw Failure("javac failed or is missing")
        }

        // Should the process end before its time, writing to it is an error to be thrown, not the end of this one.
        signal(SIGPIPE, SIG_IGN)
        self.process = Self.process(["java", "-cp", "\(self.directory.path):\(jar)", "CaffeinePeer"])
        let input = Pipe()
        let output = Pipe()
        self.process.standardInput = input
        self.process.standardOutput = output
        self.input = input.fileHandleForWriting
        self.output = output.fileHandleForReading
        try self.process.run()
    }

    private static func process(_ words: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        return process
    }

    deinit {
        // The program ends with its input. Nothing here can throw, and what is left lies among temporary files.
        try? self.input.close()
        self.process.waitUntilExit()
        try? FileManager.default.removeItem(at: self.directory)
    }

    func prepareHits(keys: Int, limit: Int, rounds: Int, order: [UInt32]) throws {
        _ = try self.ask("hits \(keys) \(limit) \(rounds) \(try self.file(order, 0))")
    }

    func prepareZipf(keys: Int, limit: Int, orders: [[UInt32]]) throws {
        let files = try orders.enumerated().map { try self.file($0.element, $0.offset) }
        _ = try self.ask("zipf \(keys) \(limit) \(files.joined(separator: " "))")
    }

    /// Measures what was prepared last.
    func run(threads: Int) throws -> Sample {
        let numbers = try self.ask("run \(threads)").split(separator: " ").compactMap { Double($0) }
        guard numbers.count == 3 else { throw Failure("Caffeine's program answered something else") }
        return Sample(nanoseconds: numbers[0], cpuNanoseconds: numbers[1], hitRatio: numbers[2])
    }

    /// The bytes that an entry takes with its key, without its value.
    func bytes(keys: Int) throws -> Double {
        guard let bytes = Double(try self.ask("bytes \(keys)")) else {
            throw Failure("Caffeine's program answered something else")
        }
        return bytes
    }

    private func file(_ order: [UInt32], _ index: Int) throws -> String {
        let file = self.directory.appendingPathComponent("order-\(index)")
        try order.map(\.littleEndian).withUnsafeBytes { try Data($0).write(to: file) }
        return file.path
    }

    /// Says one line and waits for the line that answers it.
    private func ask(_ command: String) throws -> String {
        try self.input.write(contentsOf: Data((command + "\n").utf8))
        while true {
            if let end = self.unread.firstIndex(of: UInt8(ascii: "\n")) {
                defer { self.unread = Data(self.unread[(end + 1)...]) }
                return String(decoding: self.unread[..<end], as: UTF8.self)
            }
            let data = self.output.availableData
            if data.isEmpty { throw Failure("Caffeine's program ended before it answered \(command)") }
            self.unread += data
        }
    }
}
