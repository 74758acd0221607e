import Foundation
import Larder
import Testing

/// What Python has compressed: zlib, gzip and lzma of 3.11, lz4 4.4.5, zstandard 0.25.0.
///
/// Generated once; compressed bytes depend on the library's version, what they decompress to does not.
struct ForeignVector: Sendable, CustomTestStringConvertible {
    let compressor: CompressionID
    let name: String
    /// The name of what it decompresses to, in ``plain``.
    let content: String
    let base64: String

    var testDescription: String { "\(self.compressor): \(self.name) of \(self.content)" }

    var bytes: [UInt8] { [UInt8](Data(base64Encoded: self.base64) ?? Data()) }

    var expected: [UInt8] { Self.plain[self.content] ?? [] }

    static let plain: [String: [UInt8]] = [
        "empty": [], "one": Array("x".utf8), "text": Array(Self.text.utf8),
        "zeros": [UInt8](repeating: 0, count: 5_000),
        "noise": [UInt8](Data(base64Encoded: Self.noise) ?? Data()),
    ]

    private static let text = """
        jam entry ham larder cache cache jam larder shelf larder cache ham ham cache shelf cache ham \
        larder cache shelf larder ham larder shelf larder entry preserve ham entry cache preserve \
        entry cache shelf jam cache cache larder shelf größe ham jam größe größe jam preserve shelf \
        entry shelf cache preserve größe jam größe preserve cache cache ham entry jam entry größe \
        ham larder cache jam jam jam größe größe cache cache preserve größe cache larder preserve \
        größe preserve ham jam larder größe jam entry cache größe larder shelf preserve entry shelf \
        ham ham größe cache entry größe ham preserve entry ham preserve ham jam ham shelf entry \
        cache entry entry shelf shelf larder größe entry preserve preserve larder entry ham jam jam \
        entry larder größe ham ham ham ham cache größe ham larder shelf cache shelf größe entry \
        cache jam larder cache larder entry cache jam larder cache shelf ham entry preserve jam jam \
        größe cache cache größe größe
        """

    private static let noise = """
        9fefK0k0r4f1UgtpuUsNmC6Fu1W2cqhyY3rNdGb8tg4Oj/GEY7DksropcDR08GSsaPcA9bArPcZm9FveqizK7c0rUVdBDk3u\
        SvKzT0MKBzRH3mNsDoBslXumhNZDH7Xq10JNCeFdAkxYSPI9H6b3Nh1/YY0VMucOIOKmZo3n9H6EZ+VG1T7I4qEle9slbJs+\
        T7tJgUbvcDDL+VNyUtzOrddktqMvuwmt6uEJxKmXIDl1NSuHixRcikLYhM9M/actjh1d2SWJCC2FKnEihz7oBa3ViUIWejhS\
        hhlcZ5+caZTkW4qxCYASBwlh833kNt39yZ1uda9lR8+xG0IHJILcUxwrw5B8lhfrXlCJ5AGGuqilfRGeb7ZdAKvDKvOOZn8C\
        LoctScwVyQuZm3cr
        """

