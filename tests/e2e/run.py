#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs the end-to-end tests that are Python's: each file in a process of its
own, several at a time, everything counted.

    tests/e2e/run.py                all of them
    tests/e2e/run.py --quick        the ones below, with a small load
    tests/e2e/run.py chat echo      test_chat.py and test_echo.py
    tests/e2e/run.py -k NAME ...    only tests whose name holds NAME
    -j N                            so many files at a time; default 3

A failing file's output is printed whole; of the others one line. The last
line is "N passed, N failed, N skipped", the exit status 1 if any failed. The
settings are in support.py's head."""

import argparse
import concurrent.futures
import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
QUICK = ["http", "handshake", "echo", "chat", "options", "trace"]
QUICK_SETTINGS = {"E2E_LOAD": "0.1", "E2E_BIG": "8M"}
FILE_LIMIT = 900            # seconds for one file, times E2E_SLOW
# The longest first, so that they do not come alone at the end.
FIRST = ["redis", "workers", "redis_faults", "hostile", "network", "proxies",
         "expense", "leases", "order", "compression", "echo", "slow", "limits",
         "timeouts", "signals", "options"]


class Counting(unittest.TextTestResult):
    """Counts tests, not their failing sub-tests, and times them."""

    def startTest(self, test):
        self.began = time.monotonic()
        self.broken = len(self.failures) + len(self.errors)
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self.took = getattr(self, "took", [])
        self.took.append((round(time.monotonic() - self.began, 2),
                          test.id()))
        self.bad = getattr(self, "bad", [])
        if len(self.failures) + len(self.errors) > self.broken:
            self.bad.append(test.id())


def run_file(name, patterns, report):
    """In the child: one file's tests, and a report of them."""
    sys.path.insert(0, HERE)
    loader = unittest.TestLoader()
    if patterns:
        loader.testNamePatterns = ["*%s*" % p for p in patterns]
    suite = loader.loadTestsFromName("test_" + name)
    runner = unittest.TextTestRunner(verbosity=2, resultclass=Counting,
                                     stream=sys.stdout)
    result = runner.run(suite)
    bad = getattr(result, "bad", [])
    # A file that does not load, or a class's set-up, fails outside a test.
    outside = max(0, len(result.errors) + len(result.failures) -
                  sum(1 for _ in bad)) if not bad else 0
    with open(report, "w") as f:
        json.dump({
            "ran": result.testsRun,
            "failed": bad or ["test_%s as a whole" % name] * (outside > 0),
            "skipped": [(t.id(), why) for t, why in result.skipped],
            "took": getattr(result, "took", [])}, f)
    return 0 if result.wasSuccessful() else 1


def child(name, patterns, environment, limit):
    """Runs one file in a process group of its own; (report, output)."""
    with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
        report = os.path.join(folder, "report")
        command = [sys.executable, __file__, "--file", name,
                   "--report", report]
        for p in patterns:
            command += ["-k", p]
        with open(os.path.join(folder, "out"), "w+") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=environment, start_new_session=True, cwd=HERE)
            late = False
            try:
                process.wait(limit)
            except subprocess.TimeoutExpired:
                late = True
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
            out.seek(0)
            text = out.read()
        try:
            with open(report) as f:
                return json.load(f), text
        except (OSError, ValueError):
            why = "took more than %d s" % limit if late else "died"
            return {"ran": 0, "failed": ["test_%s %s" % (name, why)],
                    "skipped": [], "took": []}, text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("-k", action="append", default=[])
    parser.add_argument("-j", type=int, default=3)
    parser.add_argument("-v", action="store_true", help="print all output")
    parser.add_argument("--file", help=argparse.SUPPRESS)
    parser.add_argument("--report", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.file:
        return run_file(args.file, args.k, args.report)

    environment = dict(os.environ, PYTHONUNBUFFERED="1",
                       PYTHONDONTWRITEBYTECODE="1")
    names = [n.removeprefix("test_").removesuffix(".py") for n in args.names]
    if args.quick:
        names = names or QUICK
        environment = {**QUICK_SETTINGS, **environment}
    if not names:
        names = sorted(os.path.basename(f)[5:-3]
                       for f in glob.glob(os.path.join(HERE, "test_*.py")))
        names.sort(key=lambda n: FIRST.index(n) if n in FIRST else 99)

    limit = FILE_LIMIT * float(os.environ.get("E2E_SLOW") or 1)
    passed, failed, skipped, took = 0, [], [], []
    with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
        jobs = {pool.submit(child, n, args.k, environment, limit): n
                for n in names}
        for job in concurrent.futures.as_completed(jobs):
            report, text = job.result()
            good = report["ran"] - len(report["skipped"]) - len(
                [f for f in report["failed"] if " " not in f])
            passed += good
            failed += report["failed"]
            skipped += report["skipped"]
            took += report["took"]
            if report["failed"] or args.v:
                print(text.rstrip())
            print("test_%s: %d passed, %d failed, %d skipped (%.0f s)" %
                  (jobs[job], good, len(report["failed"]),
                   len(report["skipped"]),
                   sum(t for t, _ in report["took"])), flush=True)
            if not (report["failed"] or args.v):
                # What tests measured and tell: lines that are no verdicts.
                for line in text.splitlines():
                    if "VmHWM" in line or "receivers:" in line or \
                            "worst round trip" in line or \
                            "20 streams" in line or "on the wire:" in line:
                        print("    " + line[line.find("... ") + 4:]
                              if "... " in line else "    " + line)

    print("slowest: " + ", ".join(
        "%s %.1f s" % (name.split(".", 1)[1], t)
        for t, name in sorted(took, reverse=True)[:5]))
    for name, why in skipped:
        print("skipped: %s: %s" % (name, why))
    for name in failed:
        print("FAILED: " + name)
    print("%d passed, %d failed, %d skipped" %
          (passed, len(failed), len(skipped)))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
