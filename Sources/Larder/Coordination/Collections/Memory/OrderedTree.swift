/// Elements in their order, of which any is found by its place or by its worth in O(log n): a counted B+ tree.
///
/// Leaves hold up to `capacity` elements, inner nodes up to `capacity` children with the number of elements under each, so
/// that a place is a sum on the way down (the order statistics of Cormen et al., "Introduction to Algorithms", chapter 14,
/// on the tree of Bayer and McCreight, 1972). Nodes lie in one array and name each other by index: the tree is a plain
/// value, and a million elements are four levels, each a search in one flat array, where a skip list of Redis' kind walks
/// some forty nodes that lie anywhere.
///
/// No two elements are equal.
struct OrderedTree<Element: Comparable & Sendable>: Sendable {
    struct Node: Sendable {
        /// In a leaf its elements; in an inner node a border before each child but the first.
        ///
        /// A border is above all elements before it and not above any behind it. It need not be in the tree any more.
        var elements: [Element] = []
        var children: [Int] = []
        /// How many elements are under each child.
        var counts: [Int] = []

        var isLeaf: Bool { self.children.isEmpty }
        /// What `capacity` bounds.
        var size: Int { self.isLeaf ? self.elements.count : self.children.count }
        /// How many elements are in the node and under it.
        var total: Int { self.isLeaf ? self.elements.count : self.counts.reduce(0, +) }
    }

    private struct Split {
        var border: Element
        var node: Int
        var total: Int
    }

    private(set) var nodes: [Node] = [Node()]
    private(set) var root = 0
    private(set) var count = 0
    /// Nodes that no other names, for the next ones that are needed.
    private(set) var spareNodes: [Int] = []
    let capacity: Int

    /// - Parameter capacity: How many elements a leaf, and how many children an inner node can have; at least 4.
    init(capacity: Int = 64) {
        precondition(capacity >= 4, "a node of an ordered tree needs room for four")
        self.capacity = capacity
    }

    /// The least that a node other than the root has: never one child alone, which has no neighbour to be refilled from.
    var minimum: Int { max(2, self.capacity / 4) }

    var isEmpty: Bool { self.count == 0 }

    // MARK: Looking

    /// How many elements, from the first on, a predicate is true for.
    ///
    /// - Complexity: O(log n).
    /// - Parameter isBelow: True for all elements up to a certain one, and false from there on.
    /// - Returns: The number, which is the place of the first element that the predicate is not true for.
    @inline(__always)
    func place(where isBelow: (Element) -> Bool) -> Int {
        var node = self.root
        var place = 0
        while true {
            let found = Self.firstIndex(in: self.nodes[node].elements, notBelow: isBelow)
            if self.nodes[node].isLeaf { return place + found }
            for index in 0..<found { place += self.nodes[node].counts[index] }
            node = self.nodes[node].children[found]
        }
    }

    /// The place of the first element that is not below `element`.
    ///
    /// - Complexity: O(log n).
    func place(of element: Element) -> Int { self.place { $0 < element } }

    /// The element at a place.
    ///
    /// - Complexity: O(log n).
    subscript(place: Int) -> Element {
        precondition(place >= 0 && place < self.count, "there is no such place in the tree")
        var node = self.root
        var rest = place
        while !self.nodes[node].isLeaf {
            let index = self.child(of: node, holding: &rest)
            node = self.nodes[node].children[index]
        }
        return self.nodes[node].elements[rest]
    }

    /// The elements at some places, in order.
    ///
    /// - Complexity: O(log n) and the number of elements.
    /// - Parameter places: The places, of which those outside of the tree are left out.
    /// - Returns: The elements.
    func elements(at places: Range<Int>) -> [Element] {
        let places = places.clamped(to: 0..<self.count)
        var found: [Element] = []
        found.reserveCapacity(places.count)
        if !places.isEmpty { self.collect(places, under: self.root, into: &found) }
        return found
    }

    private func collect(_ places: Range<Int>, under node: Int, into found: inout [Element]) {
        if self.nodes[node].isLeaf { return found.append(contentsOf: self.nodes[node].elements[places]) }
        var start = 0
        for (index, count) in self.nodes[node].counts.enumerated() {
            let part = places.clamped(to: start..<start + count)
            if !part.isEmpty {
                let inner = part.lowerBound - start..<part.upperBound - start
                self.collect(inner, under: self.nodes[node].children[index], into: &found)
            }
            start += count
            if start >= places.upperBound { return }
        }
    }

    /// The child that has the element at a place under `node`; `place` becomes that under the child.
    private func child(of node: Int, holding place: inout Int) -> Int {
        var index = 0
        while place >= self.nodes[node].counts[index] {
            place -= self.nodes[node].counts[index]
            index += 1
        }
        return index
    }