    static let all: [ForeignVector] = [
        ForeignVector(
            compressor: .zlib,
            name: "zlib.compress",
            content: "empty",
            base64: "eJwDAAAAAAE="
        ),
        ForeignVector(
            compressor: .gzip,
            name: "gzip.compress",
            content: "empty",
            base64: "H4sIAAAAAAAAAwMAAAAAAAAAAAA="
        ),
        ForeignVector(
            compressor: .lz4,
            name: "lz4.frame.compress",
            content: "empty",
            base64: "BCJNGGBAggAAAAA="
        ),
        ForeignVector(
            compressor: .zstandard,
            name: "ZstdCompressor",
            content: "empty",
            base64: "KLUv/SAAAQAA"
        ),
        ForeignVector(
            compressor: .lzma,
            name: "lzma.compress",
            content: "empty",
            base64: "/Td6WFoAAATm1rRGAAAAABzfRCEftvN9AQAAAAAEWVo="
        ),
        ForeignVector(
            compressor: .zlib,
            name: "zlib.compress",
            content: "one",
            base64: "eJyrAAAAeQB5"
        ),
        ForeignVector(
            compressor: .gzip,
            name: "gzip.compress",
            content: "one",
            base64: "H4sIAAAAAAAAA6sAAIMW3IwBAAAA"
        ),
        ForeignVector(
            compressor: .lz4,
            name: "lz4.frame.compress",
            content: "one",
            base64: "BCJNGGhAAQAAAAAAAAAsAQAAgHgAAAAA"
        ),
        ForeignVector(
            compressor: .zstandard,
            name: "ZstdCompressor",
            content: "one",
            base64: "KLUv/SABCQAAeA=="
        ),
        ForeignVector(
            compressor: .lzma,
            name: "lzma.compress",
            content: "one",
            base64: "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAAeAAAAABFru+D+O4WCgABGQGlLIHMH7bzfQEAAAAABFla"
        ),
        ForeignVector(
            compressor: .zlib,
            name: "zlib.compress",
            content: "text",
            base64: """
                eJx1UlsOwjAMu8quNo1CVQ2EOoTEabgFF9jFoPKS2hn7WJfm4TqJy3gd0u1RX0P+WfNYT6kO0zjltJ2lu5ec5rPmtKL24YaE\
                HpFUqc4HqKByr2lJ9QkQuIDhAXYCoDgLnIJ+qetnfQOvJdrd/s3n2CjBC9yRJ3CV2R5kDp1+cYupyHzKxu0fPwbd0ZB+d1GZ\
                JS2Tm+Bpml/mF+YOp+1eeey7DMXiMlLtz3NnLH5TxGKPBNG4IZrKNF54Aoq1o5L+sy7WhMqLuZe4X2FzkNMHG3qKwmBBBLF8\
                AZeSf60=
                """
        ),
        ForeignVector(
            compressor: .gzip,
            name: "gzip.compress",
            content: "text",
            base64: """
                H4sIAAAAAAAAA3VSWw7CMAy7yq42jUJVDYQ6hMRpuAUX2MWg8pLaGftYl+bhOonLeB3S7VFfQ/5Z81hPqQ7TOOW0naW7l5zm\
                s+a0ovbhhoQekVSpzgeooHKvaUn1CRC4gOEBdgKgOAucgn6p62d9A68l2t3+zefYKMEL3JEncJXZHmQOnX5xi6nIfMrG7R8/\
                Bt3RkH53UZklLZOb4GmaX+YX5g6n7V557LsMxeIyUu3Pc2csflPEYo8E0bghmso0XngCirWjkv6zLtaEyou5l7hfYXOQ0wcb\
                eorCYEEEsXwBVOqdK9IDAAA=
                """
        ),
        ForeignVector(
            compressor: .lz4,
            name: "lz4.frame.compress",
            content: "text",
            base64: """
                BCJNGGhA0gMAAAAAAAA0xQEAAPMLamFtIGVudHJ5IGhhbSBsYXJkZXIgY2FjaGUGAAAhAAMXAFpzaGVsZiQAADUAAAQAAjIA\
                AiEAAgwAABYAAzgAAhEAAh0AAxMABx4ACRgAAosAcnByZXNlcnZFAAITAAJEAAUZAAgVAAJBAACoAAIlAAIGAANpAAIdAGJn\
                csO2w59QAAApAAQQAAQIAAAUAAVcAAIzAAJiAAIMAAJSAAUhAAg2AAQMAAUdAAIsAAIGAADmAAJIAABhAAIKAAQxAAAcAAOk\
                AAItAAAjAAQEAAQlAAQIAAIiAAIGAAVqAAodAANMAA0eAAURAABxAABgAAMpAAQ+AAATAAKaAAJfAAQYAAMnAAIBAQVFAAIq\
                AAIVAABRAAAEAAQyAAJAAAIiAAQUAAAgAAs9AAkTAAANAACCAAAIAAJWAAJAAAhMAAISAAIeAAIGAAOcAARlAAIhAAVnAAUJ\
                AAMnAAIfAABiAABqAAAEAAISAAMfAARGAAAhAAgEAAKDAAgeAAMxAAKEAAIfAAIMAAQlAAJYAAIaAABoAAMxAAIRAAMNAA8k\
                AAoCTwAAhgACJwAFywAATgAABAAEagACUwACBgAEFABwZ3LDtsOfZQAAAAA=
                """
        ),
        ForeignVector(
            compressor: .zstandard,
            name: "ZstdCompressor",
            content: "text",
            base64: """
                KLUv/WDSAqUHAIQDamFtIGVudHJ5IGhhbSBsYXJkZXIgY2FjaGVqc2hlbGZwcmVzZXJ2ZWpncsO2w59qaGdyw7bDn2VkqKEz\
                ZdjfIAJimDqzAxFQCAxpyFCaFJZ9A5dTEBKmd5wFOlJK67RIKzs3mcKL2VyIJssnPLiQimYo35zYoY+NMiwYHIGmgBHu6Jl7\
                z/Mww2C+Exd6eTEDrOQfzGARbAi+uUw7F+w5wF9BAwN/DhqjHRjOEZW6sdEFJ+1zTcLxYwb07XyTe/U1uuU/73AzE8+smICA\
                8mtOXUIgLlJ5Y8ogtKp0hNYO58HdiU1JG5N8wOQQCzSkIXxjlCo=
                """
        ),
        ForeignVector(
            compressor: .lzma,
            name: "lzma.compress",
            content: "text",
            base64: """
                /Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4APRANRdADUYSfkKo7E4jzdtI7Jtk2UyZa7+JROgX9mC1UiNH/pZTfPbcsrMbfnO\
                ZO/AcllS/Kq6kCrRYkot16IQAe/9WIMWUX7S6FcryBvApyLYLyuoLXIFChu+6J3nWN30ehK0BzkajakqGufvr6QGpPxP0eF9\
                kd7j2N48jXmfObfJNiqS371QBOcLgLmWaBjkH8m0BxcMM1aCf5G3vXjRKFlVUFvdpRUpUyacMozUnqJul2OnIExHGsI+8goX\
                g+mzQP02dKcHGQ6R9sFEXzrPmaSZjJv245mEANntSIJJcSSOAAHwAdIHAADjg7ViscRn+wIAAAAABFla
                """
        ),
        ForeignVector(
            compressor: .zlib,
            name: "zlib.compress",
            content: "noise",
            base64: """
                eJwBLAHT/vX3nytJNK+H9VILablLDZguhbtVtnKocmN6zXRm/LYODo/xhGOw5LK6KXA0dPBkrGj3APWwKz3GZvRb3qosyu3N\
                K1FXQQ5N7krys09DCgc0R95jbA6AbJV7poTWQx+16tdCTQnhXQJMWEjyPR+m9zYdf2GNFTLnDiDipmaN5/R+hGflRtU+yOKh\
                JXvbJWybPk+7SYFG73Awy/lTclLczq3XZLajL7sJrerhCcSplyA5dTUrh4sUXIpC2ITPTP2nLY4dXdkliQgthSpxIoc+6AWt\
                1YlCFno4UoYZXGefnGmU5FuKsQmAEgcJYfN95Dbd/cmdbnWvZUfPsRtCBySC3FMcK8OQfJYX615QieQBhrqopX0Rnm+2XQCr\
                wyrzjmZ/Ai6HLUnMFckLmZt3K1hlj0M=
                """
        ),
        ForeignVector(
            compressor: .gzip,
            name: "gzip.compress",
            content: "noise",
            base64: """
                H4sIAAAAAAAAAwEsAdP+9fefK0k0r4f1UgtpuUsNmC6Fu1W2cqhyY3rNdGb8tg4Oj/GEY7DksropcDR08GSsaPcA9bArPcZm\
                9FveqizK7c0rUVdBDk3uSvKzT0MKBzRH3mNsDoBslXumhNZDH7Xq10JNCeFdAkxYSPI9H6b3Nh1/YY0VMucOIOKmZo3n9H6E\
                Z+VG1T7I4qEle9slbJs+T7tJgUbvcDDL+VNyUtzOrddktqMvuwmt6uEJxKmXIDl1NSuHixRcikLYhM9M/actjh1d2SWJCC2F\
                KnEihz7oBa3ViUIWejhShhlcZ5+caZTkW4qxCYASBwlh833kNt39yZ1uda9lR8+xG0IHJILcUxwrw5B8lhfrXlCJ5AGGuqil\
                fRGeb7ZdAKvDKvOOZn8CLoctScwVyQuZm3crzIM1piwBAAA=
                """
        ),
        ForeignVector(
            compressor: .lz4,
            name: "lz4.frame.compress",
            content: "noise",
            base64: """
                BCJNGGhALAEAAAAAAACELAEAgPX3nytJNK+H9VILablLDZguhbtVtnKocmN6zXRm/LYODo/xhGOw5LK6KXA0dPBkrGj3APWw\
                Kz3GZvRb3qosyu3NK1FXQQ5N7krys09DCgc0R95jbA6AbJV7poTWQx+16tdCTQnhXQJMWEjyPR+m9zYdf2GNFTLnDiDipmaN\
                5/R+hGflRtU+yOKhJXvbJWybPk+7SYFG73Awy/lTclLczq3XZLajL7sJrerhCcSplyA5dTUrh4sUXIpC2ITPTP2nLY4dXdkl\
                iQgthSpxIoc+6AWt1YlCFno4UoYZXGefnGmU5FuKsQmAEgcJYfN95Dbd/cmdbnWvZUfPsRtCBySC3FMcK8OQfJYX615QieQB\
                hrqopX0Rnm+2XQCrwyrzjmZ/Ai6HLUnMFckLmZt3KwAAAAA=
                """
        ),
        ForeignVector(
            compressor: .zstandard,
            name: "ZstdCompressor",
            content: "noise",
            base64: """
                KLUv/WAsAGEJAPX3nytJNK+H9VILablLDZguhbtVtnKocmN6zXRm/LYODo/xhGOw5LK6KXA0dPBkrGj3APWwKz3GZvRb3qos\
                yu3NK1FXQQ5N7krys09DCgc0R95jbA6AbJV7poTWQx+16tdCTQnhXQJMWEjyPR+m9zYdf2GNFTLnDiDipmaN5/R+hGflRtU+\
                yOKhJXvbJWybPk+7SYFG73Awy/lTclLczq3XZLajL7sJrerhCcSplyA5dTUrh4sUXIpC2ITPTP2nLY4dXdkliQgthSpxIoc+\
                6AWt1YlCFno4UoYZXGefnGmU5FuKsQmAEgcJYfN95Dbd/cmdbnWvZUfPsRtCBySC3FMcK8OQfJYX615QieQBhrqopX0Rnm+2\
                XQCrwyrzjmZ/Ai6HLUnMFckLmZt3Kw==
                """
        ),
        ForeignVector(
            compressor: .lzma,
            name: "lzma.compress",
            content: "noise",
            base64: """
                /Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQEr9fefK0k0r4f1UgtpuUsNmC6Fu1W2cqhyY3rNdGb8tg4Oj/GEY7DksropcDR0\
                8GSsaPcA9bArPcZm9FveqizK7c0rUVdBDk3uSvKzT0MKBzRH3mNsDoBslXumhNZDH7Xq10JNCeFdAkxYSPI9H6b3Nh1/YY0V\
                MucOIOKmZo3n9H6EZ+VG1T7I4qEle9slbJs+T7tJgUbvcDDL+VNyUtzOrddktqMvuwmt6uEJxKmXIDl1NSuHixRcikLYhM9M\
                /actjh1d2SWJCC2FKnEihz7oBa3ViUIWejhShhlcZ5+caZTkW4qxCYASBwlh833kNt39yZ1uda9lR8+xG0IHJILcUxwrw5B8\
                lhfrXlCJ5AGGuqilfRGeb7ZdAKvDKvOOZn8CLoctScwVyQuZm3crALVbXbl+0Nf8AAHEAqwCAADMqdU3scRn+wIAAAAABFla
                """
        ),
        ForeignVector(
            compressor: .zlib,
            name: "zlib.compress",
            content: "zeros",
            base64: "eJztwTEBAAAAwqD1T20KP6AAAAAAgLcBE4gAAQ=="
        ),
        ForeignVector(
            compressor: .gzip,
            name: "gzip.compress",
            content: "zeros",
            base64: "H4sIAAAAAAAAA+3BMQEAAADCoPVPbQo/oAAAAACAtwGoDuXYiBMAAA=="
        ),
        ForeignVector(
            compressor: .lz4,
            name: "lz4.frame.compress",
            content: "zeros",
            base64: "BCJNGGhAiBMAAAAAAADJHgAAAB8AAQD/////////////////////////glAAAAAAAAAAAAA="
        ),
        ForeignVector(
            compressor: .zstandard,
            name: "ZstdCompressor",
            content: "zeros",
            base64: "KLUv/WCIEk0AABAAAAEAg9MDLA=="
        ),
        ForeignVector(
            compressor: .lzma,
            name: "lzma.compress",
            content: "zeros",
            base64: """
                /Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4BOHAB5dAABv/f//o7f/Rz5IFXI5YVG4kijmo4YH+e7NzgXvAAAAAL6rUKYAZY8G\
                AAE6iCcAAADCnMfascRn+wIAAAAABFla
                """
        ),
        ForeignVector(
            compressor: .zlib,
            name: "zlib.compress level 9",
            content: "text",
            base64: """
                eNp1UlsOwjAMu8quNo1CVQ2EOoTEabgFF9jFoPKS2hn7WJfm4TqJy3gd0u1RX0P+WfNYT6kO0zjltJ2lu5ec5rPmtKL24YaE\
                HpFUqc4HqKByr2lJ9QkQuIDhAXYCoDgLnIJ+qetnfQOvJdrd/s3n2CjBC9yRJ3CV2R5kDp1+cYupyHzKxu0fPwbd0ZB+d1GZ\
                JS2Tm+Bpml/mF+YOp+1eeey7DMXiMlLtz3NnLH5TxGKPBNG4IZrKNF54Aoq1o5L+sy7WhMqLuZe4X2FzkNMHG3qKwmBBBLF8\
                AZeSf60=
                """
        ),
        ForeignVector(
            compressor: .zlib,
            name: "zlib.compress level 0",
            content: "noise",
            base64: """
                eAEBLAHT/vX3nytJNK+H9VILablLDZguhbtVtnKocmN6zXRm/LYODo/xhGOw5LK6KXA0dPBkrGj3APWwKz3GZvRb3qosyu3N\
                K1FXQQ5N7krys09DCgc0R95jbA6AbJV7poTWQx+16tdCTQnhXQJMWEjyPR+m9zYdf2GNFTLnDiDipmaN5/R+hGflRtU+yOKh\
                JXvbJWybPk+7SYFG73Awy/lTclLczq3XZLajL7sJrerhCcSplyA5dTUrh4sUXIpC2ITPTP2nLY4dXdkliQgthSpxIoc+6AWt\
                1YlCFno4UoYZXGefnGmU5FuKsQmAEgcJYfN95Dbd/cmdbnWvZUfPsRtCBySC3FMcK8OQfJYX615QieQBhrqopX0Rnm+2XQCr\
                wyrzjmZ/Ai6HLUnMFckLmZt3K1hlj0M=
                """
        ),
        ForeignVector(
            compressor: .lz4,
            name: "high, with checksums and without size",
            content: "text",
            base64: """
                BCJNGHRAvT0BAADzC2phbSBlbnRyeSBoYW0gbGFyZGVyIGNhY2hlBgAWahcAWnNoZWxmJAAANQAABAACDgACIQAGGgAJTwAJ\
                PgAfaFYABAKLAHJwcmVzZXJ2RQACngACRAAFGQAIFQACWQAAqAAIuAAJXgBiZ3LDtsOfUAAAKQAEEAAECAAAFAAFXAACMwAC\
                YgAI0gAFfQAINgAESgAFHQAIhAAGvwAGZwEIiwAJIAETapwAD6AAAQhVAA2HAAnwAA0eAAlMAQfNAQjFAAhjAQQYAAlAAQt4\
                AQIVAAT8AQqIAA7mAAs9AAkTAASVAAAIAAh4AQhMAAh0AAktAgTDAAs1AgUJAAlUAhdoXwECEgALRgAEzwAK0wIPrwEACBQC\
                Cl8CCLwAHGrgAQmOAA8kAAQGWQEL1AAMGQIIEQIEowBwZ3LDtsOfZRO2izgAAAAALdOG4w==
                """
        ),
        ForeignVector(
            compressor: .zstandard,
            name: "level 19 with a checksum and without size",
            content: "text",
            base64: """
                KLUv/QQApQYAUgMME9DngJaCHhmRhbtLELKZEAATOA65Gms71Jn252tQjYIcTx6Bwe3DmpwaTy0qP3UGU6iRLyyk/Q4QEGIU\
                Y2cHEYQEHiGQSMENYqjWDjAChZVDXVWuzseQfuxMhu5PLq0t0fDDtQKek626oq4PHNI4p9yJZ+IeacG0NoCb6bK4f4tjDxsi\
                22Y+8kHbT7CCzwsVWwD7iG+EkUcJ1IBQPLDAfs0dwIpLYPovdRzMj8xMN+Vwnp3OzVEDSw5hNUSQ44IzGGyuao5wMRN+/5yp\
                KpPBShWafSVZ
                """
        ),
        ForeignVector(
            compressor: .lzma,
            name: "preset 1 with CRC32",
            content: "text",
            base64: """
                /Td6WFoAAAFpIt42AgAhARAAAACocI6G4APRAONdADUYSfkKo7E4jzdtI7Jtk2UyZa7+JROgX9mC1UiNH/pZTfPbcsrMbfnO\
                ZO/AcsoTC/xwn89ScnAtqgpEq51EYtoHVP5cHON7vKy2ez9xAMik0L22+dQlexoYwm9Go87a8kBVscb8yF/oPnh7CVp54vYS\
                qCPYp5ULxiH1c3tgCJcuHZsrAfIS1anMmxveHZpGk3AneZeS7Thc7Jd13LnyD+3k7TVlCgVRwtuJVW1AgDYFaQWESmV0baZY\
                B1M5D9O5ttCaj4q8J7+kS1K4kEmwEg7N8ebl0ZcvKQc4iDY6C59ew8/AAABU6p0rAAH7AdIHAAAgc3IIPjANiwIAAAAAAVla
                """
        ),
        ForeignVector(
            compressor: .lzma,
            name: "preset 9 without a checksum",
            content: "text",
            base64: """
                /Td6WFoAAAD/EtlBAgAhARwAAAAQz1jM4APRANRdADUYSfkKo7E4jzdtI7Jtk2UyZa7+JROgX9mC1UiNH/pZTfPbcsrMbfnO\
                ZO/AcllS/Kq6kCrRYkot16IQAe/9WIMWUX7S6FcryBvApyLYLyuoLXIFChu+6J3nWN30ehK0BzkajakqGufvr6QGpPxP0eF9\
                kd7j2N48jXmfObfJNiqS371QBOcLgLmWaBjkH8m0BxcMM1aCf5G3vXjRKFlVUFvdpRUpUyacMozUnqJul2OnIExHGsI+8goX\
                g+mzQP02dKcHGQ6R9sFEXzrPmaSZjJv245mEAAAB6AHSBwAAFQMwjagACvwCAAAAAABZWg==
                """
        ),
        ForeignVector(
            compressor: .gzip,
            name: "two members",
            content: "text",
            base64: """
                H4sIAAAAAAACA3VQ0Q2FMAhcpas1ijZEzQsaE6dxCxdwMW3OUojPj1I4jutRjmOgaZEtpDsborQkoYlNoidyhedEQ+c5eSgf\
                VCDUjqO66fShCis/oZlkhQggaGjDghBgdYHo1Hs5j3OHXiaWutwZU22M4AW7kRLsVMm1aT1U+6yZteL+hx9v//xZ0ZcNt++r\
                W4ALungsxOkBAAAfiwgAAAAAAAIDdVDBDcMwCFyF1ayExIrSKMJRpU7TLbKAF2vdA9tY6gMbHQccRzE8aPvGHmRmoVXynd/8\
                g/i45EVTmCJXXGkp8r7QKZxYnqxMgGVgCetAPxiGlfrQ7CATVX5M7bUg73fiHU4Aoc6sidLa2k0DyDDFzrHwdsTmHDSgjNwL\
                QaWzGoBT84fTjB1uMuXeay9R/w84b2mF6QEAAA==
                """
        ),
        ForeignVector(
            compressor: .gzip,
            name: "a member with a name",
            content: "text",
            base64: """
                H4sICAEAAAAC/2EgbmFtZS50eHQAdVJbDsIwDLvKrjaNQlUNhDqExGm4BRfYxaDyktoZ+1iX5uE6ict4HdLtUV9D/lnzWE+p\
                DtM45bSdpbuXnOaz5rSi9uGGhB6RVKnOB6igcq9pSfUJELiA4QF2AqA4C5yCfqnrZ30DryXa3f7N59gowQvckSdwldkeZA6d\
                fnGLqch8ysbtHz8G3dGQfndRmSUtk5vgaZpf5hfmDqftXnnsuwzF4jJS7c9zZyx+U8RijwTRuCGayjReeAKKtaOS/rMu1oTK\
                i7mXuF9hc5DTBxt6isJgQQSxfAFU6p0r0gMAAA==
                """
        ),
        ForeignVector(
            compressor: .lz4,
            name: "two frames",
            content: "text",
            base64: """
                BCJNGGhA6QEAAAAAAACy8AAAAPMLamFtIGVudHJ5IGhhbSBsYXJkZXIgY2FjaGUGAAAhAAMXAFpzaGVsZiQAADUAAAQAAjIA\
                AiEAAgwAABYAAzgAAhEAAh0AAxMABx4ACRgAAosAcnByZXNlcnZFAAITAAJEAAUZAAgVAAJBAACoAAIlAAIGAANpAAIdAGJn\
                csO2w59QAAApAAQQAAQIAAAUAAVcAAIzAAJiAAIMAAJSAAUhAAg2AAQMAAUdAAIsAAIGAADmAAJIAABhAAIKAAQxAAAcAAOk\
                AAItAAAjAAQEAAQlAAQIAAIiAAIGAAVqAAodAANMAA0eAIBwcmVzZXJ2ZQAAAAAEIk0YaEDpAQAAAAAAALL0AAAA8QggaGFt\
                IGphbSBsYXJkZXIgZ3LDtsOfZRMAtWVudHJ5IGNhY2hlGAADJwDjc2hlbGYgcHJlc2VydmUqAAIVAABRAAAEAARKAAJAAAIi\
                AAQUAAAgAAs9AAkTAAANAACVAAAIAAJWAAJAAAhMAAISAAIeAAIGAAOcAARlAAIhAAVnAAUJAAMnAAIfAABiAABqAAAEAAIS\
                AAMfAARGAAAhAAgEAAKDAAgeAAMxAAKEAAIfAAIMAAQlAAJYAAIaAABoAAMxAAIRAAMNAA8kAAoCTwAAhgACJwAFywAATgAA\
                BAAEagACUwACBgAEFABwZ3LDtsOfZQAAAAA=
                """
        ),
        ForeignVector(
            compressor: .zstandard,
            name: "two frames",
            content: "text",
            base64: """
                KLUv/WDpAGUFAIQDamFtIGVudHJ5IGhhbSBsYXJkZXIgY2FjaGVqc2hlbGZwcmVzZXJ2ZWpncsO2w59qcHJlc2VydmUyIBAS\
                5KjzwRnmO9BAoG0B2ByMJlDEgE0gFBiB7kGvT9hb/MQBuMAlIM+BWEB1HBoOsBjwXXAPsBOYBKwBTIwCDvjL4DYgQTkiQ2Ac\
                +AUgDLAHqF12MMTuALwBAQe4D/QbyAMCDywAF+BkAJCo4mYmK3gotS/9YOkAbQUAhAMgaGFtIGphbSBsYXJkZXIgZ3LDtsOf\
                ZWVudHJ5IGNhY2hlc2hlbGYgcHJlc2VydmVqZ3LDtsOfZTEgIAKClHR3Jsrw5lwDG1d24HKDgwk2DCIccB7gJgN+cEASmDRA\
                wAAWHcC0HDBgEpCegOQO82xoJyAcoJSBFlAtQDqAkQ7nAW7l8AZ4hEO2gRkAcwIMBwA3DFu4CDwMGBxQO8EPoBYAG0Azq1IG\
                m/LtCk0=
                """
        ),
        ForeignVector(
            compressor: .lzma,
            name: "two streams",
            content: "text",
            base64: """
                /Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AHoAIldADUYSfkKo7E4jzdtI7Jtk2UyZa7+JROgX9mC1UiNH/pZTfPbcsrMbfnO\
                ZO/AcllS/Kq6kCrRYkot16IQAe/9WIMWUX7S6FcryBvApyLYLyuoLXIFChu+6J3nWN30ehK0BzkajakqGufvr6QGpPxP0eF9\
                kd7j2N48jXmfObfJNiqS371QA5GJg3oAAAAAABeP13KG6BheAAGlAekDAADbzdUescRn+wIAAAAABFla/Td6WFoAAATm1rRG\
                AgAhARYAAAB0L+Wj4AHoAIxdABAaCCb8jCEE4WRwJfNqX/9/vMLrHvvVrNMpfAEk5dkZ/sdmzwi876WSwEJw8LQ50YKEn8ya\
                N0eCEoAUbd9/EFKDdEi+V4ljzKME5X0z5MjbblzyM7fTBpXeUYzPPByxqS4HOig2h7IadlmecX8972NYC2WAVlTxgbVvZVoS\
                29F2MFpkRJB/6O6JJX4AABrjOQvAxYnaAAGoAekDAAAF3kuiscRn+wIAAAAABFla
                """
        ),
        ForeignVector(
            compressor: .zstandard,
            name: "streamed",
            content: "text",
            base64: """
                KLUv/QBYrQcAUsQOF8AlHZsXFHCeBtrUUNvSkLulzVXFqM4MNXfuw1hlG220uXMfLuEtvcBYANIqbgkKeoeTkLGo8EGgZHRf\
                qHFTYMiwvwEgAmIUg9YDESQ4pKVDaVLY2Q0XUxASpDecsTpagntepBU7N5nCi9lciJZtZxW6lorLcIoT+3WFsQJTwREoCIzw\
                Rk949w4MN5XWZMHVP1l02Kr/T2ZgZDDUr1mgDgpgHPYfI9XBnwsa3y5sUY6m2dgFkLZJLeH2w4PG7SxIWSVls7N9ldk5nk5o\
                cPzVnSVxxI1Rzti1CE0BB3ntMA/ijqgXOaFY/TgnAZFUcW+KUgU=
                """
        ),
    ]

