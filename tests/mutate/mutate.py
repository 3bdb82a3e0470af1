#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Changes base, wire and store one thing at a time, and asks the unit tests.

    mutate.py                  all mutants
    mutate.py --sample 200     some, chosen at random; --seed repeats a choice
    mutate.py FILE...          those of some files
    mutate.py --left           those that were left by the run before
    mutate.py --quick          only what is fast among a file's own tests

A mutant is killed when a test fails, dies or does not end. One whose object
code is that of the original at -O2 is no mutant and is not counted. What
survives must stand in survivors.txt with the reason why it may; what stands
there and was killed, or is no longer there, is an error too.

A file is compiled with all its mutants in it, each a variant of its function
that is chosen when a program starts; tables are compiled mutant by mutant. Its
own tests come first, then whatever else links it, then the fuzzers' corpus; the
first failure is the last. Tests that take long are asked of their own file's
mutants only; and what is left by then is built once more with AddressSanitizer
and UBSan.
"""
import argparse
import functools
import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
import mutants as find  # noqa: E402

BUILD = "build/mutate"
CC = os.environ.get("CC", "cc")
FLAGS = ["-std=c11", "-w", "-fno-strict-aliasing"]
TEST_FLAGS = ["-D_GNU_SOURCE", "-I", "tests/foreign", "-iquote", "tests"]
SOON = ("-O1",)
SANITIZE = ("-O1", "-fsanitize=address,undefined",
            "-fno-sanitize-recover=all")
PATHS = ["-iquote", "src"]
FOLDERS = ["src/base", "src/wire", "src/store"]
# What the test of a file runs on: the simulated kernel, of which each program
# has what it asks for.
KERNEL = ["src/os/error.c", "src/os/socket_text.c",
          *("tests/sim/%s.c" % part for part in (
              "children", "disk", "kernel", "network", "storage",
              "supervisor"))]
SURVIVORS = os.path.join(HERE, "survivors.txt")
LEFT = BUILD + "/left.json"

FAST_MS = 40   # of a test: it is asked of other files' mutants as well
SLOW_MS = 400  # of a test: it is asked last
GRACE_MS = 150  # what a test may take above ten times its own time
WALL_S = 60    # when nothing else stops a program

# The tests of a file where its name does not say it.
OWN = {
    "ip": ["ip", "ip_put"],
    "explain": ["explain", "explain_head", "explain_frame"],
    "explain_blocks": ["explain", "explain_frame"],
    "explain_frame": ["explain", "explain_frame"],
    "explain_head": ["explain", "explain_head"],
    "explain_judge": ["explain_judge", "explain", "explain_head"],
    "explain_rules": ["explain", "explain_frame"],
    "explain_secret": ["explain", "explain_head"],
    "listing": ["listing", "explain"],
    "http_fields": ["http_fields", "http"],
    "http_response": ["http_response", "http"],
    "http_target": ["http_target", "http"],
    "token": ["token", "token_sign"],
    "token_json": ["token", "token_sign"],
    "bits": ["bits", "huffman", "inflate", "deflate"],
    "huffman": ["huffman", "inflate", "deflate"],
    "deflate_symbols": ["inflate", "deflate", "huffman"],
    "inflate": ["inflate", "permessage", "codec_zlib"],
    "deflate": ["deflate", "permessage", "codec_zlib"],
}


@functools.lru_cache(maxsize=None)
def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def compile_object(source, out, flags, text=None):
    """None, or what the compiler said. `text` is compiled in source's place;
    then no object tells where it came from."""
    if text is None:
        command = [CC, *FLAGS, *flags, *PATHS, "-c", "-o", out, source]
    else:
        command = [CC, *FLAGS, *flags, *PATHS, "-c", "-o", out, "-x", "c", "-"]
    done = subprocess.run(command, input=text, text=True, cwd=ROOT,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return done.stderr if done.returncode else None


def digest(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


class Program:
    """A test program: its objects, and its tests with their times."""

    def __init__(self, name, objects, arguments=(), libraries=()):
        self.name, self.objects = name, objects
        self.arguments, self.libraries = list(arguments), list(libraries)
        self.cases = []  # (index, ms), the fastest first
        self.measured = False

    def within(self, least, most):
        return [case for case in self.cases if least <= case[1] < most]

    def link(self, out, objects, flags=()):
        command = [CC, *flags, "-o", out, *objects, *self.libraries]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            sys.exit("%s does not link:\n%s" % (self.name, done.stdout))

    def run(self, path, cases, patience, number=0):
        """How it ended: a pass is None."""
        environment = dict(os.environ, CODEC_STREAMS="60",
                           MUTATE_NUMBER=str(number))
        environment["MUTATE_RUN"] = " ".join(
            "%d:%d" % (i, ms * patience + GRACE_MS) for i, ms in cases)
        try:
            done = subprocess.run([path, *self.arguments], cwd=ROOT,
                                  env=environment, timeout=WALL_S,
                                  stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return "time"
        if done.returncode in (-27, -24):  # SIGPROF, SIGXCPU
            return "time"
        return "killed" if done.returncode else None


# ---- What is built before ----------------------------------------------------


class House:
    """Objects and test programs of the source as it is."""

    def __init__(self):
        self.headers = [h for pattern in ("src/*/*.h", "tests/*/*.h")
                        for h in sorted(glob.glob(pattern, root_dir=ROOT))]
        self.salt = digest(CC, *FLAGS, *map(read, self.headers),
                           read(os.path.join(HERE, "cmocka.c")))
        self.sources = {}  # object -> (source, flags)
        self.symbols = {}  # object -> (defined, wanted)
        self.lock = threading.Lock()
        self.included = {}
        self.codes = {}

    def object(self, source, flags, more=()):
        out = "%s/%s-%s.o" % (BUILD, source.replace("/", "_")[:-2],
                              digest(self.salt, read(source), *flags, *more))
        self.sources.setdefault(out, (source, flags))
        if not os.path.exists(out):
            new = "%s.%d" % (out, threading.get_ident())
            said = compile_object(source, new, [*flags, *more])
            if said:
                sys.exit(said)
            os.rename(new, out)
        return out

    def symbols_of(self, out):
        done = subprocess.run(["nm", out], cwd=ROOT, text=True, check=True,
                              stdout=subprocess.PIPE)
        defined, wanted = set(), set()
        for line in done.stdout.splitlines():
            kind, name = line.split()[-2:]
            if kind == "U":
                wanted.add(name)
            elif kind in "TDBRVWC":
                defined.add(name)
        return defined, wanted

    def closure(self, roots, library):
        """The objects a program of `roots` takes from the library."""
        taken, wanted = list(roots), set()
        for out in roots:
            wanted |= self.symbols[out][1]
        while True:
            more = [out for out in library if out not in taken and
                    self.symbols[out][0] & wanted]
            if not more:
                return taken
            taken += more
            for out in more:
                wanted |= self.symbols[out][1]

    def build(self):
        units = sorted(t for folder in FOLDERS for t in
                       glob.glob("tests/unit/%s/test_*.c" % stem(folder)))
        targets = sorted(t for t in glob.glob("tests/fuzz/fuzz_*.c")
                         if not re.search(r'#include "(os|bus|server|service|sim|'
                                          r'store|fuzz|options)', read(t)))
        shared = sorted(c for folder in FOLDERS
                        for c in glob.glob(folder + "/*.c"))
        support = sorted(glob.glob("tests/support/*.c"))
        with ThreadPoolExecutor(2) as pool:
            lib = list(pool.map(lambda s: self.object(s, ["-O2"]), shared))
            tests = ["-O2", *TEST_FLAGS]
            make = lambda s: self.object(s, tests)  # noqa: E731
            lib += list(pool.map(make, support + KERNEL))
            unit = list(pool.map(make, units))
            fuzz = list(pool.map(make, targets))
            harness = make("tests/mutate/cmocka.c")
            replay = make("tests/fuzz/replay.c")
            every = lib + unit + fuzz + [harness, replay]
            for out, pair in zip(every, pool.map(self.symbols_of, every)):
                self.symbols[out] = pair
        self.programs = []
        for source, out in zip(units, unit):
            name = stem(source)[len("test_"):]
            self.programs.append(Program(
                name, self.closure([out, harness], lib),
                libraries=["-lz"] if name == "codec_zlib" else []))
        for source, out in zip(targets, fuzz):
            name = stem(source)[len("fuzz_"):]
            corpus = sorted(glob.glob("tests/fuzz/corpus/%s/*" % name))
            self.programs.append(Program(
                "replay_" + name, self.closure([out, replay, harness], lib),
                arguments=corpus))

    def measure(self, program):
        """The original passes, in what time? It is asked once."""
        known = "%s/%s-%s.json" % (BUILD, program.name, digest(
            *program.objects, *program.arguments))
        with self.lock:
            if program.measured:
                return
            program.measured = True
            if os.path.exists(known):
                program.cases = [tuple(c) for c in json.loads(read(known))]
                return
            self.run_whole(program)
            with open(known, "w", encoding="utf-8") as file:
                json.dump(program.cases, file)

    def run_whole(self, program):
        path = "%s/whole_%s" % (BUILD, program.name)
        program.link(path, program.objects)
        environment = dict(os.environ, CODEC_STREAMS="60")
        environment.pop("MUTATE_RUN", None)
        done = subprocess.run([path, *program.arguments], cwd=ROOT, text=True,
                              stdout=subprocess.PIPE, env=environment,
                              timeout=300)
        if done.returncode:
            sys.exit("%s fails without a mutant:\n%s" % (program.name,
                                                        done.stdout))
        times = [re.match(r"(\d+) ([\d.e+-]+) test_", line)
                 for line in done.stdout.splitlines()]
        program.cases = sorted(((int(t[1]), float(t[2])) for t in times if t),
                               key=lambda case: case[1])

    def code_of(self, out, file, flags, new):
        """The bytes of an object, compiled as for a mutant of the file."""
        with self.lock:
            key = out, file == self.sources[out][0]
            if key not in self.codes:
                compile_in(self, file, read(file), out, new, flags,
                           os.path.dirname(new) + "/src")
                with open(new, "rb") as code:
                    self.codes[key] = code.read()
            return self.codes[key]

    # ---- What a file is part of --------------------------------------------

    def includes(self, source):
        """All headers that a source sees, as paths from the root."""
        if source not in self.included:
            done = subprocess.run([CC, "-MM", *TEST_FLAGS, *PATHS, source],
                                  cwd=ROOT, text=True, check=True,
                                  stdout=subprocess.PIPE)
            self.included[source] = set(
                os.path.normpath(word) for word in done.stdout.split()
                if word.endswith(".h"))
        return self.included[source]

    def touched(self, file, out):
        source = self.sources[out][0]
        return source == file or (file.endswith(".h") and
                                  file in self.includes(source))

    def programs_of(self, file):
        """Those that link the file, its own first; which are its own."""
        own = OWN.get(stem(file), [stem(file)])
        seen = [p for p in self.programs
                if any(self.touched(file, out) for out in p.objects)]
        for program in seen:
            self.measure(program)
        total = lambda p: sum(ms for _, ms in p.cases)  # noqa: E731
        first = sorted((p for p in seen if p.name in own),
                       key=lambda p: own.index(p.name))
        rest = sorted((p for p in seen if p.name not in own), key=total)
        return first, rest


# ---- The mutants of one file -------------------------------------------------


def compile_in(house, file, text, out, new, flags, folder):
    """Compile what the house has as `out`, with `text` for `file`."""
    source, own = house.sources[out]
    if source == file:
        return compile_object(source, new, [*own, *flags], text)
    path = os.path.join(folder, os.path.relpath(file, "src"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as header:
        header.write(text)
    said = compile_object(source, new, ["-iquote", folder, *own, *flags])
    os.remove(path)
    return said


class Batch:
    """The mutants inside the functions of a file, in one object; which one it
    is to be, each run is told."""

    def __init__(self, house, file, chosen):
        self.house, self.file = house, file
        self.folder = "%s/batch/%s" % (BUILD, file.replace("/", "_"))
        os.makedirs(self.folder, exist_ok=True)
        inside = [m for m in chosen if m.place]
        self.numbered = dict(enumerate(inside, 1))
        self.number = {m: n for n, m in self.numbered.items()}
        self.lock = threading.Lock()
        self.objects, self.linked = {}, {}

    def object(self, out, flags):
        if not self.house.touched(self.file, out):
            return out if flags != SANITIZE else self.house.object(
                *self.house.sources[out], flags)
        if (out, flags) not in self.objects:
            new = "%s/%d.o" % (self.folder, len(self.objects))
            self.compile(out, new, flags)
            self.objects[out, flags] = new
        return self.objects[out, flags]

    def compile(self, out, new, flags):
        """What does not compile is taken out, until the others do."""
        while True:
            text = find.together(read(self.file), self.numbered)
            said = compile_in(self.house, self.file, text, out, new, flags,
                              self.folder)
            if not said:
                return
            bad = set(map(int, re.findall(r"^mutant-(\d+):[^\n]* error:", said,
                                          re.M)))
            if not bad:
                sys.exit(said)
            for number in bad & set(self.numbered):
                del self.numbered[number]

    def program(self, program, flags):
        with self.lock:
            if (program.name, flags) not in self.linked:
                objects = [self.object(out, flags) for out in program.objects]
                path = "%s/%s%s" % (self.folder, program.name, flags[0])
                program.link(path, objects, flags)
                self.linked[program.name, flags] = path
            return self.linked[program.name, flags]

    def ask(self, mutant, program, cases, flags, patience):
        path = self.program(program, flags)
        number = self.number[mutant]
        if number not in self.numbered:
            return "nonsense"
        return program.run(path, cases, patience, number)


# ---- One mutant --------------------------------------------------------------


class Trial:
    """One mutant against the tests."""

    def __init__(self, house, batch, mutant, folder):
        self.house, self.batch = house, batch
        self.mutant, self.folder = mutant, folder
        self.text = find.apply(read(mutant.file), mutant)
        self.objects = {}  # those of the mutant, by those they stand for

    def compile(self, out, new, flags):
        return compile_in(self.house, self.mutant.file, self.text, out, new,
                          flags, self.folder + "/src")

    def object(self, out, flags):
        """The object for `out`, or None where it does not compile."""
        if not self.house.touched(self.mutant.file, out):
            return out if flags != SANITIZE else self.house.object(
                *self.house.sources[out], flags)
        if (out, flags) not in self.objects:
            new = "%s/%d.o" % (self.folder, len(self.objects))
            said = self.compile(out, new, flags)
            self.objects[out, flags] = None if said else new
        return self.objects[out, flags]

    def same_code(self):
        """Does the optimizer make of it what it makes of the original?"""
        silent = ["-O2", "-DCHECK_SILENT"]
        for out in self.house.symbols:
            source = self.house.sources[out][0]
            if not source.startswith("src/") or not self.house.touched(
                    self.mutant.file, out):
                continue
            new = self.folder + "/code.o"
            if self.compile(out, new, silent):
                return False
            with open(new, "rb") as file:
                after = file.read()
            if self.house.code_of(out, self.mutant.file, silent,
                                  new) != after:
                return False
        return True

    def ask(self, program, cases, flags=SOON, patience=10):
        """How the program ends with the mutant in it, compiled so."""
        if program.cases and not cases:
            return None
        if self.mutant.place:
            return self.batch.ask(self.mutant, program, cases, flags, patience)
        path = "%s/%s%s" % (self.folder, program.name, flags[0])
        objects = [self.object(out, flags) for out in program.objects]
        if None in objects:
            return "nonsense"
        program.link(path, objects, flags)
        return program.run(path, cases, patience)

    def verdict(self, quick):
        first, rest = self.house.programs_of(self.mutant.file)
        for program in first:
            how = self.ask(program, program.within(0, SLOW_MS))
            if how:
                return how, program.name
        if quick:
            return "survived", ""
        if self.same_code():
            return "same", ""
        for program in rest:
            how = self.ask(program, program.within(0, FAST_MS))
            if how:
                return how, program.name
        for program in first:
            how = self.ask(program, program.within(SLOW_MS, WALL_S * 1000))
            if how:
                return how, program.name
            if self.ask(program, program.within(0, FAST_MS), SANITIZE, 100):
                return "sanitized", program.name
        return "survived", ""


# ---- survivors.txt -----------------------------------------------------------


def key_of(mutant):
    return (mutant.file, mutant.function, mutant.line, mutant.changed)


def listed():
    """{key: reason}: "[reason]" heads those that it is the reason of."""
    reasons, reason = {}, None
    if not os.path.exists(SURVIVORS):
        return reasons
    for number, line in enumerate(read(SURVIVORS).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            reason = line.strip("[]")
            continue
        parts = [part.strip() for part in line.split(" @@ ")]
        if len(parts) != 4 or not reason:
            sys.exit("%s:%d: file @@ function @@ line @@ line as changed, "
                     "below a [reason]" % (SURVIVORS, number))
        reasons[tuple(parts)] = reason
    return reasons


def told(key):
    return " @@ ".join(key)


# ---- The run -----------------------------------------------------------------


class Run:
    def __init__(self, house, chosen, workers, quick):
        self.quick = quick
        self.house, self.chosen = house, chosen
        self.counts, self.left, self.ends = {}, [], {}
        self.lock = threading.Lock()
        self.folders = ["%s/worker%d" % (BUILD, i) for i in range(workers)]
        for folder in self.folders:
            os.makedirs(folder, exist_ok=True)
        self.batches = {file: Batch(house, file, [
            m for m in chosen if m.file == file])
            for file in {m.file for m in chosen}}
        self.done = 0
        self.started = time.monotonic()

    def one(self, mutant):
        with self.lock:
            folder = self.folders.pop()
        try:
            how, by = Trial(self.house, self.batches[mutant.file], mutant,
                            folder).verdict(self.quick)
        finally:
            with self.lock:
                self.folders.append(folder)
        with self.lock:
            self.note(mutant, how, by)

    def note(self, mutant, how, by):
        counts = self.counts.setdefault(mutant.file, {})
        counts[how] = counts.get(how, 0) + 1
        self.ends.setdefault(key_of(mutant), []).append(how)
        if how == "survived":
            self.left.append(mutant)
            self.save()
        self.done += 1
        if self.done % 100 == 0:
            print("%5d of %d, %d s, %d survived" % (
                self.done, len(self.chosen),
                time.monotonic() - self.started, len(self.left)), flush=True)

    def save(self):
        with open(LEFT, "w", encoding="utf-8") as file:
            json.dump([key_of(m) for m in self.left], file)

    def run(self):
        self.save()
        with ThreadPoolExecutor(len(self.folders)) as pool:
            for future in [pool.submit(self.one, m) for m in self.chosen]:
                future.result()

    def report(self, whole):
        words = ["killed", "sanitized", "time", "nonsense", "same", "survived"]
        print("\n%-28s %s" % ("", "  ".join("%9s" % w for w in words)))
        total = dict.fromkeys(words, 0)
        for file in sorted(self.counts):
            row = [self.counts[file].get(w, 0) for w in words]
            print("%-28s %s" % (file, "  ".join("%9d" % n for n in row)))
            for word, n in zip(words, row):
                total[word] += n
        print("%-28s %s" % ("all %d" % sum(total.values()), "  ".join(
            "%9d" % total[w] for w in words)))
        return self.judge(whole)

    def judge(self, whole):
        """0 when what survived is what may, and the other way round. What is
        only slower may be too slow on some machine. A line may stand several
        times in a function: that all were killed is known of a whole file."""
        reasons, wrong = listed(), []
        for mutant in sorted(self.left, key=lambda m: (m.file, m.row)):
            if key_of(mutant) not in reasons:
                wrong.append("%s:%d: survived:\n  %s" % (
                    mutant.file, mutant.row, told(key_of(mutant))))
        for key in reasons:
            ends = self.ends.get(key, ["no mutant"])
            if key[0] in whole and not {"survived", "time"} & set(ends):
                wrong.append("listed, but %s: %s" % (ends[0], told(key)))
        for line in wrong:
            print(line)
        allowed = sum(key_of(m) in reasons for m in self.left)
        print("%d survived, %d of them for a reason; %d s" % (
            len(self.left), allowed, time.monotonic() - self.started))
        return 1 if wrong else 0


def lot(seed, mutant):
    """By its lot a mutant is drawn: its own, whatever others there are."""
    return hashlib.sha256(repr((seed, key_of(mutant))).encode()).digest()


def choose(arguments):
    """The mutants asked for, and the files of which all are."""
    files = arguments.files or [f for folder in FOLDERS for f in sorted(
        glob.glob(folder + "/*.[ch]"))]
    if arguments.left:
        files = sorted({key[0] for key in json.loads(read(LEFT))})
    chosen = [m for file in files for m in find.mutants_of(file, read(file))]
    if arguments.left:
        left = set(map(tuple, json.loads(read(LEFT))))
        return [m for m in chosen if key_of(m) in left], []
    if arguments.sample and arguments.sample < len(chosen):
        print("%d of %d mutants, --seed %d" % (
            arguments.sample, len(chosen), arguments.seed))
        return sorted(chosen, key=functools.partial(
            lot, arguments.seed))[:arguments.sample], []
    return chosen, files


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1000000)
    parser.add_argument("--left", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    os.chdir(ROOT)
    os.makedirs(BUILD, exist_ok=True)
    house = House()
    house.build()
    chosen, whole = choose(arguments)
    print("%d mutants" % len(chosen), flush=True)
    run = Run(house, chosen, arguments.workers, arguments.quick)
    run.run()
    return run.report(whole)


if __name__ == "__main__":
    sys.exit(main())
