import NIOCore

/// The names that are wanted, and what the server has confirmed of them.
///
/// A part of `SubscriptionStateMachine`. Each name has at most one command under way. What is wanted meanwhile is settled
/// when its answer has come, so however often listeners come and go, what waits to be sent or answered is bounded by the
/// number of names.
struct SubscribedNames<Listener> {
    typealias ID = UInt64

    enum Status {
        /// Not subscribed to.
        case absent
        case subscribing
        case subscribed
        case unsubscribing
    }

    struct Name {
        var status = Status.absent
        /// The name as text, made once for all messages.
        let text: String
        var listeners: [ID: Listener] = [:]
    }

    private var names: [SubscriptionName: Name] = [:]
    /// The names for which there is something to send.
    private var unsettled: Set<SubscriptionName> = []
    private(set) var listenerCount = 0

    /// The names that are known, wanted or still to be given up.
    var count: Int { self.names.count }

    /// Whether there is something to send.
    var isUnsettled: Bool { !self.unsettled.isEmpty }

    subscript(name: SubscriptionName) -> Name? { self.names[name] }

    // MARK: Listeners

    mutating func add(_ id: ID, _ listener: Listener, to name: SubscriptionName) {
        self.names[name, default: Name(text: name.text)].listeners[id] = listener
        self.listenerCount += 1
        self.settle(name)
    }

    /// - Returns: Whether there was such a listener.
    mutating func remove(_ id: ID, from name: SubscriptionName) -> Bool {
        guard self.names[name]?.listeners.removeValue(forKey: id) != nil else { return false }
        self.listenerCount -= 1
        self.settle(name)
        return true
    }

    /// Forgets a name and all who listen to it.
    ///
    /// - Returns: Those who listened.
    mutating func drop(_ name: SubscriptionName) -> [ID: Listener] {
        let listeners = self.names.removeValue(forKey: name)?.listeners ?? [:]
        self.listenerCount -= listeners.count
        self.unsettled.remove(name)
        return listeners
    }

    /// Forgets everything.
    ///
    /// - Returns: Those who listened.
    mutating func dropAll() -> [(ID, Listener)] {
        let listeners = self.names.values.flatMap { $0.listeners.map { ($0.key, $0.value) } }
        self = SubscribedNames()
        return listeners
    }

    // MARK: What to send

    /// Notes what a name needs; one that nobody wants and that is not subscribed to is forgotten.
    private mutating func settle(_ name: SubscriptionName) {
        guard let entry = self.names[name] else { return }
        switch (entry.status, !entry.listeners.isEmpty) {
        case (.absent, false):
            self.names[name] = nil
            self.unsettled.remove(name)
        case (.subscribed, true):
            self.unsettled.remove(name)
        case (.absent, true), (.subscribed, false):
            self.unsettled.insert(name)
        case (.subscribing, _), (.unsubscribing, _):
            break
        }
    }

    /// Takes the commands that are due; their answers have to come in this order.
    mutating func takeCommands() -> [SubscriptionCommand] {
        var commands: [SubscriptionCommand] = []
        commands.reserveCapacity(self.unsettled.count)
        for name in self.unsettled {
            switch self.names[name]?.status {
            case .absent:
                self.names[name]?.status = .subscribing
                commands.append(.subscribe(name))
            case .subscribed:
                self.names[name]?.status = .unsubscribing
                commands.append(.unsubscribe(name))
            case .subscribing, .unsubscribing, nil:
                break
            }
        }
        self.unsettled.removeAll(keepingCapacity: true)
        return commands
    }

    // MARK: What the server says

    /// The server has confirmed a name.
    mutating func confirmed(_ name: SubscriptionName) {
        self.names[name]?.status = .subscribed
        self.settle(name)
    }

    /// The server has given up a name.
    mutating func ended(_ name: SubscriptionName) {
        self.names[name]?.status = .absent
        self.settle(name)
    }

    /// The server has refused to give up a name.
    ///
    /// Asking again would bring the same answer, so the name stays as it is, and what comes under it is dropped.
    mutating func stays(_ name: SubscriptionName) {
        self.names[name]?.status = .subscribed
        self.unsettled.remove(name)
    }

    /// The connection is gone: nothing is subscribed to, and only what is wanted stays.
    ///
    /// - Returns: Those who were heard.
    mutating func lost() -> [Listener] {
        var deaf: [Listener] = []
        self.unsettled.removeAll()
        self.names = self.names.filter { !$0.value.listeners.isEmpty }
        for (name, entry) in self.names {
            if entry.status == .subscribed { deaf += entry.listeners.values }
            self.names[name]?.status = .absent
            self.unsettled.insert(name)
        }
        return deaf
    }
}
