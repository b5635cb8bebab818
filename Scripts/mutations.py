#!/usr/bin/env python3
"""Mutation check of the billing rules: breaks one rule at a time and expects the billing tests to fail.

The rules are copied with their tests into a small package of their own, so that each round builds in seconds.
Usage: Scripts/mutations.py [NUMBER ...]   without numbers, all of them
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
    ("storage rounds up", "StorageCharge.swift", "exactly: charged / (Int128(hours) << 30)", "exactly: (charged + (Int128(hours) << 30) - 1) / (Int128(hours) << 30)"),
    ("a day always has 24 hours", "StorageCharge.swift", "hours: hours.count, measured", "hours: 24, measured"),
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


def run_tests(package: pathlib.Path) -> tuple[str, str]:
    """`killed` when a test fails, `survived` when all pass, `unbuilt` when the mutation does not compile."""
    built = subprocess.run(["swift", "build", "--build-tests", "--package-path", package], capture_output=True, text=True)
    if built.returncode != 0:
        return "unbuilt", built.stdout[-2000:]
    with subprocess.Popen(
        ["swift", "test", "--skip-build", "--disable-xctest", "--package-path", package, "--filter", "Billing"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "TEST_RUNS": "40"}, start_new_session=True,
    ) as tested:
        try:
            output, _ = tested.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(tested.pid, signal.SIGKILL)
            return "killed", "the tests do not end"
    failed = [line.split('"')[1] for line in output.splitlines() if line.startswith("✘ Test ") and " failed after " in line and '"' in line]
    if tested.returncode == 0:
        return "survived", ""
    return "killed", failed[0] if failed else "the process ended"


def main() -> int:
    chosen = [int(number) for number in sys.argv[1:]] or range(1, len(MUTATIONS) + 1)
    with tempfile.TemporaryDirectory(prefix="weir-mutations-") as folder:
        package = pathlib.Path(folder)
        (package / "Package.swift").write_text(PACKAGE)
        shutil.copytree(ROOT / "Sources/WeirModel", package / "Sources/WeirModel")
        shutil.copytree(ROOT / "Tests/WeirModelTests/Billing", package / "Tests/WeirModelTests/Billing")
        shutil.copytree(ROOT / "Docs", package / "Docs")
        (package / "Sources/TestSupport").mkdir()
        shutil.copy(ROOT / "Tests/TestSupport/SeededRandom.swift", package / "Sources/TestSupport")
        state, text = run_tests(package)
        if state != "survived":
            print(f"the tests do not pass without a mutation: {state} {text}")
            return 1
        alive = 0
        for number in chosen:
            name, file, old, new = MUTATIONS[number - 1]
            path = package / RULES / file
            source = path.read_text()
            if source.count(old) != 1:
                state, text = "misplaced", f"{file} has {source.count(old)} places"
            else:
                path.write_text(source.replace(old, new))
                state, text = run_tests(package)
                path.write_text(source)
            alive += state != "killed"
            print(f"{number:3} {state:9} {name}{': ' + text if text else ''}", flush=True)
        print(f"{len(list(chosen)) - alive} of {len(list(chosen))} killed")
        return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
