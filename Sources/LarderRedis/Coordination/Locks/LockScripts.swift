import LarderRedisClient

/// What the scripts for locks and fenced values do, and how the keys are laid out.
///
/// A lock is one string: the newest token that was granted, then `owner:end:token:lease` for each holder, all with a space
/// before. `end` is the server's time in microseconds at which the lease ends, `lease` its length in microseconds. Read and
/// written as a whole it costs two commands a script, and everything about it expires together: a minute after the last
/// lease has ended, since until then the newest token is needed where the server's clock is set back.
///
/// Then, behind a bar, come those who have given back or given up, the newest first: a space and half the owner for each, the
/// last sixteen of them. A release whose answer was lost finds itself there when it is repeated, and whoever takes
/// long to ask finds out that its owner has gone.
///
/// - A holder whose `end` has come is none.
/// - An `end` that is further away than its `lease` was written before the clock was set back. It is moved, so that nobody
///   holds anything for longer than a lease without renewing it.
/// - A string that cannot be read holds nothing.
///
/// A release publishes on the channel that is named like the key. In a cluster that reaches the clients of all nodes;
/// whoever may not publish leaves waiters to their timers.
enum LockScripts {
    /// How long the newest token is kept after the last lease has ended, in milliseconds.
    static let tokenMilliseconds = 60_000

    /// How long what is no lock yet is kept because somebody gave it up, in milliseconds: longer than a question can be on
    /// its way.
    private static let abandonedMilliseconds = 5_000

    /// How many are remembered that have given back or given up.
    static let mostDeparted = 16

    private static let prelude = """
        local clock = redis.call('TIME')
        local now = clock[1] * 1000000 + clock[2]
        local whole = redis.call('GET', KEYS[1]) or ''
        local bar = string.find(whole, '|', 1, true)
        local text = bar and string.sub(whole, 1, bar - 1) or whole
        local departed = bar and string.sub(whole, bar + 1) or ''
        local last = tonumber(string.match(text, '^%d+')) or 0
        local holders, is_moved = {}, false
        for owner, ends, token, lease in string.gmatch(text, ' (%x+):(%d+):(%d+):(%d+)') do
          ends, lease = tonumber(ends), tonumber(lease)
          if ends > now + lease then ends, is_moved = now + lease, true end
          if ends > now then
            holders[#holders + 1] = { owner = owner, ends = ends, token = token, lease = lease }
          end
        end
        local function find(owner)
          for i, holder in ipairs(holders) do
            if holder.owner == owner then return i, holder end
          end
        end
        local function mark(owner) return ' ' .. string.sub(owner, 1, 16) end
        local function has_departed(owner) return string.find(departed, mark(owner), 1, true) ~= nil end
        local function depart(owner)
          departed = string.sub(mark(owner) .. departed, 1, \(17 * mostDeparted))
        end
        local function save(is_grant)
          local parts, latest = { string.format('%.0f', last) }, now
          for _, holder in ipairs(holders) do
            parts[#parts + 1] = string.format(' %s:%.0f:%s:%.0f', holder.owner, holder.ends, holder.token, holder.lease)
            if holder.ends > latest then latest = holder.ends end
          end
          local milliseconds = string.format('%.0f', math.ceil((latest - now) / 1000)
            + (last > 0 and \(tokenMilliseconds) or \(abandonedMilliseconds)))
          if departed ~= '' then parts[#parts + 1] = '|' .. departed end
          local value = table.concat(parts)
          if not is_grant and whole ~= '' then
            -- A full server takes no SET as a script's first write, but one that comes after a DEL.
            local answer = redis.pcall('SET', KEYS[1], value, 'PX', milliseconds)
            if not answer['err'] then return end
            redis.call('DEL', KEYS[1])
          end
          redis.call('SET', KEYS[1], value, 'PX', milliseconds)
        end

        """

