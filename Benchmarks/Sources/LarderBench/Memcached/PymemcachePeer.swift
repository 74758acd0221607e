import LarderTesting

/// pymemcache, the client that Django uses, doing the same in threads of a Python process.
enum PymemcachePeer {
    private static let program = """
        import sys, threading, time
        from pymemcache.client.base import PooledClient
        port, threads, seconds, sets = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4] == 'set'
        client = PooledClient(('127.0.0.1', port), max_pool_size=threads, no_delay=True)
        value = b'v' * 64
        counts = [0] * threads
        begin = time.perf_counter() + 0.2
        end = begin + seconds
        def work(index):
            key = 'key:%d' % index
            call = (lambda: client.set(key, value, noreply=False)) if sets else (lambda: client.get(key))
            call()
            while time.perf_counter() < begin: pass
            count = 0
            while time.perf_counter() < end:
                call()
                count += 1
            counts[index] = count
        workers = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
        for worker in workers: worker.start()
        for worker in workers: worker.join()
        print(sum(counts) / seconds)
        """

    /// Whether Python and pymemcache are installed.
    static var isThere: Bool {
        get async {
            let answer = try? await TestProgram.run("python3", ["-c", "import pymemcache"])
            return answer != nil
        }
    }

    /// Operations in a second.
    static func rate(
        _ operation: MemcachedLoad.Operation,
        threads: Int,
        seconds: Double,
        port: Int
    ) async throws -> Double {
        let arguments = ["-c", Self.program, "\(port)", "\(threads)", "\(seconds)", operation.rawValue]
        let output = try await TestProgram.run("python3", arguments, atMost: .seconds(60 + seconds))
        guard let rate = Double(output.split(whereSeparator: \.isWhitespace).last ?? "") else {
            throw Failure("pymemcache said something unexpected: \(output)")
        }
        return rate
    }
}
