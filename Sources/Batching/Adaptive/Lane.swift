/// The tasks of one shape class, priority and tenant.
struct Lane: Sendable {
    let shape: ShapeClass
    let priority: Int
    let tenant: Int
    var order = DeadlineOrder()

    init(shape: ShapeClass, priority: Int, tenant: Int) {
        self.shape = shape
        self.priority = priority
        self.tenant = tenant
    }

    func holds(_ terms: TaskTerms) -> Bool {
        terms.shape.id == shape.id && terms.priority == priority && terms.tenant == tenant
    }
}
