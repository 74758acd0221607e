import LarderRedisClient

/// What happens to a stream in one step.
enum StreamScripts {
    /// `trim` drops what exceeds a limit: kind, `~` or `=`, number or age.
    private static let trimming = """
        local function trim(kind, precision, threshold)
          if kind == 'AGE' then
            local now = redis.call('TIME')
            local oldest = now[1] * 1000 + math.floor(now[2] / 1000) - threshold
            return redis.call('XTRIM', KEYS[1], 'MINID', precision, string.format('%.0f', math.max(0, oldest)))
          end
          return redis.call('XTRIM', KEYS[1], kind, precision, threshold)
        end

        """

    /// - `element` is the field that holds a message's element.
    /// - `failed` tells whether an answer is the error with a certain word.
    /// - `delivered` makes triples of messages: id, element, number of deliveries; those that are gone are acknowledged.
    private static let delivering = """
        local function element(fields)
          for i = 1, #fields, 2 do
            if fields[i] == 'element' then return fields[i + 1] end
          end
          return false
        end
        local function failed(reply, word)
          return reply and reply.err and string.find(reply.err, word, 1, true)
        end
        local function delivered(found, group)
          local messages = {}
          for _, message in ipairs(found) do
            if message and message[2] then
              local pending = redis.call('XPENDING', KEYS[1], group, message[1], message[1], 1)
              messages[#messages + 1] = { message[1], element(message[2]), pending[1] and pending[1][4] or 1 }
            elseif message then
              redis.call('XACK', KEYS[1], group, message[1])
            end
          end
          return messages
        end

        """

    /// Appends messages: kind, precision and number of what is kept in `ARGV[3]` to `ARGV[5]`, then the elements.
    static let append = CollectionScripts.writing(
        Self.trimming + """
            local ids = {}
            for i = 6, #ARGV do
              ids[#ids + 1] = redis.call('XADD', KEYS[1], '*', 'element', ARGV[i])
            end
            if ARGV[3] ~= '' then trim(ARGV[3], ARGV[4], ARGV[5]) end
            live(KEYS[1])
            redis.pcall('PUBLISH', KEYS[1], '1')
            return ids
            """
    )

    /// Drops what exceeds a limit.
    static let trim = RedisScript(Self.trimming + "return trim(ARGV[1], ARGV[2], ARGV[3])")

    /// The id that was given last; nothing where there is no stream.
    static let lastID = RedisScript(
        """
        local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
        if info.err then
          if string.find(info.err, 'no such key', 1, true) then return false end
          return info
        end
        for i = 1, #info, 2 do
          if info[i] == 'last-generated-id' then return info[i + 1] end
        end
        return false
        """
    )

    /// Makes the group `ARGV[3]` that begins at `ARGV[4]`.
    static let createGroup = CollectionScripts.writing(
        Self.delivering + """
            local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[3], ARGV[4], 'MKSTREAM')
            if failed(made, 'BUSYGROUP') then
              live(KEYS[1])
              return 0
            end
            if made.err then return made end
            live(KEYS[1])
            return 1
            """
    )

    /// A subcommand of `XGROUP` on what may not be there, which is answered with nothing.
    static let changeGroup = RedisScript(
        Self.delivering + """
            local result = redis.pcall('XGROUP', ARGV[1], KEYS[1], unpack(ARGV, 2))
            if type(result) == 'table' and (failed(result, 'NOGROUP') or failed(result, 'requires the key to exist')) then
              return false
            end
            return result
            """
    )

    /// Delivers up to `ARGV[5]` new messages of the group `ARGV[3]` to `ARGV[4]`; a group that is not there is made, and begins
    /// at `ARGV[6]`.
    static let deliver = CollectionScripts.writing(
        Self.delivering + """
            local function read()
              return redis.pcall('XREADGROUP', 'GROUP', ARGV[3], ARGV[4], 'COUNT', ARGV[5], 'STREAMS', KEYS[1], '>')
            end
            local found = read()
            if failed(found, 'NOGROUP') then
              redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[3], ARGV[6], 'MKSTREAM')
              live(KEYS[1])
              found = read()
            end
            if not found then return {} end
            if found.err then return found end
            local messages = {}
            for i, message in ipairs(found[1][2]) do messages[i] = { message[1], element(message[2]), 1 } end
            return messages
            """
    )

    /// Delivers again what `ARGV[2]` has got and not acknowledged: up to `ARGV[3]` messages after `ARGV[4]`.
    ///
    /// Answers where to go on, and the messages.
    static let redeliver = RedisScript(
        Self.delivering + """
            local found = redis.pcall(
              'XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[3], 'STREAMS', KEYS[1], ARGV[4])
            if not found or failed(found, 'NOGROUP') then return { false, {} } end
            if found.err then return found end
            local list = found[1][2]
            local position = #list >= tonumber(ARGV[3]) and list[#list][1]
            return { position, delivered(list, ARGV[1]) }
            """
    )

    /// Makes up to `ARGV[5]` messages that were left alone for `ARGV[3]` milliseconds, from `ARGV[4]` on, those of `ARGV[2]`.
    ///
    /// Answers where to go on, and the messages.
    static let claim = RedisScript(
        Self.delivering + """
            local found = redis.pcall('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], 'COUNT', ARGV[5])
            if failed(found, 'NOGROUP') then return { false, {} } end
            if found.err then return found end
            return { found[1] ~= '0-0' and found[1], delivered(found[2], ARGV[1]) }
            """
    )
}
