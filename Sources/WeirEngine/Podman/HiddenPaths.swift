/// A container does not see these paths of `/proc` and `/sys`, beside those that Podman hides: the machine's disks, whose names and files tell
/// of other tenants, and what the kernel tells of itself, addresses among it.
enum HiddenPaths {
    static let all = disks + kernel + machine

    private static let disks = [
        "/proc/diskstats", "/proc/partitions", "/proc/mdstat", "/proc/swaps", "/proc/fs", "/sys/block", "/sys/class/block",
        "/sys/class/bdi", "/sys/dev/block", "/sys/devices/virtual/block", "/sys/devices/virtual/bdi", "/sys/fs/bcache", "/sys/fs/btrfs",
        "/sys/fs/erofs", "/sys/fs/ext4", "/sys/fs/f2fs", "/sys/fs/fuse", "/sys/fs/pstore", "/sys/fs/xfs", "/sys/fs/bpf",
    ]

    /// `/sys/kernel/mm` stays: allocators and databases read there how large pages are used.
    private static let kernel = [
        "/proc/kallsyms", "/proc/modules", "/proc/config.gz", "/proc/cmdline", "/proc/iomem", "/proc/ioports", "/proc/vmallocinfo",
        "/proc/slabinfo", "/proc/pagetypeinfo", "/proc/buddyinfo", "/proc/zoneinfo", "/proc/kpagecount", "/proc/kpageflags",
        "/proc/kpagecgroup", "/proc/sched_debug", "/proc/schedstat", "/proc/timer_list", "/proc/timer_stats", "/proc/latency_stats",
        "/proc/dynamic_debug", "/proc/kmsg", "/proc/kcore", "/proc/sysrq-trigger", "/sys/kernel/boot_params", "/sys/kernel/btf",
        "/sys/kernel/cgroup", "/sys/kernel/config", "/sys/kernel/debug", "/sys/kernel/iommu_groups", "/sys/kernel/irq",
        "/sys/kernel/livepatch", "/sys/kernel/notes", "/sys/kernel/security", "/sys/kernel/slab", "/sys/kernel/software_nodes",
        "/sys/kernel/tracing", "/sys/kernel/vmcoreinfo",
    ]

    /// These tell of others: locks, keys, interrupts; and the name that the machine has of its maker.
    private static let machine = [
        "/proc/locks", "/proc/keys", "/proc/key-users", "/proc/interrupts", "/proc/softirqs", "/proc/irq", "/proc/tty/driver",
        "/proc/scsi", "/proc/acpi", "/proc/asound", "/proc/mtrr", "/sys/class/dmi", "/sys/devices/virtual/dmi",
        "/sys/devices/virtual/powercap", "/sys/firmware", "/sys/power",
    ]
}
