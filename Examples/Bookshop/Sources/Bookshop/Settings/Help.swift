/// What `--help` prints.
enum Help {
    static let text = """
        Bookshop: a web shop over the catalogue of Project Gutenberg, cached with Larder.

        Usage: bookshop [--help]

        Settings come from the environment and, where it has none, from a YAML or JSON file: the one that
        BOOKSHOP_CONFIG names, or bookshop.yaml or bookshop.json in the working folder. In the file, REDIS_URL is
        {"redis": {"url": "..."}}, and so on.

          HOST            the address to listen on (127.0.0.1)
          PORT            the port to listen on, 0 for any free one (8080)
          REDIS_URL       the Redis for all caches, for counts and for limits (unset: in memory):
                            redis://localhost:6379/1                      one server
                            redis://host1,host2                           a primary and its replicas
                            redis+sentinel://sentinel1,sentinel2/name     the same, found through Sentinels
                            redis+cluster://host1,host2                   a cluster
                            redis+shards://host1,host2,host3              independent servers that share the keys
          NEAR_CACHE      how many entries of Redis to keep in this process as well, 0 for none (10000)
          WARM            off leaves it to the visitors to fill the caches after a start (on)
          ADMIN_TOKEN     what changing titles, emptying the cache and explaining it need (unset: all are refused)
          DATABASE_PATH   the SQLite file with the books, made and filled on the first start (data/bookshop.sqlite)
          HTTPS           on where visitors come over HTTPS: the session's cookie is sent over nothing else then (off)
          TRUSTED_PROXIES the proxies whose X-Forwarded-For is believed: how many stand before the shop, one behind
                          the other, or their addresses or networks, separated by commas (0)

        There are four caches, books, searches, figures and sessions. Each has settings of its own, in the file under "caches" and
        in the environment behind CACHES_, which win over REDIS_URL:

          CACHES_SEARCHES_URL    redis://..., memcached://..., sqlite:///..., file:///... or memory://?entries=...
          CACHES_SEARCHES_TTL    how long what was found stays fresh (5m; books 1h, figures 5s)
          CACHES_SESSIONS_URL    sqlite:///... keeps visitors signed in when the shop is opened anew

        and many more: compression, encryption, timeouts, what is done while the store is unavailable. All of them are in
        Larder's documentation under "Configuring caches".

        Who searches too often is told to wait. Each of these is a number of searches from 1 to 1000000:

          SEARCH_RATE            how many a visitor may make in a minute in the long run; 0 for no limits at all (60)
          SEARCH_BURST           how many a visitor may make at once (20)
          SEARCH_HOURLY          how many a visitor may make in any hour (600)
          SEARCH_ADDRESS_HOURLY  how many may come from one address in any hour, whoever its visitors are (6000)

        """
}
