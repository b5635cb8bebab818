/// How this program was built.
enum Build {
    static func warn() {
        #if DEBUG
        print("This is a debug build: its figures mean nothing. Build with `-c release`.")
        #endif
    }
}
