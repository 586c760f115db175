import CTensorFlow
import ServingPrimitives
import Tensors

/// `ReadMonolithMultiHashTable`: stands for the tables of a shared name, made or not.
///
/// `MonolithDummyHashFilter` and `MonolithDummySyncClient`: stand for what training has and serving does without.
final class TableHandleKernel: OperationKernel {
    static let read = OperationDefinition(
        name: "ReadMonolithMultiHashTable",
        attributes: ["container: string = ''", "shared_name: string = ''"],
        outputs: ["multi_hash_table_handle: resource"],
        isStateful: true,
        kernel: .computing { (node) throws(ServingError) in TableHandleKernel(.tables, try node.sharedName()) }
    )

    static let filter = OperationDefinition(
        name: "MonolithDummyHashFilter",
        attributes: ["container: string = ''", "shared_name: string = ''"],
        outputs: ["handle: resource"],
        isStateful: true,
        kernel: .computing { (node) throws(ServingError) in TableHandleKernel(.nothing, node.name) }
    )

    static let syncClient = OperationDefinition(
        name: "MonolithDummySyncClient",
        attributes: ["config: string = ''", "container: string = ''", "shared_name: string = ''"],
        outputs: ["handle: resource"],
        isStateful: true,
        kernel: .computing { (node) throws(ServingError) in TableHandleKernel(.nothing, node.name) }
    )

    private let handle: ResourceHandle

    private init(_ kind: ResourceHandle.Kind, _ name: String) { handle = ResourceHandle(kind, name) }

    func compute(_ context: KernelContext) throws(ServingError) { try context.set(0, to: handle) }
}

/// `IsHashTableInitialized`: whether tables were made.
final class TableStateKernel: OperationKernel {
    static let definition = OperationDefinition(
        name: "IsHashTableInitialized",
        inputs: ["handle: resource"],
        outputs: ["is_initialized: bool"],
        isStateful: true,
        kernel: .computing { _ in TableStateKernel() }
    )

    func compute(_ context: KernelContext) throws(ServingError) {
        let name = try context.tableName(0, "handle")
        try context.allocate(0, .bool, shape: [], of: Bool.self)[0] = try context.graphTables().isMade(name)
    }
}
