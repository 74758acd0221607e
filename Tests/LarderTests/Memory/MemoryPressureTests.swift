import LarderTesting
import Testing

@testable import Larder

@Suite(.integrity) struct MemoryPressureTests {
    private static func pressure(_ files: [String: String]) -> MemoryPressure? {
        LinuxMemory(text: { files[$0] }).pressure()
    }

    private static let inGroup = ["/proc/self/cgroup": "0::/app.slice/shop\n"]

    @Test(arguments: [
        (100, nil), (840, nil), (850, MemoryPressure.warning), (949, .warning), (950, .critical), (1_000, .critical),
    ])
    func theUseOfAGroupsLimitCounts(_ used: Int, _ expected: MemoryPressure?) {
        let folder = "/sys/fs/cgroup/app.slice/shop/"
        let files = [folder + "memory.max": "1000\n", folder + "memory.current": "\(used)\n"]
        #expect(Self.pressure(Self.inGroup.merging(files) { $1 }) == expected)
    }

    @Test func filesThatCanBeReclaimedDoNotCount() {
        let folder = "/sys/fs/cgroup/app.slice/shop/"
        let files = [
            folder + "memory.max": "1000", folder + "memory.current": "990",
            folder + "memory.stat": "anon 100\ninactive_file 400\nslab 1\n",
        ]
        #expect(Self.pressure(Self.inGroup.merging(files) { $1 }) == nil)
    }

    @Test func aLimitFartherUpCounts() {
        let files = [
            "/sys/fs/cgroup/app.slice/shop/memory.max": "max", "/sys/fs/cgroup/app.slice/shop/memory.current": "990",
            "/sys/fs/cgroup/app.slice/memory.max": "1000", "/sys/fs/cgroup/app.slice/memory.current": "990",
        ]
        #expect(Self.pressure(Self.inGroup.merging(files) { $1 }) == .critical)
    }

    @Test func stallsCount() {
        func stall(_ some: String, _ full: String) -> MemoryPressure? {
            Self.pressure([
                "/proc/pressure/memory":
                    "some avg10=\(some) avg60=99.00 avg300=9.00 total=1\nfull avg10=\(full) avg60=99.00 total=1\n"
            ])
        }
        #expect(stall("0.00", "0.00") == nil)
        #expect(stall("12.50", "2.00") == .warning)
        #expect(stall("30.00", "15.00") == .critical)
    }

    @Test(arguments: ["", "0::/", "garbage", "12:memory:/x\n", "0::/a/b/c/d\n"])
    func nothingToReadIsNoPressure(_ group: String) {
        #expect(Self.pressure(["/proc/self/cgroup": group, "/proc/pressure/memory": "some avg10=x\nfull\n"]) == nil)
        #expect(Self.pressure([:]) == nil)
    }

    @Test func thisSystemCanBeAsked() {
        _ = LinuxMemory().pressure()
    }

    @Test func respondsAtOnceToWhatGetsWorseAndRestsFromWhatLasts() {
        var pace = MemoryPressureMonitor.Pace()
        let looks: [MemoryPressure?] = [nil, .warning, .warning, .critical, .critical, .warning, nil, .warning]
        #expect(looks.map { pace.response(to: $0) } == [nil, .warning, nil, .critical, nil, nil, nil, nil])
        let later = (0..<20).map { _ in pace.response(to: .warning) }
        #expect(later.compactMap { $0 }.count == 2)
    }

    @Test func aMonitorWatchesUntilItIsCancelled() async throws {
        let clock = ManualClock()
        let cache = MemoryCache<Int, Int>.checked(limit: .entries(2_000))
        for key in 0..<1_000 { cache.insert(key, forKey: key) }
        let level = Box<MemoryPressure>()
        let monitor = MemoryPressureMonitor(
            interval: .seconds(1),
            clock: CacheClock(clock),
            look: { level.value },
            respond: { cache.relieve($0) }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await monitor.poll() }
            try await clock.waitForSleepers()
            #expect(cache.count == 1_000)
            level.value = .warning
            clock.advance(by: .seconds(1))
            try await eventually("the cache is relieved") { cache.count <= 750 }
            try await clock.waitForSleepers()
            level.value = .critical
            clock.advance(by: .seconds(1))
            try await eventually("the cache is relieved once more") { cache.count <= 188 }
            group.cancelAll()
        }
        #expect(clock.sleeperCount == 0)
    }
}
