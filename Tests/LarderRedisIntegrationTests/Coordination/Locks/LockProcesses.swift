import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Synchronization

/// Locks with a client of their own, as another process has them.
struct LockProcess: Sendable {
    let client: RedisClient
    let locks: Locks

    init(_ configuration: RedisConfiguration) throws {
        self.client = try RedisClient(configuration)
        self.locks = Locks(.redis(self.client), namespace: "ns")
    }
}

/// Lends locks with clients of their own to a test.
func withLockProcesses(
    _ count: Int,
    _ configuration: RedisConfiguration,
    _ body: ([LockProcess]) async throws -> Void
) async throws {
    let processes = try (0..<count).map { _ in try LockProcess(configuration) }
    let result: Result<Void, any Error>
    do {
        result = .success(try await body(processes))
    } catch {
        result = .failure(error)
    }
    for process in processes { await process.client.shutdown() }
    try result.get()
}

/// Makes the leases of locks in a server older, so that no test has to wait for an end.
///
/// The time that the server compares them with goes on; so what is written in its future is moved.
func ageLocks(_ server: RedisServer, by duration: Duration) async throws {
    let microseconds = Int(duration / .microseconds(1))
    let reply = try await server.command("EVAL", agingScript, "0", "\(microseconds)")
    guard reply == ":0\r\n" else { throw LockServerFailure(reply: reply) }
    try await RedisUnderTest.age(server, by: duration)
}

private let agingScript = """
    local cursor = '0'
    repeat
      local reply = redis.call('SCAN', cursor, 'COUNT', 1000)
      cursor = reply[1]
      for _, key in ipairs(reply[2]) do
        if string.match(key, '^@[^:]*:lock:') or string.match(key, '^@[^:]*:permits:') then
          local function older(owner, ends, token, lease)
            return string.format(' %s:%.0f:%s:%s', owner, tonumber(ends) - tonumber(ARGV[1]), token, lease)
          end
          local text = string.gsub(redis.call('GET', key), ' (%x+):(%d+):(%d+):(%d+)', older)
          redis.call('SET', key, text, 'KEEPTTL')
        end
      end
    until cursor == '0'
    return 0
    """

/// The server would not do what the test needs.
struct LockServerFailure: Error {
    var reply: String
}

/// Waits until a lock is held, or is not, as the server has it.
func waitUntil(_ locks: Locks, _ name: String, isLocked: Bool) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(30))
    while try await locks.isLocked(name) != isLocked {
        guard ContinuousClock.now < deadline else { throw LockServerFailure(reply: "the lock stays as it is") }
        try await Task.sleep(for: .milliseconds(1))
    }
}

/// What the tasks of a test note together.
final class Noted<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) {
        self.state = Mutex(value)
    }

    var value: Value { self.state.withLock { $0 } }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        self.state.withLock { value in body(&value) }
    }
}
