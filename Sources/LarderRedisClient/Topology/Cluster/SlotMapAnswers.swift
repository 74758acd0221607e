/// What servers of a cluster have answered to one inquiry, and which map to believe.
///
/// A plain value. A server that has lost touch with the others, or its memory, may know an old map or none. So a map with
/// fewer owned slots than before is believed only if two more servers know no better, or all have been asked and none has
/// failed to answer: of those that could not be asked, one may know all slots.
struct SlotMapAnswers {
    /// How many answers are compared where they know fewer slots than were known before.
    private static let most = 3

    private let present: Int
    private var count = 0
    /// The map with the most slots.
    private(set) var best: SlotMap?

    /// - Parameter present: How many slots had owners before; 0 if none was known.
    init(knowing present: Int) { self.present = present }

    /// Takes a server's answer.
    mutating func take(_ map: SlotMap) {
        self.count += 1
        if map.ownedSlotCount > self.best?.ownedSlotCount ?? -1 { self.best = map }
    }

    /// Whether nobody else need be asked.
    var areEnough: Bool { self.knowsAsMuch(1) || self.count >= Self.most }

    /// The map to believe when nobody is left to ask.
    ///
    /// - Parameter haveAllAnswered: Whether each server that was asked has given its map.
    /// - Returns: The map; nil if there is none to believe.
    func believed(haveAllAnswered: Bool) -> SlotMap? {
        haveAllAnswered || self.count >= Self.most || self.knowsAsMuch(0) ? self.best : nil
    }

    private func knowsAsMuch(_ least: Int) -> Bool {
        self.best.map { $0.ownedSlotCount >= max(self.present, least) } ?? false
    }
}
