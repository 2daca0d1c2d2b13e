/// The version of meterd: the daemon, its tools and its answers all tell this one.
public enum MeterdVersion {
    /// Semantic version, without a leading "v".
    public static let text = "0.1.0"
}
