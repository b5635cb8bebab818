#!/usr/bin/env python3
"""Mutation check of the billing rules and the ledger: breaks one rule at a time and expects the billing tests to fail.

The rules, and then the ledger, are copied with their tests into a small package of their own, so that each round builds quickly.
Usage: Scripts/mutations.py [NUMBER ...]   without numbers, all of them; those of the ledger come last
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
RULES = pathlib.Path("Sources/WeirModel/Billing")

# What is broken, in which file, and how.
MUTATIONS = [
    ("money rounds up", "RunPrice.swift", "exactly: total / (60 * Self.grains)", "exactly: (total + 60 * Self.grains - 1) / (60 * Self.grains)"),
    ("money rounds to the nearest", "RunPrice.swift", "exactly: total / (60 * Self.grains)", "exactly: (total + 30 * Self.grains) / (60 * Self.grains)"),
    ("minutes round down", "MeteredRun.swift", "(elapsed + BillingCalendar.minute - 1) / BillingCalendar.minute", "elapsed / BillingCalendar.minute"),
    ("a full minute counts as two", "MeteredRun.swift", "(elapsed + BillingCalendar.minute - 1)", "(elapsed + BillingCalendar.minute)"),
    ("each item rounds by itself", "RunPrice.swift", "hourly = try hourly.plus(exact)", "hourly = try hourly.plus(exact / Self.grains * Self.grains)"),
    ("each settlement rounds by itself", "Charge.swift", "return try whole.subtracting(try price.amount(minutes: before.minutes))",
     "return after.minutes < before.minutes ? try whole.subtracting(try price.amount(minutes: before.minutes)) : try price.amount(minutes: minutes)"),
    ("instances are charged once", "RunPrice.swift", "hourly.times(Int128(instances))", "hourly.times(1)"),
    ("the key forgets the minute", "Charge.swift", "/\\(run.before.minutes)\"", "\""),
    ("the key forgets corrections", "Charge.swift", "/\\(run.before.corrections)/", "/0/"),
    ("the key forgets the run", "Charge.swift", "\"run/\\(run.run)/", "\"run/"),
    ("the key forgets the day", "Charge.swift", "key = \"storage/\\(storage.meter)/\\(storage.day)\"", "key = \"storage/\\(storage.meter)\""),
    ("months are not cut", "Settlement.swift", "min(BillingCalendar.nextHour(after: first), month.upperBound)", "BillingCalendar.nextHour(after: first)"),
    ("hours are not cut", "Settlement.swift", "min(BillingCalendar.nextHour(after: first), month.upperBound)", "month.upperBound"),
    ("the hour that runs is charged", "Settlement.swift", "let hour = BillingCalendar.hourStart(now)", "let hour = BillingCalendar.nextHour(after: now)"),
    ("nothing is given back", "Settlement.swift", "guard end != nil else { break }", "break"),
    ("a run that goes on is given back", "Settlement.swift", "guard end != nil else { break }", ""),
    ("a list applies a moment late", "TariffHistory.swift", "$0.startsAt <= moment", "$0.startsAt < moment"),
    ("the first list applies for ever", "TariffHistory.swift", "versions.last(where:", "versions.first(where:"),
    ("storage rounds up", "StorageCharge.swift", "exactly: charged / (Int128(dayHours ?? hours) << 30)", "exactly: (charged + (Int128(dayHours ?? hours) << 30) - 1) / (Int128(dayHours ?? hours) << 30)"),
    ("a day always has 24 hours", "StorageCharge.swift", "hours: hours.count, dayHours", "hours: 24, dayHours"),
    ("the last sample of an hour counts", "StorageCharge.swift", "other.at <= sample.at", "other.at > sample.at"),
    ("a missing hour counts nothing", "StorageCharge.swift", "guard let last else { continue }", "guard let last, byHour[hour] != nil else { continue }"),
    ("less than free is paid out", "StorageCharge.swift", "return max(0, held - ", "return (held - "),
    ("a day is over a moment late", "BillingCalendar.swift", "while cursor < today, days", "while cursor <= today, days"),
    ("a balance of zero is enough", "Arrears.swift", "balance <= 0", "balance < 0"),
    ("the boundary itself is one", "Arrears.swift", "now >= stopsAt", "now > stopsAt"),
    ("deletion comes a day early", "ArrearsDeletion.swift", "days = 60", "days = 59"),
    ("a late announcement does not count", "ArrearsDeletion.swift", "return promised.reduce(since + Self.day * Self.days, max)", "return since + Self.day * Self.days"),
    ("a quote forgets the started minute", "Quote.swift", "(limit % 60 > 0 ? 1 : 0)", "0"),
    ("a board pays for an environment's parts", "RunPrice.swift", "case .environment:", "case .environment, .board:"),
    ("a budget holds a moment longer", "Budget.swift", "charged >= limit", "charged > limit"),
    ("a warning is repeated", "Outlook.swift", "before.balance > $0 && now", "now"),
    ("a forecast bills the month before again", "Outlook.swift", "max(settled.minutes, try run.minutes(until: month.lowerBound))", "settled.minutes"),
    ("verification passes over the amount", "Charge.swift", "if amount != again.amount {", "if false {"),
    ("verification passes over the price", "Charge.swift", "guard basis.price == price else {", "guard true else {"),
]

STORE = "Sources/WeirStore/Billing/"
PLATFORM = "Sources/WeirPlatform/Billing/"
LEDGER = [
    ("a balance of zero is not used up", STORE + "LedgerChanges.swift", "isWorkspace && Arrears.isUsedUp(balance)", "isWorkspace && balance < 0"),
    ("what is used up is so since the last charge", STORE + "LedgerChanges.swift", "before.usedUpSince ?? at", "at"),
    ("any posting under a key is the same", STORE + "LedgerChanges.swift", "guard entry.posting == posting else {", "guard true else {"),
    ("a key may come twice", STORE + "LedgerChanges.swift", "if let entry = try read.entry(key: posting.key) {", "if false, let entry = try read.entry(key: posting.key) {"),
    ("the counter account is given, not taken from", STORE + "LedgerTotals.swift", "sums[line.key.counter.rawValue, default: 0] -= line.value", "sums[line.key.counter.rawValue, default: 0] += line.value"),
    ("a refund is not taken off the bill", STORE + "LedgerTotals.swift", "lines[line, default: 0] += Int128(posting.amount.micro)",
     "lines[line, default: 0] += posting.kind == .refund ? 0 : Int128(posting.amount.micro)"),
    ("a person's spending is forgotten", STORE + "LedgerTotals.swift", " + (account.map { [SpendingScope.account($0)] } ?? [])", ""),
    ("a settlement does not look at the end", STORE + "RunSettlements.swift", "AND ended_at IS ?8 AND", "AND (ended_at IS ?8 OR 1) AND"),
    ("a settlement does not look at the start", STORE + "RunSettlements.swift", "AND running_at = ?7\n", "AND running_at >= ?7 * 0\n"),
    ("a run is done with its first charge", STORE + "RunSettlements.swift", "settlement.plan.isFinal ? finish : moveOn", "settlement.plan.isFinal ? finish : finish"),
    ("a run that is over is never done", STORE + "RunSettlements.swift", "settlement.plan.isFinal ? finish : moveOn", "settlement.plan.isFinal ? moveOn : moveOn"),
    ("a key that is taken stops all that is settled with it", STORE + "RunSettlements.swift", "taken.isTaken(\"ledger_entry.key\")", "taken.isTaken(\"ledger_entry.sequence\")"),
    ("the hash forgets the note", STORE + "LedgerChain.swift", "        fields.add(note)\n", ""),
    ("the hash forgets the start of a run", STORE + "LedgerChain.swift", "        if let start = minutes?.start { fields.add(start.milliseconds) }\n", ""),
    ("the hash forgets the entry before", STORE + "LedgerChain.swift", "        hash.update(bufferPointer: previous)\n", ""),
    ("refunds of a charge share a key", STORE + "Posting.swift", "/refund/\\(idempotency)\"", "/refund/x\""),
    ("a run keeps a price of another list", STORE + "Tariffs.swift", "tariff == number && kind", "kind"),
    ("a charge cannot be given back to the last", PLATFORM + "Ledger.swift", "guard amount <= left", "guard amount < left"),
    ("a recharge belongs to no workspace", PLATFORM + "Ledger.swift", "\\(prefix)/\\(entering.workspace)/", "\\(prefix)/"),
    ("a code is good for a moment longer", PLATFORM + "Vouchers.swift", "expiresAt <= now { throw WeirError.voucherExpired", "expiresAt < now { throw WeirError.voucherExpired"),
    ("payments of a provider share a key", PLATFORM + "Vouchers.swift", "payment/\\(provider)/\\(reference)", "payment/\\(provider)"),
    ("the file's list is published at every start", PLATFORM + "Tariffs.swift", "!= hash else { return nil }", "!= hash || true else { return nil }"),
    ("verification passes over the chain", PLATFORM + "LedgerAudit.swift", "guard entry.hash == hash else {", "guard true else {"),
    ("verification passes over the price list", PLATFORM + "LedgerAudit.swift", "guard recorded == listed else {", "guard true else {"),
    ("verification passes over a start that was moved", PLATFORM + "LedgerAudit.swift", "guard minutes.start == nil || minutes.start == start else {", "guard true else {"),
    ("verification passes over the end of a run", PLATFORM + "LedgerAudit.swift", "if whole != after.minutes {", "if false {"),
]

PACKAGE = """// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "billing", platforms: [.macOS(.v15)],
    targets: [
        .target(name: "WeirModel"),
        .target(name: "TestSupport"),
        .testTarget(name: "WeirModelTests", dependencies: ["WeirModel", "TestSupport"]),
    ], swiftLanguageModes: [.v6])
