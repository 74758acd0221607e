import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The files that the pages refer to, kept in memory.
struct Assets: Sendable {
    /// A file is missing: the resources were not installed along with the program.
    struct Missing: Error, CustomStringConvertible {
        let name: String
        var description: String { "there is no file \(self.name) among the resources" }
    }

    private struct File: Sendable {
        let path: RouterPath
        let contentType: String
        let content: ByteBuffer
        /// Changes with the content, so that browsers may keep the file and ask whether it is still the same.
        let entityTag: String
    }

    private let files: [File]

    init() throws {
        self.files = try [
            Self.load("style.css", contentType: "text/css; charset=utf-8"),
            Self.load("icon.svg", contentType: "image/svg+xml"),
            Self.load("explain.js", contentType: "text/javascript; charset=utf-8"),
        ]
    }

    func add(to router: Router<ShopContext>) {
        for file in self.files {
            router.get(file.path) { request, _ in
                let headers: HTTPFields = [.contentType: file.contentType, .eTag: file.entityTag]
                guard request.headers[.ifNoneMatch] != file.entityTag else {
                    return Response(status: .notModified, headers: headers)
                }
                return Response(status: .ok, headers: headers, body: .init(byteBuffer: file.content))
            }
        }
    }

    private static func load(_ name: String, contentType: String) throws -> File {
        guard let url = Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "public") else {
            throw Missing(name: name)
        }
        let data = try Data(contentsOf: url)
        // FNV-1a: it has to tell versions of a file apart, not to withstand anybody.
        let hash = data.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return File(
            path: RouterPath("/\(name)"),
            contentType: contentType,
            content: ByteBuffer(bytes: data),
            entityTag: "\"\(String(hash, radix: 16))\""
        )
    }
}
