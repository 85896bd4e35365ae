extension Configuration {
    /// The configuration with what stands on the command line: a flag beats the file. The flags' values were checked
    /// by the file's rules when the command line was read.
    func applying(_ options: CommonOptions) -> Configuration {
        var result = self
        result.target = options.target ?? target
        result.kubeContext = options.context ?? kubeContext
        result.namespace = options.namespace ?? namespace
        result.registry = options.registry ?? registry
        return result
    }
}
