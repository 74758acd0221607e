/// Which server has a key: consistent hashing as libmemcached does it with weighted ketama, so that programs in other languages
/// find the same server.
///
/// Each server has 160 points on a circle of 2 to the 32nd, more or fewer by its weight: 40 digests of its name and a number
/// (`10.0.0.1-0`, or `10.0.0.1:11212-0` where the port is not 11211), four points each. A key belongs to the server whose
/// point is the first at or behind the first four bytes of the key's own digest. When a server joins or leaves, only keys move that
/// it gets or had. (libketama, R. Jones, 2007; libmemcached, `MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED`; pylibmc,
/// `ketama_weighted`.)
package struct KetamaRing: Sendable {
    private struct Point {
        var position: UInt32
        var server: UInt16
    }

    private let points: [Point]
    private let count: Int

    /// How many points a server of average weight has.
    private static let pointsPerServer: Float = 160

    /// Puts servers on the circle.
    ///
    /// - Parameter servers: Their names and weights, at most 65,535.
    package init(_ servers: [(name: String, weight: Int)]) {
        self.count = servers.count
        let total = Float(servers.reduce(0) { $0 + $1.weight })
        var points: [Point] = []
        for (index, server) in servers.enumerated() {
            // In the order and with the precision of libmemcached, which decide how many points a server gets.
            let share = Float(server.weight) / total
            let exact = share * Self.pointsPerServer / 4 * Float(servers.count)
            let digests = Int(Float(Double(exact) + 0.0000000001).rounded(.down))
            for number in 0..<max(0, digests) {
                let words = MD5("\(server.name)-\(number)").words
                for position in [words.0, words.1, words.2, words.3] {
                    points.append(Point(position: position, server: UInt16(truncatingIfNeeded: index)))
                }
            }
        }
        // A server so light that it has no point gets no key, as in libmemcached.
        self.points = points.sorted { ($0.position, $0.server) < ($1.position, $1.server) }
    }

    /// The server of a key.
    ///
    /// - Parameter key: The key, as it is sent.
    /// - Returns: The server's place in the list.
    package func server(of key: String) -> Int {
        if self.count <= 1 { return 0 }
        return self.server(at: MD5(key).words.0) { _ in true }
    }

    /// The first server at or behind a place on the circle that is there.
    ///
    /// - Parameters:
    ///   - key: The key, as it is sent.
    ///   - isThere: Whether a server is there.
    /// - Returns: The server's place in the list; that of the key's own server where none is there.
    func server(of key: String, where isThere: (Int) -> Bool) -> Int {
        if self.count <= 1 { return 0 }
        return self.server(at: MD5(key).words.0, where: isThere)
    }

    private func server(at position: UInt32, where isThere: (Int) -> Bool) -> Int {
        guard !self.points.isEmpty else { return 0 }
        var (low, high) = (0, self.points.count)
        while low < high {
            let middle = (low + high) / 2
            if self.points[middle].position < position { low = middle + 1 } else { high = middle }
        }
        for step in 0..<self.points.count {
            let server = Int(self.points[(low + step) % self.points.count].server)
            if isThere(server) { return server }
        }
        return Int(self.points[low % self.points.count].server)
    }
}