    @inline(__always)
    private static func firstIndex(in elements: [Element], notBelow isBelow: (Element) -> Bool) -> Int {
        // Through a pointer: taking each out of the array would retain and release what it refers to, which lies anywhere.
        elements.withUnsafeBufferPointer { elements in
            var low = 0
            var high = elements.count
            while low < high {
                let middle = (low + high) / 2
                if isBelow(elements[middle]) { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    // MARK: Changing

    /// Changes what does not concern the order in the element at a place.
    ///
    /// - Complexity: O(log n).
    mutating func update(at place: Int, _ change: (inout Element) -> Void) {
        precondition(place >= 0 && place < self.count, "there is no such place in the tree")
        var node = self.root
        var rest = place
        while !self.nodes[node].isLeaf {
            let index = self.child(of: node, holding: &rest)
            node = self.nodes[node].children[index]
        }
        change(&self.nodes[node].elements[rest])
    }

    /// Adds an element that is not there yet.
    ///
    /// - Complexity: O(log n).
    mutating func insert(_ element: Element) {
        self.count += 1
        guard let split = self.insert(element, under: self.root) else { return }
        let old = self.root
        let node = Node(
            elements: [split.border],
            children: [old, split.node],
            counts: [self.count - split.total, split.total]
        )
        self.root = self.add(node)
    }

    private mutating func insert(_ element: Element, under node: Int) -> Split? {
        if self.nodes[node].isLeaf {
            let place = Self.firstIndex(in: self.nodes[node].elements) { $0 < element }
            self.nodes[node].elements.insert(element, at: place)
        } else {
            // An element that equals a border belongs behind it.
            let index = Self.firstIndex(in: self.nodes[node].elements) { $0 <= element }
            self.nodes[node].counts[index] += 1
            if let split = self.insert(element, under: self.nodes[node].children[index]) {
                self.nodes[node].counts[index] -= split.total
                self.nodes[node].elements.insert(split.border, at: index)
                self.nodes[node].children.insert(split.node, at: index + 1)
                self.nodes[node].counts.insert(split.total, at: index + 1)
            }
        }
        return self.nodes[node].size > self.capacity ? self.split(node) : nil
    }

    /// Moves the upper part of a node into a new one.
    private mutating func split(_ node: Int) -> Split {
        let size = self.nodes[node].size
        let (border, upper) = self.cut(node, at: size - size / 2)
        let total = upper.total
        return Split(border: border, node: self.add(upper), total: total)
    }

    /// Takes from a node what is behind a number of its elements or children.
    private mutating func cut(_ node: Int, at kept: Int) -> (border: Element, upper: Node) {
        var upper = Node()
        if self.nodes[node].isLeaf {
            upper.elements = Array(self.nodes[node].elements[kept...])
            self.nodes[node].elements.removeSubrange(kept...)
            return (upper.elements[0], upper)
        }
        let border = self.nodes[node].elements[kept - 1]
        upper.elements = Array(self.nodes[node].elements[kept...])
        upper.children = Array(self.nodes[node].children[kept...])
        upper.counts = Array(self.nodes[node].counts[kept...])
        self.nodes[node].elements.removeSubrange((kept - 1)...)
        self.nodes[node].children.removeSubrange(kept...)
        self.nodes[node].counts.removeSubrange(kept...)
        return (border, upper)
    }

    private mutating func add(_ node: Node) -> Int {
        guard let index = self.spareNodes.popLast() else {
            self.nodes.append(node)
            return self.nodes.count - 1
        }
        self.nodes[index] = node
        return index
    }

    private mutating func free(_ node: Int) {
        self.nodes[node] = Node()
        self.spareNodes.append(node)
    }

    /// Takes the element at a place out.
    ///
    /// - Complexity: O(log n).
    /// - Parameter place: The place.
    /// - Returns: The element.
    @discardableResult
    mutating func remove(at place: Int) -> Element {
        precondition(place >= 0 && place < self.count, "there is no such place in the tree")
        self.count -= 1
        let element = self.remove(at: place, under: self.root)
        if !self.nodes[self.root].isLeaf, self.nodes[self.root].children.count == 1 {
            let old = self.root
            self.root = self.nodes[old].children[0]
            self.free(old)
        }
        return element
    }

    /// Takes the elements at some places out.
    ///
    /// - Complexity: O(log n) for each.
    /// - Parameter places: The places, of which those outside of the tree are left out.
    /// - Returns: The elements, in order.
    @discardableResult
    mutating func remove(at places: Range<Int>) -> [Element] {
        let places = places.clamped(to: 0..<self.count)
        return places.map { _ in self.remove(at: places.lowerBound) }
    }

    private mutating func remove(at place: Int, under node: Int) -> Element {
        if self.nodes[node].isLeaf { return self.nodes[node].elements.remove(at: place) }
        var rest = place
        let index = self.child(of: node, holding: &rest)
        let element = self.remove(at: rest, under: self.nodes[node].children[index])
        self.nodes[node].counts[index] -= 1
        if self.nodes[self.nodes[node].children[index]].size < self.minimum { self.refill(index, of: node) }
        return element
    }

    /// Puts a child that has become too small together with its neighbour, or takes over half of what that one has more.
    private mutating func refill(_ index: Int, of node: Int) {
        let left = index > 0 ? index - 1 : index
        let first = self.nodes[node].children[left]
        let second = self.nodes[node].children[left + 1]
        let border = self.nodes[node].elements[left]
        let upper = self.nodes[second]
        if !upper.isLeaf { self.nodes[first].elements.append(border) }
        self.nodes[first].elements.append(contentsOf: upper.elements)
        self.nodes[first].children.append(contentsOf: upper.children)
        self.nodes[first].counts.append(contentsOf: upper.counts)
        let size = self.nodes[first].size
        if size <= self.capacity {
            self.free(second)
            self.nodes[node].counts[left] += self.nodes[node].counts[left + 1]
            self.nodes[node].elements.remove(at: left)
            self.nodes[node].children.remove(at: left + 1)
            self.nodes[node].counts.remove(at: left + 1)
        } else {
            let both = self.nodes[node].counts[left] + self.nodes[node].counts[left + 1]
            let (border, upper) = self.cut(first, at: size / 2)
            let total = upper.total
            self.nodes[second] = upper
            self.nodes[node].elements[left] = border
            self.nodes[node].counts[left] = both - total
            self.nodes[node].counts[left + 1] = total
        }
    }
}
