import Synchronization

/// Where other threads put what an event loop has to do, one wake-up for as many items as come before it looks.
///
/// Waking an event loop costs a system call and, on an idle loop, a context switch; under load many completions share
/// one.
final class CompletionMailbox<Item: Sendable>: Sendable {
    private let items = Mutex<[Item]>([])

    /// Adds an item.
    ///
    /// - Returns: whether the mailbox was empty: then the caller must see to it that `takeAll` is called soon. Otherwise
    ///   somebody did already.
    func post(_ item: Item) -> Bool {
        items.withLock { items in
            defer { items.append(item) }
            return items.isEmpty
        }
    }

    /// Empties the mailbox; items in the order they came.
    func takeAll() -> [Item] {
        items.withLock { items in
            var taken: [Item] = []
            swap(&taken, &items)
            return taken
        }
    }
}
