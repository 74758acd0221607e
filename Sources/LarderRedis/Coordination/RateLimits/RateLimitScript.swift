import Larder
import LarderRedisClient

/// The scripts that charge subjects: one for each order of algorithms, not one for each choice of numbers, so that a server
/// has to remember only a few however many limiters there are.
///
/// They decide as `TokenBucket`, `FixedWindow` and `SlidingWindow` do, with the same numbers: whole ones below 2^53 are exact in Lua.
/// A script decides about any number of calls, those for one subject in a row: what a script costs before it does anything, and the
/// time, are shared.
///
/// What else they save was measured (docs/decisions/0022): numbers come as one string, because `struct.unpack` takes one call where
/// `tonumber` takes one for each; each limit has its own variables instead of a loop over tables; and a subject costs one `GETRANGE` and, if
/// anything is charged, one `SETRANGE`.
///
/// - A state begins with the numbers of all limits, which alone are read and written as a rule. The entries of sliding windows come
///   behind them in rings, limit by limit, and are read and written one by one.
/// - A key lives to the end of the stretch of time in which the state says nothing any more, see `RateLimitArguments`. So most
///   charges do not change when it ends, and an expiry costs twice what the rest of a call does.
///
/// `KEYS`: the states of subjects. `ARGV[1]`: the numbers of the limits and of a call, see `RateLimitArguments`. `ARGV[2]`: where
/// not each subject has one call and all calls the same numbers, for each subject the number of its calls, and each one's
/// numbers.
/// Returns the levels of all calls in a row, each the numbers of its limits' `RateLimitLevel`. The first number is a span, or -1
/// less it if the call is refused. Where a state is none, the numbers of the subject's calls are false.
struct RateLimitScript {
    /// What is done.
    enum Verb {
        case charge
        case peek
    }

    /// Where the time comes from.
    enum Time {
        /// The server's clock.
        case server
        /// The last of the numbers, in microseconds: for tests, which cannot move a server's clock.
        case argument
    }

    let script: RedisScript

    init(_ terms: [RateLimitTerms], _ verb: Verb, time: Time) {
        let parts = terms.enumerated().map { ScriptPart($1, number: $0 + 1) }
        self.script = RedisScript(
            Self.opening(parts, time) + Self.reading(parts) + Self.deciding(parts, verb)
                + (verb == .charge ? Self.writing(parts, time) : "") + Self.closing(parts),
            isReadOnly: verb == .peek
        )
    }

    /// How many numbers a call's answer has.
    static func answerLength(_ terms: [RateLimitTerms]) -> Int {
        terms.reduce(0) { $0 + $1.levelLength }
    }

    /// What holds for all subjects.
    private static func opening(_ parts: [ScriptPart], _ time: Time) -> String {
        let names = parts.flatMap(\.constants) + ["stretch"] + parts.flatMap(\.terms)
        let numbers =
            switch time {
            case .server:
                """
                local \(list(names)) = unpack('\(doubles(names.count))', ARGV[1])
                local time = call('TIME')
                local now = time[1] * 1000000 + time[2]
                """
            case .argument: "local \(list(names + ["now"])) = unpack('\(doubles(names.count + 1))', ARGV[1])"
            }
        return """
            local call, try, pack, unpack = redis.call, redis.pcall, struct.pack, struct.unpack
            \(numbers)
            \(parts.contains(where: \.hasEntries) ? ScriptPart.ringFunctions : "")local calls, at = ARGV[2], 1
            local answers, last = {}, 0
            \(parts.map(\.shared).joined())for index = 1, #KEYS do
            local key = KEYS[index]

            """
    }

    /// What is remembered of a subject, as it is now.
    private static func reading(_ parts: [ScriptPart]) -> String {
        let head = parts.flatMap(\.head)
        var source = """
            local state = try('GETRANGE', key, '0', '\(headSize(parts) - 1)')
            local \(list(head)) = \(list(head.map { _ in "0" }))
            local known, sound, mended = false, true, false
            if state ~= '' then
              if type(state) == 'string' and #state == \(headSize(parts)) then
                \(list(head)), known = unpack('\(doubles(head.count))', state)
              else
                sound = false
              end
            end
            local before, after = 0, 0
            \(parts.map(\.ending).joined(separator: "\n").replacing("@", with: "before"))

            """
        var base = "\(headSize(parts))"
        for part in parts where part.hasEntries {
            source += part.soundness + "local base\(part.number) = \(base)\n"
            base = "base\(part.number) + slots\(part.number) * 16"
        }
        return source + parts.map(\.reading).joined()
    }

