/// Why a benchmark cannot go on, in a sentence for the person who started it.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
