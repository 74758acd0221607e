import Larder

/// What checks expect of a store, whatever its kind.
protocol ConformanceExpectations {
    /// How much time may pass for the store by itself, from one call of a check to any other.
    var drift: Duration { get }
}

extension ConformanceExpectations {
    /// From the last moment at which something is surely there yet to its end.
    var step: Duration { max(.milliseconds(1), self.drift) }

    func expect<Value: Equatable>(_ found: Value, _ expected: Value, _ subject: String) throws {
        if found == expected { return }
        throw ConformanceFailure(subject: subject, expected: "\(expected)", found: "\(found)")
    }

    func expect(_ isTrue: Bool, _ subject: String) throws { try self.expect(isTrue, true, subject) }

    /// Expects a duration that the store's own clock can only have shortened.
    ///
    /// - Parameters:
    ///   - found: The duration.
    ///   - expected: What it is if no time has passed.
    ///   - precision: How much shorter it may be in any case.
    ///   - subject: What is looked at.
    /// - Throws: ``ConformanceFailure``.
    func expect(
        _ found: Duration?,
        atMost expected: Duration,
        precision: Duration = .zero,
        _ subject: String
    ) throws {
        guard let found, found <= expected, found >= expected - self.drift - precision else {
            let text = "\(expected) or up to \(self.drift) less"
            throw ConformanceFailure(subject: subject, expected: text, found: "\(found.map { "\($0)" } ?? "nothing")")
        }
    }

    func expect<Value>(
        _ code: CacheError.Code,
        _ subject: String,
        _ body: () async throws -> Value
    ) async throws {
        do {
            let value = try await body()
            throw ConformanceFailure(subject: subject, expected: "the error \(code)", found: "\(value)")
        } catch let error as CacheError where error.code == code {
            return
        } catch let error as CacheError {
            throw ConformanceFailure(subject: subject, expected: "the error \(code)", found: "\(error)")
        }
    }
}