    /// The answers to a subject's calls.
    private static func deciding(_ parts: [ScriptPart], _ verb: Verb) -> String {
        let terms = parts.flatMap(\.terms)
        var source = """
            local count, first, changed = 1, last + 1, mended
            if calls then count, at = unpack('<d', calls, at) end
            for _ = 1, count do
            if calls then \(list(terms + ["at"])) = unpack('\(doubles(terms.count))', calls, at) end
            \(parts.map(\.waiting).joined())local allowed = \(parts.map(\.condition).joined(separator: " and "))

            """
        if verb == .charge { source += "if allowed then\nchanged = true\n\(parts.map(\.charging).joined())end\n" }
        var level = parts.flatMap(\.level)
        level[0] = "allowed and \(level[0]) or -1 - \(level[0])"
        for (index, number) in level.enumerated() { source += "answers[last + \(index + 1)] = \(number)\n" }
        return source + "last = last + \(level.count)\nend\n"
    }

    /// Writes a state, which lives as long as it says anything.
    ///
    /// The server counts whole milliseconds, from a moment before the script has asked for the time: ten more do no harm.
    /// By a test's time, keys live on for an hour, which no test takes.
    private static func writing(_ parts: [ScriptPart], _ time: Time) -> String {
        let logs = parts.filter(\.hasEntries)
        // In pieces where there are many: what a function holds at once is bounded in Lua.
        let pieces = parts.count > 2 ? parts.map(\.head) : [parts.flatMap(\.head)]
        let value = pieces.map { "pack('\(doubles($0.count))', \(list($0)))" }.joined(separator: " .. ")
        let life = """
            local life = due - now
            life = (life - life % 1000) / 1000 + \(time == .server ? 10 : 3_600_000)

            """
        var source = """
            if sound and changed then
            \(parts.map(\.leaving).joined())\
            \(parts.map(\.ending).joined(separator: "\n").replacing("@", with: "after"))
            local due = after - after % stretch + stretch
            local stays = known and not mended and before - before % stretch + stretch == due

            """
        guard !logs.isEmpty else {
            source += """
                if stays then
                call('SETRANGE', key, '0', \(value))
                else
                \(life)call('SET', key, \(value), 'PX', life)
                end
                end

                """
            return source
        }
        // Rings are made larger when they are full, and smaller where keys are given another end anyway.
        source += "local resized = not known\n" + logs.map(\.sizing).joined()
        source += "if resized then\nlocal rings = ''\n"
        // What comes after a ring needs it whole.
        for (index, part) in logs.enumerated() { source += part.gathering(isLast: index == logs.count - 1) }
        source += """
            if sound then
            \(life)call('SET', key, \(value) .. rings, 'PX', life)
            end
            else
            \(logs.map(\.closing).joined())call('SETRANGE', key, '0', \(value))
            if not stays then
            \(life)call('PEXPIRE', key, life)
            end
            end
            end

            """
        return source
    }

    private static func closing(_ parts: [ScriptPart]) -> String {
        """
        if not sound then
          for place = first, last do answers[place] = false end
        end
        end
        return answers
        """
    }

    /// How many bytes a state has before its entries.
    private static func headSize(_ parts: [ScriptPart]) -> Int { parts.reduce(0) { $0 + $1.head.count } * 8 }

    private static func list(_ names: [String]) -> String { names.joined(separator: ", ") }

    private static func doubles(_ count: Int) -> String { "<" + String(repeating: "d", count: count) }
}

extension RateLimitTerms {
    /// How many numbers of its level say anything.
    var levelLength: Int {
        switch self {
        case .tokenBucket(let bucket): bucket.isWhole ? 1 : 2
        case .fixedWindow: 2
        case .slidingWindow: 3
        }
    }
}
