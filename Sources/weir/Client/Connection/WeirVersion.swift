/// The version of this build; the API names the server's.
enum WeirVersion {
    static let text = "0.1.0"
}
