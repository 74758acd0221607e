public import ServiceLifecycle

#if canImport(Darwin)
import Dispatch
#endif

/// Tells caches when the system's memory becomes scarce.
///
/// ```swift
/// let monitor = MemoryPressureMonitor { pressure in
///     covers.relieve(pressure)
///     pages.relieve(pressure)
/// }
/// let group = ServiceGroup(services: [server, monitor], logger: logger)
/// ```
///
/// On Linux it looks at the control group of the process once in a while: how much of its limit is in use and cannot be
/// reclaimed, and for how much of the time tasks wait for memory (pressure stall information). On Darwin the system sends
/// it warnings. Where there is no such information it does nothing.
public struct MemoryPressureMonitor: Service {
    private let interval: Duration
    private let clock: CacheClock
    private let look: @Sendable () -> MemoryPressure?
    private let respond: @Sendable (MemoryPressure) -> Void

    /// Makes a monitor, which does nothing before it is run.
    ///
    /// - Parameters:
    ///   - interval: The time between two looks.
    ///   - clock: Where the time comes from.
    ///   - respond: Called when memory has become scarce, again when it becomes critical, and every ten looks while it
    ///     stays so.
    public init(
        interval: Duration = .seconds(1),
        clock: CacheClock = .system,
        respond: @escaping @Sendable (MemoryPressure) -> Void
    ) {
        self.init(interval: interval, clock: clock, look: { LinuxMemory().pressure() }, respond: respond)
    }

    package init(
        interval: Duration,
        clock: CacheClock,
        look: @escaping @Sendable () -> MemoryPressure?,
        respond: @escaping @Sendable (MemoryPressure) -> Void
    ) {
        self.interval = interval
        self.clock = clock
        self.look = look
        self.respond = respond
    }

    /// Watches until the task is cancelled or its service group shuts down.
    public func run() async {
        await cancelWhenGracefulShutdown {
            #if canImport(Darwin)
            await self.listen()
            #else
            await self.poll()
            #endif
        }
    }

    /// Looks again and again, until the task is cancelled.
    package func poll() async {
        var pace = Pace()
        while !Task.isCancelled {
            if let pressure = pace.response(to: self.look()) { self.respond(pressure) }
            do {
                try await self.clock.sleep(until: self.clock.now.advanced(by: self.interval))
            } catch {
                return
            }
        }
    }

    #if canImport(Darwin)
    private func listen() async {
        let (warnings, warn) = AsyncStream.makeStream(of: MemoryPressure.self, bufferingPolicy: .bufferingNewest(1))
        let source = DispatchSource.makeMemoryPressureSource(eventMask: [.warning, .critical])
        source.setEventHandler { warn.yield(source.data.contains(.critical) ? .critical : .warning) }
        source.activate()
        defer { source.cancel() }
        for await pressure in warnings { self.respond(pressure) }
    }
    #endif

    /// How often to respond to what lasts.
    ///
    /// What a cache frees shows late in the averages of the kernel: responding to each look would empty it.
    struct Pace {
        private static var looksOfRest: Int { 10 }

        private var last: MemoryPressure?
        private var rest = 0

        mutating func response(to pressure: MemoryPressure?) -> MemoryPressure? {
            self.rest = max(0, self.rest - 1)
            guard let pressure else {
                if self.rest == 0 { self.last = nil }
                return nil
            }
            if self.rest > 0, let last = self.last, pressure <= last { return nil }
            self.last = pressure
            self.rest = Self.looksOfRest
            return pressure
        }
    }
}
