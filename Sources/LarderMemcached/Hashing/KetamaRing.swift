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
        if self.points.isEmpty { return 0 }
        return Int(self.points[self.index(at: MD5(key).words.0)].server)
    }

    /// The servers from a key's own one to the first that is not out.
    ///
    /// - Parameters:
    ///   - key: The key, as it is sent.
    ///   - isOut: Whether a server is out.
    /// - Returns: The server that has the key, and those before it on the circle, which are out. Where all are, the key's own.
    func path(of key: String, isOut: (Int) -> Bool) -> (server: Int, detour: [Int]) {
        let own = self.server(of: key)
        guard self.count > 1, isOut(own) else { return (own, []) }
        var detour = [own]
        let begin = self.index(at: MD5(key).words.0)
        for step in 1..<max(2, self.points.count) {
            let server = Int(self.points[(begin + step) % self.points.count].server)
            if detour.contains(server) { continue }
            if !isOut(server) { return (server, detour) }
            detour.append(server)
        }
        return (own, [])
    }

    /// The first point at or behind a position.
    private func index(at position: UInt32) -> Int {
        var (low, high) = (0, self.points.count)
        while low < high {
            let middle = (low + high) / 2
            if self.points[middle].position < position { low = middle + 1 } else { high = middle }
        }
        return self.points.isEmpty ? 0 : low % self.points.count
    }
}