"""

LEDGER_PACKAGE = """// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let package = Package(
    name: "ledger", platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        .target(name: "WeirModel", swiftSettings: strict),
        .target(name: "WeirStore", dependencies: ["WeirModel", grdb, sqlite, crypto], swiftSettings: strict),
        .target(name: "WeirPlatform", dependencies: ["WeirModel", "WeirStore", crypto], swiftSettings: strict),
        .target(name: "TestSupport", dependencies: ["WeirModel"], swiftSettings: strict),
        .testTarget(name: "LedgerTests", dependencies: ["WeirModel", "WeirStore", "WeirPlatform", "TestSupport", grdb, crypto], swiftSettings: strict),
    ], swiftLanguageModes: [.v6])
"""

# What of the platform the ledger needs.
LEDGER_FILES = [
    "Sources/WeirPlatform/Billing/" + name
    for name in ["Ledger.swift", "LedgerAudit.swift", "LedgerVerification.swift", "StorageAudit.swift", "Tariffs.swift", "Vouchers.swift"]
] + [
    "Sources/WeirPlatform/Accounts/Caller.swift", "Sources/WeirPlatform/Accounts/Secrets.swift",
    "Sources/WeirPlatform/Workspaces/Access.swift", "Sources/WeirPlatform/Workloads/IdempotencyKey.swift",
    "Sources/WeirPlatform/Workloads/IdempotencyKey+Store.swift",
]
LEDGER_TESTS = [
    "WeirPlatformTests/Billing/" + name
    for name in [
        "LedgerScene.swift", "LedgerWalk.swift", "LedgerPropertyTests.swift", "LedgerVerificationTests.swift", "LedgerTests.swift",
        "VoucherTests.swift", "TariffTests.swift",
    ]
] + ["WeirStoreTests/StoreFixture.swift", "WeirStoreTests/Billing/LedgerStoreTests.swift"]


def run_tests(package: pathlib.Path) -> tuple[str, str]:
    """`killed` when a test fails, `survived` when all pass, `unbuilt` when the mutation does not compile."""
    built = subprocess.run(["swift", "build", "--build-tests", "--package-path", package], capture_output=True, text=True)
    if built.returncode != 0:
        return "unbuilt", built.stdout[-2000:] + built.stderr[-2000:]
    with subprocess.Popen(
        ["swift", "test", "--skip-build", "--disable-xctest", "--package-path", package],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "TEST_RUNS": "40"}, start_new_session=True,
    ) as tested:
        try:
            output, _ = tested.communicate(timeout=180)
        except subprocess.TimeoutExpired:
            os.killpg(tested.pid, signal.SIGKILL)
            return "killed", "the tests do not end"
    failed = [line.split('"')[1] for line in output.splitlines() if line.startswith("✘ Test ") and " failed after " in line and '"' in line]
    if tested.returncode == 0:
        return "survived", ""
    return "killed", failed[0] if failed else "the process ended"


def rules_package(package: pathlib.Path) -> None:
    (package / "Package.swift").write_text(PACKAGE)
    shutil.copytree(ROOT / "Sources/WeirModel", package / "Sources/WeirModel")
    shutil.copytree(ROOT / "Tests/WeirModelTests/Billing", package / "Tests/WeirModelTests/Billing")
    shutil.copytree(ROOT / "Docs", package / "Docs")
    (package / "Sources/TestSupport").mkdir()
    shutil.copy(ROOT / "Tests/TestSupport/SeededRandom.swift", package / "Sources/TestSupport")


def ledger_package(package: pathlib.Path) -> None:
    (package / "Package.swift").write_text(LEDGER_PACKAGE)
    if (ROOT / "Package.resolved").exists():
        shutil.copy(ROOT / "Package.resolved", package)
    for folder in ["Sources/WeirModel", "Sources/WeirStore"]:
        shutil.copytree(ROOT / folder, package / folder)
    for file in LEDGER_FILES:
        (package / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, package / file)
    (package / "Sources/TestSupport").mkdir()
    (package / "Tests/LedgerTests").mkdir(parents=True)
    for name in ["SeededRandom.swift", "Property.swift", "ManualClock.swift", "TestDay.swift", "TemporaryFolder.swift"]:
        shutil.copy(ROOT / "Tests/TestSupport" / name, package / "Sources/TestSupport")
    for file in LEDGER_TESTS:
        shutil.copy(ROOT / "Tests" / file, package / "Tests/LedgerTests")


def check(make, mutations: list, first: int, chosen: set) -> int:
    """Breaks the chosen ones of the mutations, numbered from `first`; returns how many the tests did not see."""
    numbers = [number for number in range(first, first + len(mutations)) if number in chosen]
    if not numbers:
        return 0
    alive = 0
    with tempfile.TemporaryDirectory(prefix="weir-mutations-") as folder:
        package = pathlib.Path(folder)
        make(package)
        state, text = run_tests(package)
        if state != "survived":
            print(f"the tests do not pass without a mutation: {state} {text}")
            return 1
        for number in numbers:
            name, file, old, new = mutations[number - first]
            path = package / file
            source = path.read_text()
            if source.count(old) != 1:
                state, text = "misplaced", f"{file} has {source.count(old)} places"
            else:
                path.write_text(source.replace(old, new))
                state, text = run_tests(package)
                path.write_text(source)
            alive += state != "killed"
            print(f"{number:3} {state:9} {name}{': ' + text if text else ''}", flush=True)
    print(f"{len(numbers) - alive} of {len(numbers)} killed", flush=True)
    return alive


def main() -> int:
    rules = [(name, RULES / file, old, new) for name, file, old, new in MUTATIONS]
    chosen = {int(number) for number in sys.argv[1:]} or set(range(1, len(rules) + len(LEDGER) + 1))
    alive = check(rules_package, rules, 1, chosen) + check(ledger_package, LEDGER, len(rules) + 1, chosen)
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
