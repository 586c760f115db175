import EngineInterface
import ServingPrimitives

/// `CreateMonolithMultiHashTable` and `MonolithHashTable`: make tables, unless they are there.
final class TableMakerKernel: OperationKernel {
    static let multi = OperationDefinition(
        name: "CreateMonolithMultiHashTable",
        attributes: ["container: string = ''", "shared_name: string = ''"],
        inputs: ["config: string", "filter_handle: resource", "sync_client_handle: resource"],
        outputs: ["multi_hash_table_handle: resource"],
        isStateful: true,
        kernel: .computing { (node) throws(ServingError) in
            TableMakerKernel(sharedName: try node.sharedName(), plainConfiguration: nil)
        }
    )

    static let plain = OperationDefinition(
        name: "MonolithHashTable",
        attributes: ["config: string", "container: string = ''", "shared_name: string = ''"],
        inputs: ["filter_handle: resource", "sync_client_handle: resource"],
        outputs: ["handle: resource"],
        isStateful: true,
        kernel: .computing { (node) throws(ServingError) in
            TableMakerKernel(sharedName: try node.sharedName(), plainConfiguration: try node.bytes("config"))
        }
    )

    private let sharedName: String
    /// `nil` for several tables, whose configuration is an input.
    private let plainConfiguration: [UInt8]?

    private init(sharedName: String, plainConfiguration: [UInt8]?) {
        self.sharedName = sharedName
        self.plainConfiguration = plainConfiguration
    }

    func compute(_ context: KernelContext) throws(ServingError) {
        let definition =
            if let plainConfiguration {
                EmbeddingTableDefinition(kind: .plain, sharedName: sharedName, configuration: plainConfiguration)
            } else {
                EmbeddingTableDefinition(
                    kind: .multi,
                    sharedName: sharedName,
                    configuration: try context.string(0, "config")
                )
            }
        try context.naming { () throws(ServingError) in try context.graphTables().make(definition) }
        try context.set(0, to: ResourceHandle(.tables, sharedName))
    }
}
