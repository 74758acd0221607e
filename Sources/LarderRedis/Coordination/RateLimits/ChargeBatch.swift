import Larder
import LarderRedisClient

/// A call for a subject.
struct Charge: Sendable, Hashable {
    var subject: String
    /// At most one more than the largest that a limit can hold.
    var cost: Int64
}

/// Calls that one script decides about, as it takes them: each subject once, its calls in a row.
struct ChargeBatch {
    /// The subjects, in the order of their first calls.
    private(set) var subjects: [String] = []

    /// The scripts' arguments.
    private(set) var arguments: [[UInt8]]

    /// For each call its place among those of which the script answers.
    private(set) var places: [Int] = []

    /// - Parameters:
    ///   - charges: The calls, at least one.
    ///   - arguments: The limiter's numbers.
    init(_ charges: [Charge], _ arguments: RateLimitArguments) {
        self.arguments = [arguments.constants + arguments.call(charges[0].cost)]
        if charges.count == 1 {
            self.subjects = [charges[0].subject]
            self.places = [0]
            return
        }
        self.subjects.reserveCapacity(charges.count)
        self.places.reserveCapacity(charges.count)
        var numbers: [SubjectName: Int] = [:]
        numbers.reserveCapacity(charges.count)
        var isMixed = false
        // For each call its subject's number, for now.
        for charge in charges {
            let number = numbers[SubjectName(charge.subject), default: self.subjects.count]
            if number == self.subjects.count {
                numbers[SubjectName(charge.subject)] = number
                self.subjects.append(charge.subject)
            }
            if charge.cost != charges[0].cost { isMixed = true }
            self.places.append(number)
        }
        if isMixed || self.subjects.count < charges.count { self.list(charges, arguments) }
    }

    /// Says of each subject what calls it has.
    private mutating func list(_ charges: [Charge], _ arguments: RateLimitArguments) {
        var calls: [[Int]] = Array(repeating: [], count: self.subjects.count)
        for (call, number) in self.places.enumerated() { calls[number].append(call) }
        var listed: [UInt8] = []
        var place = 0
        for calls in calls {
            listed.append(Int64(calls.count))
            for call in calls {
                listed += arguments.call(charges[call].cost)
                self.places[call] = place
                place += 1
            }
        }
        self.arguments.append(listed)
    }

    /// Lets the script take a time instead of the server's.
    mutating func set(time: Int64) { self.arguments[0].append(time) }
}
