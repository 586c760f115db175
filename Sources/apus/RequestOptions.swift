import ArgumentParser
import ServingConfig

/// What requests may ask for.
struct RequestOptions: ParsableArguments {
    @Flag(help: "Let Classify, Regress and Predict only call signatures whose method_name says so.")
    var checkSignatureMethodName = false

    func apply(to configuration: inout ServerConfiguration) {
        configuration.loading.checksSignatureMethodName = checkSignatureMethodName
    }
}
