import LarderConfiguration

/// Variables and arguments that a program must not start with, and the whole line that says so.
enum WrongVariables {
    static let all: [(ConfigurationSource, String)] = [
        (
            .environment(["CACHES_A_TLL": "5m", "CACHES_A_URL": "null://"]),
            "CACHES_A_TLL (environment): found an unknown setting; accepted is CACHES_NAME_SETTING, with the name of a cache and \(Form.settings)"
        ),
        (
            .environment(["CACHES_A_URL": "null://", "CACHES_A_TTL": "5"]),
            "CACHES_A_TTL (environment): found \"5\"; accepted is \(Form.lifetime)"
        ),
        (
            .environment(["CACHES_A_URL": "null://", "CACHES_A_FETCH_HARD_TIMEOUT": "soon"]),
            "CACHES_A_FETCH_HARD_TIMEOUT (environment): found \"soon\"; accepted is \(Form.time)"
        ),
        (
            .environment(["CACHES_URL": "null://"]),
            "CACHES_URL (environment): found an unknown setting; accepted is CACHES_NAME_SETTING, with the name of a cache and \(Form.settings)"
        ),
        (
            .environment(["CACHES_A_URL": "null://", "CACHES_A_OPTIONS_X": "1"]),
            "CACHES_A_OPTIONS_X (environment): found an unknown setting; accepted is CACHES_NAME_SETTING, with the name of a cache and \(Form.settings)"
        ),
        (
            .environment(["CACHES_A_URL": "memcache://a"]),
            "CACHES_A_URL (environment): found the scheme \"memcache\"; accepted is \(Form.schemes)"
        ),
        (
            .environment(["CACHES_A_URL": "memory://", "CACHES_A_OPTIONS_ENTRIES": "many"]),
            "CACHES_A_OPTIONS_ENTRIES (environment): found \"many\"; accepted is a whole number from 1 on"
        ),
        (
            .environment(["CACHES_A_URL": "sqlite:///tmp/a.sqlite", "CACHES_A_OPTIONS_BUSY_TIMEOUT": "1h"]),
            "CACHES_A_OPTIONS_BUSY_TIMEOUT (environment): found \"1h\"; accepted is \(Form.time), from 1ms to 60s"
        ),
        (
            .environment(["CACHES_A_URL": "null://", "CACHES_A_COMPRESSION": "brotli"]),
            "CACHES_A_COMPRESSION (environment): found \"brotli\"; accepted is gzip, zlib or none"
        ),
        (
            .environment([
                "CACHES_A_URL": "null://", "CACHES_A_COMPRESSION": "zlib", "CACHES_A_COMPRESSION_THRESHOLD": "1k",
            ]), "CACHES_A_COMPRESSION_THRESHOLD (environment): found \"1k\"; accepted is \(Form.size)"
        ),
        (
            .environment([
                "CACHES_A_URL": "null://", "CACHES_A_ENCRYPTION_WITH": "aes-gcm", "CACHES_A_ENCRYPTION_KEY": "main",
            ]),
            "CACHES_A_ENCRYPTION_KEY (environment): found the name \"main\" of a key that is nowhere; accepted is the name of a key in encryptionKeys"
        ),
        (
            .environment([
                "CACHES_A_URL": "null://", "CACHES_A_ENCRYPTION_WITH": "aes-gcm", "CACHES_A_ENCRYPTION_KEY": "main",
                "ENCRYPTION_KEYS_MAIN": "geheim!",
            ]), "ENCRYPTION_KEYS_MAIN (environment): found a text of 7 characters; accepted is a key in base 64"
        ),
        (
            .environment(["CACHES_A_TTL": "5m"]),
            "CACHES_A_TTL (environment): found settings of the cache \"a\", which has no url; accepted is a url for each cache, such as memory://?entries=10000"
        ),
        (
            .environment(["CACHES_A_URL": ""]),
            "CACHES_A_URL (environment): found an empty text; accepted is the URL of a store"
        ),
        (
            .environment(["CACHES_A_URL": "redis://me:geheim@host:port"]),
            "CACHES_A_URL (environment): found a port that is none; accepted is a number from 1 to 65535"
        ),
        (
            .arguments(["shop", "--caches-a-url"]),
            "--caches-a-url (arguments): found nothing; accepted is the URL of a store"
        ),
        (
            .arguments(["shop", "--caches-a-url=null://", "--caches-a-tll=5m"]),
            "--caches-a-tll (arguments): found an unknown setting; accepted is --caches-NAME-SETTING, with the name of a cache and \(Form.settings)"
        ),
        (
            .arguments(["shop", "--caches-a-url=a", "--caches-a-url=b"]),
            "--caches-a-url (arguments): found a list of 2; accepted is the URL of a store"
        ),
        (
            .arguments(["shop", "--caches-a-url=null://", "--caches-a-version", "one"]),
            "--caches-a-version (arguments): found \"one\"; accepted is a whole number from 0 on"
        ),
    ]
}