    /// Four megabytes of zeros.
    static let bombs: [CompressionID: String] = [
        .zstandard: """
        KLUv/aAAAEAATAAACAABAPz/ORACAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQ\
        AAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAwAQ\
        AA==
        """,
        .lzma: """
        /Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj//8RAWxdAABv/f//o7f/Rz5IFXI5YVG4kijmo4YH+e7kHoLTL8U6PAFLsX7JiopN\
        L6MN2X+m44wjEVPgWRjFdYrid/i2lH8MasDedElk4ulcU7IE2PdEDKtfDW1G6eXDdoi3llestk3haR1v+0uIEGxCy4g/XACP\
        0E6vJiiUcR89jyThcJ6nI1/sKMuF0ZWYin4qkfIndfcZwAaYTZj92K/VkA/EJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6x\
        JxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1IrdM0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvS5fqg8+S2ZCkBMO/xCT+HF4WfgL\
        zf+VKEYPqfx83vuaMC5WwI+F84OBwGXEJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH\
        2q38+1IrdM0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvEgn5lif/xABKwDsc1On/b6ufDEan7eNMW5wnqcjX+woy4XRlZiKfiqR\
        8id19xnABphNmP3Yr9WQD8QlU/j1kTYxBaWw7m/BcE1HDNGREaqtYB26zrEnGFxZhulmUli+6XasWeTlWwUI+cfarfz7Uit0\
        zR5bIEL53VM9+ClkCTuAyyps37U78MS9Ll+qDz5LZkKQEw7/EJP4cXhZ+AvN/5UoRg+p/Hze+5owLlbAj4Xzg4HAZcQlU/j1\
        kTYxBaWw7m/BcE1HDNGREaqtYB26zrEnGFxZhulmUli+6XasWeTlWwUI+cfarfz7Uit0zR5bIEL53VM9+ClkCTuAyyps37U7\
        8MS9Ll+qDz5LZkKQEw7/EJP4cXhZ+AvN/5UoRg+p/Hze+5owLlbAj4Xzg4HAZcQlUQ8/soAB3AAFAEHqpi0AAGtsRXzSCWHb\
        AAHEBYCAgALTUy1YscRn+wIAAAAABFla
        """,
    ]

    /// A Zstandard frame that needs a dictionary.
    static let withDictionary = "KLUv/SO5gn0tGFUAAAACPBOk4AAGAAE="

    /// An LZMA stream whose dictionary would have 4 GiB.
    static let hugeDictionary =
        "/Td6WFoAAATm1rRGAgAhASgAAADmoBGzAQAFbGFyZGVyAAAAlB9ly6s/tD8AAR4GwS+kHR+2830BAAAAAARZWg=="
}
