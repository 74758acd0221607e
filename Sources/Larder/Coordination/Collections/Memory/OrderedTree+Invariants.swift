extension OrderedTree {
    /// What is wrong inside: nothing, unless there is a fault in the tree.
    func checkInvariants() -> [String] {
        var violations: [String] = []
        var depths: Set<Int> = []
        var reached: Set<Int> = []
        let total = self.check(self.root, depth: 0, from: nil, to: nil, &depths, &reached, &violations)
        if total != self.count { violations.append("\(total) elements are counted as \(self.count)") }
        if depths.count > 1 { violations.append("leaves lie at the depths \(depths.sorted())") }
        if !reached.isDisjoint(with: self.spareNodes) { violations.append("a node in use is spare") }
        if reached.count + Set(self.spareNodes).count != self.nodes.count {
            violations.append(
                "of \(self.nodes.count) nodes \(reached.count) are in use, \(self.spareNodes.count) spare"
            )
        }
        return violations
    }

    /// Checks a node and all under it, of which none may be below `lower`, and all have to be below `upper`.
    ///
    /// - Returns: How many elements are under the node.
    private func check(
        _ index: Int,
        depth: Int,
        from lower: Element?,
        to upper: Element?,
        _ depths: inout Set<Int>,
        _ reached: inout Set<Int>,
        _ violations: inout [String]
    ) -> Int {
        let node = self.nodes[index]
        if !reached.insert(index).inserted { violations.append("node \(index) has two parents") }
        if node.size > self.capacity { violations.append("node \(index) has \(node.size) of \(self.capacity)") }
        if index != self.root, node.size < self.minimum { violations.append("node \(index) has only \(node.size)") }
        for (left, right) in zip(node.elements, node.elements.dropFirst()) where left >= right {
            violations.append("node \(index) is not in order")
        }
        if let lower, let first = node.elements.first, first < lower {
            violations.append("node \(index) begins below its border")
        }
        if let upper, let last = node.elements.last, last >= upper {
            violations.append("node \(index) ends above its border")
        }
        guard !node.isLeaf else {
            depths.insert(depth)
            return node.elements.count
        }
        guard node.children.count == node.elements.count + 1, node.counts.count == node.children.count else {
            violations.append("node \(index) has \(node.children.count) children, \(node.elements.count) borders")
            return 0
        }
        for (place, child) in node.children.enumerated() {
            let found = self.check(
                child,
                depth: depth + 1,
                from: place > 0 ? node.elements[place - 1] : lower,
                to: place < node.elements.count ? node.elements[place] : upper,
                &depths,
                &reached,
                &violations
            )
            if found != node.counts[place] {
                violations.append("node \(child) has \(found) elements, counted as \(node.counts[place])")
            }
        }
        return node.total
    }
}
