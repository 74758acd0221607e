import NIOCore

/// Where what is heard goes.
///
/// A sink may listen to several names, which it numbers itself.
protocol SubscriptionSink: AnyObject, Sendable {
    /// Takes what one read of the connection brought, in order.
    ///
    /// Is called on an event loop and must not block. It may be called before the subscription is confirmed to its caller,
    /// and once more while it is being cancelled.
    func hear(_ heard: [Heard])
}

/// Something that was heard under one of a sink's names.
struct Heard: Sendable {
    enum Sound: Sendable {
        case messages(MessageRun)
        case turn(SubscriptionTurn)
    }

    /// The name's number.
    let index: Int
    let sound: Sound
}

/// A sink that listens to one of its names.
struct SubscriptionListener: Sendable {
    let sink: any SubscriptionSink
    /// The name's number.
    let index: Int
}

/// Collects what each sink is to hear, so that it is told once.
struct HeardBySink {
    private var sinks: [(sink: any SubscriptionSink, heard: [Heard])] = []
    private var places: [ObjectIdentifier: Int] = [:]

    mutating func add(_ sound: Heard.Sound, for listener: SubscriptionListener) {
        let heard = Heard(index: listener.index, sound: sound)
        let identifier = ObjectIdentifier(listener.sink)
        if let place = self.places[identifier] {
            self.sinks[place].heard.append(heard)
        } else {
            self.places[identifier] = self.sinks.count
            self.sinks.append((listener.sink, [heard]))
        }
    }

    func tell() {
        for (sink, heard) in self.sinks { sink.hear(heard) }
    }
}

/// A sink that hands each event to a function.
final class SubscriptionCallback: SubscriptionSink {
    private let listener: @Sendable (SubscriptionEvent) -> Void

    init(_ listener: @escaping @Sendable (SubscriptionEvent) -> Void) {
        self.listener = listener
    }

    func hear(_ heard: [Heard]) {
        for heard in heard {
            switch heard.sound {
            case .messages(let run): for message in run.messages { self.listener(.message(message.payload)) }
            case .turn(.interrupted(let error)): self.listener(.interrupted(error))
            case .turn(.resumed): self.listener(.resumed)
            case .turn(.ended(let error)): self.listener(.ended(error))
            }
        }
    }
}
