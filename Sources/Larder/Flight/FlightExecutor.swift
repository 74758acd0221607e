/// Where a cache's own tasks run while a test decides about it.
///
/// A task without a parent does not inherit its maker's executor, so fills ask here for it.
@_spi(Testing)
public enum TestExecutor: Sendable {
    /// The executor of tasks that caches begin from now on; `nil` leaves them to the runtime.
    @TaskLocal public static var current: (any TaskExecutor)?
}