    /// Takes a lock or a permit.
    ///
    /// `ARGV`: owner, lease in microseconds, permits, and the server's time in microseconds after which nobody wants it any
    /// more. Returns the server's time in microseconds, and `1, token`; or `0, microseconds` until the first lease ends; `2`
    /// where it came too late; `3` where the owner has given back or given up.
    static let acquire = RedisScript(
        Self.prelude + """
            local time = string.format('%.0f', now)
            if now > tonumber(ARGV[4]) then return { time, 2 } end
            if has_departed(ARGV[1]) then return { time, 3 } end
            local lease = tonumber(ARGV[2])
            local _, own = find(ARGV[1])
            local is_new = not own
            if own then
              own.ends, own.lease = now + lease, lease
            elseif #holders < tonumber(ARGV[3]) then
              last = math.max(last + 1, now)
              own = { owner = ARGV[1], ends = now + lease, token = string.format('%.0f', last), lease = lease }
              holders[#holders + 1] = own
            end
            if own then
              save(is_new)
              return { time, 1, own.token }
            end
            if is_moved then save() end
            local first = math.huge
            for _, holder in ipairs(holders) do first = math.min(first, holder.ends) end
            return { time, 0, string.format('%.0f', first - now) }
            """
    )

    /// Lets a lease stand longer.
    ///
    /// `ARGV`: owner, lease in microseconds. Returns whether the owner was a holder.
    static let renew = RedisScript(
        Self.prelude + """
            local _, own = find(ARGV[1])
            if not own then return 0 end
            own.lease = tonumber(ARGV[2])
            own.ends = now + own.lease
            save()
            return 1
            """
    )

    /// Gives back what an owner holds.
    ///
    /// `ARGV`: owner. Returns 1 where it was a holder or has given back before, 0 where it was none, and 2 where that was
    /// forgotten.
    static let release = RedisScript(
        Self.prelude + """
            local i = find(ARGV[1])
            if not i then
              if has_departed(ARGV[1]) then return 1 end
              return #departed < \(17 * mostDeparted) and 0 or 2
            end
            table.remove(holders, i)
            depart(ARGV[1])
            save()
            redis.pcall('PUBLISH', KEYS[1], '1')
            return 1
            """
    )

    /// Gives back what an owner holds, and lets it get nothing any more.
    ///
    /// `ARGV`: owner. Returns whether it was a holder.
    static let abandon = RedisScript(
        Self.prelude + """
            local i = find(ARGV[1])
            if i then table.remove(holders, i) end
            if not has_departed(ARGV[1]) then depart(ARGV[1]) end
            save()
            if not i then return 0 end
            redis.pcall('PUBLISH', KEYS[1], '1')
            return 1
            """
    )

    /// Takes away what anybody holds.
    ///
    /// Returns how many held it.
    static let releaseAll = RedisScript(
        Self.prelude + """
            local count = #holders
            if count == 0 then return 0 end
            holders = {}
            save()
            redis.pcall('PUBLISH', KEYS[1], '1')
            return count
            """
    )

    /// Who holds it: `token:microseconds` for each.
    static let state = RedisScript(
        Self.prelude + """
            local answers = {}
            for i, holder in ipairs(holders) do
              answers[i] = string.format('%s:%.0f', holder.token, holder.ends - now)
            end
            return answers
            """
    )

    /// Writes a fenced value: the token in decimal digits, a line feed, then `+` and the bytes, or `-` where it was removed.
    ///
    /// `ARGV`: token, mark and bytes, milliseconds. Returns nothing, or the larger token for which it was refused.
    static let writeFenced = RedisScript(
        """
        local newest = string.match(redis.call('GETRANGE', KEYS[1], 0, 19), '^(%d+)\\n')
        if newest and tonumber(newest) > tonumber(ARGV[1]) then return newest end
        redis.call('SET', KEYS[1], ARGV[1] .. '\\n' .. ARGV[2], 'PX', ARGV[3])
        return false
        """
    )
}
