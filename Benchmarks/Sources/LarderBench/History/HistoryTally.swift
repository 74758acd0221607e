import Foundation
import LarderTesting

/// What has been found so far.
struct HistoryTally {
    let file: FileHandle?
    private(set) var histories = 0
    private(set) var operations = 0
    /// How many calls threw.
    private(set) var errors = 0
    /// How many calls to the store failed, and how often it lost something.
    private(set) var outages = 0
    /// How many of those calls nobody knows of when they can take effect no more.
    private(set) var unsettled = 0
    private(set) var disturbances = 0
    private(set) var restarts = 0
    /// How many histories broke a promise.
    private(set) var violations = 0
    /// How many broke one before the client had seen that the server had started anew.
    private(set) var violationsBefore = 0
    /// How many broke one after that which only the server before had known of.
    private(set) var violationsForgotten = 0
    /// How many promises were broken that writes explain which Redis has acknowledged and lost.
    private(set) var violationsOfLostWrites = 0
    /// What there is to say of servers that take each other's place.
    private(set) var servers = DeploymentTally()
    private(set) var digest: UInt64 = 0

    init(file: FileHandle?) {
        self.file = file
    }

    /// Counts a history, writes it to the file, and tells what is wrong with it.
    ///
    /// - Parameters:
    ///   - history: What happened.
    ///   - checker: What looks for what is wrong.
    ///   - servers: What has become of the servers that it ran on, if they were to take each other's place.
    /// - Throws: What writing to the file throws.
    mutating func add(_ history: History, _ checker: HistoryChecker, _ servers: DeploymentTally? = nil) throws {
        self.histories += 1
        self.operations += history.calls.count
        self.errors += history.calls.count { $0.error != nil }
        self.outages += history.outages.count
        self.unsettled += history.outages.count { $0.end == nil }
        self.disturbances += history.disturbances
        if history.restart != nil { self.restarts += 1 }
        self.digest = (self.digest ^ history.digest) &* 0x100_0000_01B3
        if let file = self.file { try file.write(contentsOf: Data(history.jsonLines().utf8)) }
        let found = checker.judgement(of: history)
        if !found.before.isEmpty { self.violationsBefore += 1 }
        self.violationsOfLostWrites += found.lostWrites.count
        for violation in found.lostWrites {
            progress(
                "history \(history.seed): explained by lost writes: \(violation.rule.rawValue): \(violation.message)"
            )
        }
        if let servers { self.servers.add(servers) }
        if !found.forgotten.isEmpty { self.violationsForgotten += 1 }
        guard let first = found.violations.first else { return }
        self.violations += 1
        progress("\(first)")
        if found.violations.count > 1 { progress("    and \(found.violations.count - 1) more in this history") }
    }
}
