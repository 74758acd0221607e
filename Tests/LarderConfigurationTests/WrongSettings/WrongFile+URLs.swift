import LarderConfiguration

extension WrongFile {
    /// URLs that name no store.
    static let urls: [WrongFile] = [
        .init("url", "memory", "found a text without a scheme; accepted is a URL, such as memory://?entries=10000"),
        .init("url", "", "found an empty text; accepted is the URL of a store"),
        .init("url", 6379, "found a text without a scheme; accepted is a URL, such as memory://?entries=10000"),
        .init("url", ["null://"], "found a list of 1; accepted is the URL of a store"),
        .init("url", "memcache://a", "found the scheme \"memcache\"; accepted is \(Form.schemes)"),
        .init(
            "url",
            "memory://?entries=many",
            "the option entries: found \"many\"; accepted is a whole number from 1 on"
        ),
        .init("url", "memory://?bytes=256M", "the option bytes: found \"256M\"; accepted is \(Form.size)"),
        .init(
            "url",
            "memory://?size=5",
            "found the unknown option \"size\"; accepted is one of entries, bytes in memory://"
        ),
        .init(
            "url",
            "memory://?entries=5&bytes=1MiB",
            "the option bytes: found \"1MiB\"; accepted is one of entries and bytes, not both"
        ),
        .init("url", "redis://localhost:99999", "found a port that is none; accepted is a number from 1 to 65535"),
        .init(
            "url",
            "redis://localhost/one",
            "Redis URL: the path must be the number of a database, such as /1, not \"/one\""
        ),
        .init(
            "url",
            "redis://localhost?socket_timeout=1s",
            "Redis URL: the option \"socket_timeout\" must be a number of seconds, such as 5 or 0.25, not \"1s\""
        ),
        .init(
            "url",
            "redis://localhost?on_loss=panic",
            "the option on_loss: found \"panic\"; accepted is keep or cold_after_loss"
        ),
        .init(
            "url",
            "redis://me:geheim@localhost:port",
            "found a port that is none; accepted is a number from 1 to 65535"
        ),
        .init(
            "url",
            "redis://localhost?timeout=1s&socket_timeout=1",
            "the option timeout: found \"1s\"; accepted is one of timeout and socket_timeout"
        ),
        .init("url", "redis+cluster://localhost/1", "Redis URL: a cluster has database 0 only; leave the path out"),
        .init("url", "memcached://", "found no server; accepted is \(Form.memcached)"),
        .init(
            "url",
            "memcached://me:geheim@a",
            "found a user or a password; accepted is \(Form.memcached), without either"
        ),
        .init("url", "memcached://a,a:11211", "found a server twice; accepted is each server once"),
        .init(
            "url",
            "memcached://a,b?weights=1",
            "the option weights: found \"1\"; accepted is a whole number from 1 to 1000 for each server, such as 1,2"
        ),
        .init(
            "url",
            "memcached://a?health_check_interval=1ms",
            "the option health_check_interval: found \"1ms\"; accepted is \(Form.time), 10ms or more, or none"
        ),
        .init(
            "url",
            "memcached://a?reconnect_base=2s&reconnect_maximum=1s",
            "the option reconnect_maximum: found \"1s\"; accepted is a reconnect_maximum no shorter than reconnect_base"
        ),
        .init(
            "url",
            "memcached://a?failover=perhaps",
            "the option failover: found \"perhaps\"; accepted is true or false"
        ),
        .init(
            "url",
            "memcached://a?failover_pause=5s",
            "the option failover_pause: found \"5s\"; accepted is a time only together with failover=true"
        ),
        .init(
            "url",
            "memcached://a?reconnect_jitter=2",
            "the option reconnect_jitter: found \"2\"; accepted is a number from 0.0 to 1.0"
        ),
        .init(
            "url",
            "memcached://a?max_reply_size=10",
            "the option max_reply_size: found \"10\"; accepted is \(Form.size), 1024 or more"
        ),
        .init(
            "url",
            "memcached://a?pool=5",
            "found the unknown option \"pool\"; accepted is one of weights, timeout, connect_timeout, health_check_interval, reconnect_base, reconnect_maximum, reconnect_jitter, failover, failover_pause, max_reply_size, max_requests_in_flight, max_bytes_in_flight in memcached://"
        ),
        .init("url", "memcached://a/path", "found a path behind the servers; accepted is \(Form.memcached)"),
        .init("url", "sqlite://", "found no path of a file; accepted is \(Form.database)"),
        .init("url", "sqlite://cache.sqlite", "found a server; accepted is \(Form.database)"),
        .init(
            "url",
            "sqlite:///nowhere/at/all/cache.sqlite",
            "found a file in the folder \"/nowhere/at/all\", which is not there; accepted is a folder that is there"
        ),
        .init(
            "url",
            "sqlite:///tmp/cache.sqlite?durability=disk",
            "the option durability: found \"disk\"; accepted is process or power"
        ),
        .init(
            "url",
            "sqlite:///tmp/cache.sqlite?bytes=1KiB",
            "the option bytes: found \"1KiB\"; accepted is \(Form.size), 4096 or more"
        ),
        .init(
            "url",
            "sqlite:///tmp/cache.sqlite?busy_timeout=2m",
            "the option busy_timeout: found \"2m\"; accepted is \(Form.time), from 1ms to 60s"
        ),
        .init(
            "url",
            "sqlite:///tmp/cache.sqlite?sweep_interval=10ms",
            "the option sweep_interval: found \"10ms\"; accepted is \(Form.time), 1s or more"
        ),
        .init("url", "file:///tmp/", "found no path of a folder; accepted is \(Form.folder)"),
        .init(
            "url",
            "file:///tmp/cache?entries=0",
            "the option entries: found \"0\"; accepted is a whole number from 1 on"
        ),
        .init("url", "file://server:80/cache", "found servers; accepted is \(Form.folder)"),
        .init("url", "null://?entries=5", "found the unknown option \"entries\"; accepted is no option in null://"),
    ]

    /// Options that a store does not have, or not like that.
    static let options: [WrongFile] = [
        .init(
            "nearCache",
            100,
            "found the unknown option \"near_cache\"; accepted is one of entries, bytes in memory://"
        ),
        .init(
            "nearCache",
            "much",
            "found \"much\"; accepted is a number of entries, such as 10000, or of bytes, such as 64MiB",
            beside: [("url", "redis://localhost")]
        ),
        .init(
            "options.entrys",
            5,
            "found the unknown option \"entrys\"; accepted is one of entries, bytes in memory://"
        ),
        .init("options.entries", 5, "found it in the URL and beside it; accepted is one of them"),
        .init(
            "options.on_damage",
            "repair",
            "found \"repair\"; accepted is start_empty or fail",
            beside: [("url", "sqlite:///tmp/cache.sqlite")]
        ),
        .init(
            "options.password",
            ["geheim"],
            "found a list of 1; accepted is a text or a number",
            beside: [("url", "redis://localhost")]
        ),
    ]
}
