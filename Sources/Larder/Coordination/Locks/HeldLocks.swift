/// The locks that the current task holds: a section that asks for one of them would wait for itself.
enum HeldLocks {
    /// Those that were held when the innermost section around the task began.
    ///
    /// A plain list, and not a chain from section to section: tasks that sections leave behind, and that begin sections of
    /// their own, would make one without an end.
    @TaskLocal static var sections: [HeldSection] = []

    /// What the task holds within another section.
    static func adding(_ section: HeldSection) -> [HeldSection] {
        let around = Self.sections
        return around.isEmpty ? [section] : around.filter { !$0.isOver } + [section]
    }

    /// Refuses what a section around this task holds.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/lockReentered``.
    static func check(_ resource: LockResource, of locks: ObjectIdentifier) throws {
        for section in Self.sections
        where section.locks == locks && section.request.resource == resource && !section.isOver {
            let what = resource.kind == .lock ? "the lock" : "a permit"
            throw CacheError(.lockReentered, "\(what) is held by the section that asks for it", key: resource.name)
        }
    }
}
