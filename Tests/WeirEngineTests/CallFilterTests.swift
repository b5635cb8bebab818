import Foundation
import TestSupport
import Testing
@testable import WeirEngine

@Suite("What the kernel refuses the programs of folders")
struct CallFilterTests {
    /// Runs a script under the filter; the script's folder is its own.
    private func run(_ script: String, under filter: CallFilter = .forFolders) async throws -> String {
        let folder = try TemporaryFolder("weir-filter")
        try Data(filter.program).write(to: folder.url.appendingPathComponent("filter"))
        try script.write(toFile: folder.path + "/script", atomically: true, encoding: .utf8)
        let start = "cd \(folder.path); exec bwrap --dev-bind / / --seccomp 3 -- sh ./script 3<filter"
        return try await HostCommand.run(["sh", "-c", start]).output
    }

    @Test("setuid and setgid bits are refused on every way to them, and all other modes are not (hostile 3)")
    func setBits() async throws {
        let output = try await run(
            """
            echo x > f; mkdir d
            for mode in 4755 2755 6755 u+s g+s; do chmod $mode f 2>/dev/null && echo "chmod $mode"; done
            chmod 2775 d 2>/dev/null && echo folder
            install -m 4755 /bin/true made 2>/dev/null
            perl -e 'use Fcntl; for (04755, 02755) { sysopen(my $f, "p$_", O_CREAT|O_WRONLY, $_) and print "open $_\\n" }'
            perl -e 'open(my $f, "<", "f"); chmod(04755, $f) and print "fchmod\\n"'
            find . -perm /6000
            for mode in 755 1777 600; do chmod $mode f || echo "no $mode"; done
            perl -e 'use Fcntl; sysopen(my $f, "f", O_RDONLY, 04755) or print "not read\\n"'
            touch new && ln new second && mv second third && cp f copy && rm -rf d && echo done
            """)
        #expect(output == "done\n")
    }

    @Test("devices and namespaces of users are refused; processes and threads begin as always")
    func others() async throws {
        let output = try await run(
            """
            for kind in 'c 1 3' 'b 7 0' p; do mknod node $kind 2>/dev/null && echo "mknod $kind"; done
            unshare --user true 2>/dev/null && echo users
            unshare --mount true && echo mounts
            (echo child); echo $(echo piped | cat)
            """)
        #expect(output == "mounts\nchild\npiped\n")
    }

    @Test("in a full folder files are read, renamed and deleted, and none is made or emptied (SSH-13, QUO-03)")
    func fullFolder() async throws {
        let output = try await run(
            """
            perl -e '
                use Fcntl;
                mkdir "d" or print "no folder\\n";
                link("script", "f") or print "no link\\n";
                sysopen(my $a, "new", O_WRONLY|O_CREAT, 0644) and print "made\\n";
                sysopen(my $b, "f", O_WRONLY|O_TRUNC) and print "emptied\\n";
                sysopen(my $c, "f", O_RDWR|O_APPEND|O_CREAT, 0644) and print "opened to append\\n";
                sysopen(my $s, "g", O_WRONLY|O_CREAT, 04755) and print "setuid\\n";
                sysopen(my $r, "f", O_RDONLY) or print "not read\\n";
                rename("f", "d/g") or print "not renamed\\n";
                unlink("d/g") or print "not deleted\\n";
                rmdir("d") or print "folder stays\\n";
                print join(" ", sort glob("*")), " done\\n";
            '
            """, under: .forFullFolders)
        #expect(output == "filter script done\n")
    }

    #if arch(x86_64)
    @Test("a call by its bare number, the newest ones and those of short pointers too, is no way around")
    func numbers() async throws {
        let output = try await run(
            #"""
            perl -e '
                open(my $f, ">", "f");
                sub try_it { my ($name, $number, @call) = @_; $! = 0; syscall($number, @call) < 0 or print "$name went through\n"; printf "%s %d\n", $name, $! }
                try_it("chmod", 90, "f", 04755); try_it("fchmod", 91, fileno($f), 02755); try_it("fchmodat", 268, -100, "f", 04755);
                try_it("fchmodat2", 452, -100, "f", 04755, 0); try_it("creat", 85, "g", 04755); try_it("open", 2, "g", 0101, 04755);
                try_it("openat", 257, -100, "g", 0101, 04755); try_it("nameless", 257, -100, ".", 020200002, 04755);
                try_it("openat2", 437, -100, "g", 0, 0); try_it("mknod", 133, "n", 0104755, 0); try_it("mknodat", 259, -100, "n", 020666, 259);
                try_it("io_uring", 425, 8, 0); try_it("clone3", 435, 0, 0); try_it("unshare", 272, 0x10000000);
                try_it("x32 chmod", 0x4000005a, "f", 04755);
            '
            """#)
        #expect(
            output.split(separator: "\n") == [
                "chmod 1", "fchmod 1", "fchmodat 1", "fchmodat2 1", "creat 1", "open 1", "openat 1", "nameless 1", "openat2 38", "mknod 1",
                "mknodat 1", "io_uring 38", "clone3 38", "unshare 1", "x32 chmod 38",
            ])
    }
    #endif
}
