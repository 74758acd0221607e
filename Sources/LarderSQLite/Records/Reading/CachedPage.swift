/// One page of a request's records.
public struct CachedPage<Record: Codable & Sendable>: Codable, Sendable {
    /// The records of the page.
    public let records: [Record]

    /// Which page it is, from 1.
    public let number: Int

    /// How many records a page has.
    public let size: Int

    /// How many records there are on all pages.
    public let total: Int

    /// How many pages there are.
    public var pageCount: Int { (self.total + self.size - 1) / self.size }
}

extension CachedPage: Equatable where Record: Equatable {}
extension CachedPage: Hashable where Record: Hashable {}
