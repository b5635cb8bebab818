import WeirModel

/// What is run in an environment for a shell, a command and the file protocol: with the shell that the image has, where the kept files lie.
enum EnvironmentScript {
    /// Where the engine shows OpenSSH's own programs to every environment, for images that lack them.
    static let tools = "/opt/weir/ssh"

    static func command(_ request: SessionChannel.Request) -> [String] {
        switch request {
        case .shell: ["/bin/sh", "-c", begin + shell, "weir-ssh"]
        case .command(let text): ["/bin/sh", "-c", begin + run, "weir-ssh", text]
        case .files: ["/bin/sh", "-c", begin + files, "weir-sftp"]
        }
    }

    /// Work lies in the project's code; a home of root is lost at the next start.
    private static let begin = """
        cd \(ContainerPaths.code) 2>/dev/null || cd "$HOME" 2>/dev/null || cd /
        [ ! -d \(tools)/bin ] || export PATH="$PATH:\(tools)/bin"
        SHELL="$(command -v bash || echo /bin/sh)"; export SHELL
        export LANG="${LANG:-C.UTF-8}"

        """

    private static let run = """
        exec "$SHELL" -c "$1"
        """

    /// A home that others can write is refused by ssh and others in the environment: the person is told (SSH-10).
    private static let shell = """
        mode="$(stat -c %a "$HOME" 2>/dev/null)"
        case "$mode" in
        *[2367]|*[2367]?) echo "weir: $HOME has the mode $mode: ssh and others refuse such a home. Repair it with: chmod 700 $HOME (or weir ssh repair)" >&2 ;;
        esac
        exec "$SHELL" -l
        """

    private static let files = """
        for server in \(tools)/bin/sftp-server /usr/lib/openssh/sftp-server /usr/libexec/openssh/sftp-server \
        /usr/lib/ssh/sftp-server /usr/libexec/sftp-server; do
            [ ! -x "$server" ] || exec "$server" -d "$PWD"
        done
        echo 'weir: this environment has no sftp-server: start it again, or install openssh-sftp-server in its image' >&2
        exit 127
        """
}
