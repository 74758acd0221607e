import LarderTesting

/// Writes a history down: each call takes its place by its moments.
struct HistoryScript {
    var calls: [HistoryCall] = []

    mutating func call(
        _ operation: HistoryCall.Operation,
        _ moments: ClosedRange<Int64>,
        process: Int = 0,
        _ describe: (inout HistoryCall) -> Void = { _ in }
    ) {
        var call = HistoryCall(
            operation,
            history: 1,
            id: self.calls.count,
            process: process,
            begin: moments.lowerBound,
            end: moments.upperBound
        )
        describe(&call)
        self.calls.append(call)
    }

    /// A fetch of `k` that fills.
    mutating func fill(
        _ value: String,
        _ moments: ClosedRange<Int64>,
        fill: ClosedRange<Int64>,
        process: Int = 0,
        tags: [String] = [],
        ttl: Int? = nil,
        _ describe: (inout HistoryFill) -> Void = { _ in }
    ) {
        self.call(.fetch, moments, process: process) { call in
            call.keys = ["k"]
            call.tags = tags
            call.ttl = ttl
            call.values = [value]
            var fill = HistoryFill(
                values: [value],
                begin: fill.lowerBound,
                end: fill.upperBound,
                outcome: .finished
            )
            describe(&fill)
            call.fills = [fill]
        }
    }

    /// A `get` of `k`.
    mutating func get(_ value: String?, _ moments: ClosedRange<Int64>) {
        self.call(.get, moments) {
            $0.keys = ["k"]
            $0.values = [value]
        }
    }

    mutating func remove(_ moments: ClosedRange<Int64>, error: String? = nil) {
        self.call(.remove, moments) {
            $0.keys = ["k"]
            $0.error = error
        }
    }

    mutating func set(_ value: String, _ moments: ClosedRange<Int64>, tags: [String] = []) {
        self.call(.set, moments) {
            $0.keys = ["k"]
            $0.written = value
            $0.tags = tags
        }
    }

    mutating func tag(_ operation: HistoryCall.Operation, _ tag: String, _ moments: ClosedRange<Int64>) {
        self.call(operation, moments) { $0.tags = [tag] }
    }

    mutating func increment(_ delta: Int, _ number: Int?, _ moments: ClosedRange<Int64>) {
        self.call(.increment, moments) { call in
            call.keys = ["n"]
            call.delta = delta
            call.number = number
            if number == nil { call.error = "unavailable" }
        }
    }

    mutating func count(_ number: Int?, _ moments: ClosedRange<Int64>) {
        self.call(.get, moments) {
            $0.keys = ["n"]
            $0.number = number
        }
    }
}

/// What a checker finds in a history that is written by hand.
func violatedRules(
    _ rules: HistoryRules = HistoryRules(),
    _ write: (inout HistoryScript) -> Void
) -> [HistoryViolation.Rule] {
    var script = HistoryScript()
    write(&script)
    let history = History(seed: 1, calls: script.calls.sorted { $0.begin < $1.begin })
    return HistoryChecker(rules).violations(in: history).map(\.rule)
}
