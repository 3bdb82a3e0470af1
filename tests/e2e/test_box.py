# SPDX-License-Identifier: MIT
"""Goal: the box opens. What the Makefile says it does, it does; the same source
is the same program; the shells know every option; scripts say what they are."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from support import CHATD, ROOT, SANITIZED


def run(*command, cwd=ROOT, **more):
    """Its output; it must succeed."""
    clean = {name: value for name, value in os.environ.items()
             if name not in ("CFLAGS", "MAKEFLAGS", "CHATD")}
    return subprocess.run(command, cwd=cwd, check=True, text=True,
                          env=clean, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, **more).stdout


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def flags_of(tree):
    """What its program was built with; None: nobody knows, or it is older than
    what it is made of."""
    path = os.path.join(tree, "build", "lto", "gen", "flags")
    program = os.path.join(tree, "chatd")
    if not os.path.exists(path) or not os.path.exists(program):
        return None
    made_of = [os.path.join(folder, name) for part in ("src", "static")
               for folder, _, names in os.walk(os.path.join(tree, part))
               for name in names]
    if max(map(os.path.getmtime, made_of)) > os.path.getmtime(program):
        return None
    with open(path, encoding="utf-8") as f:
        return f.read()


def options():
    """The long options of --help."""
    return re.findall(r"^  (?:-.,|   ) --([a-z-]+)", run(CHATD, "--help"), re.M)


class Make(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="chatd-box-")
        self.addCleanup(shutil.rmtree, self.folder)

    def test_help_names_every_target(self):
        """But for the steps of others."""
        said = run("make", "-s", "help")
        targets = re.search(r"^\.PHONY:((?:.*\\\n)*.*)", text_of("Makefile"),
                            re.M).group(1).replace("\\", "").split()
        for target in set(targets) - {"all", "always", "dirs", "replay",
                                      "quick"}:
            self.assertRegex(said, r"\bmake %s\b" % target)

    def test_what_is_installed_is_uninstalled(self):
        """Everything is somewhere below PREFIX, and goes again."""
        into = ("-o", "chatd", "PREFIX=/usr", "DESTDIR=" + self.folder)
        run("make", "-s", *into, "install")
        files = {os.path.relpath(os.path.join(path, name), self.folder)
                 for path, _, names in os.walk(self.folder) for name in names}
        self.assertEqual(files, {
            "usr/bin/chatd", "usr/share/man/man8/chatd.8",
            "usr/lib/systemd/system/chatd.service",
            "usr/lib/systemd/system/chatd.socket",
            "usr/share/bash-completion/completions/chatd",
            "usr/share/zsh/site-functions/_chatd"})
        run("make", "-s", *into, "uninstall")
        self.assertFalse([n for _, _, names in os.walk(self.folder)
                          for n in names])

    def test_editors_are_told_how_to_compile(self):
        """build/compile_commands.json: of each file, and each is there."""
        run("make", "-s", "compile_commands")
        told = json.loads(text_of("build/compile_commands.json"))
        files = {one["file"] for one in told}
        self.assertLessEqual({"src/main.c", "src/wire/frame.c",
                              "tests/unit/wire/test_frame.c"}, files)
        for one in files:
            self.assertTrue(os.path.exists(os.path.join(ROOT, one)), one)

    def built_in(self, name):
        """A tree of that name, with its program."""
        tree = os.path.join(self.folder, name)
        for part in "src", "static", "scripts":
            shutil.copytree(os.path.join(ROOT, part), os.path.join(tree, part))
        shutil.copy(os.path.join(ROOT, "Makefile"), tree)
        run("make", "-s", "-j2", cwd=tree)
        return tree

    @unittest.skipIf(SANITIZED, "it is built without a sanitizer anyway")
    def test_the_same_source_is_the_same_program(self):
        """Byte by byte, in whatever folder it is built; hardened."""
        here, there = ROOT, self.built_in(os.path.join("b", "deeper"))
        if flags_of(here) != flags_of(there):
            here = self.built_in("a")
        programs = []
        for tree in here, there:
            with open(os.path.join(tree, "chatd"), "rb") as f:
                programs.append(f.read())
        self.assertTrue(programs[0] == programs[1])
        built = os.path.join(there, "chatd")
        self.assertIn("DYN (", run("readelf", "-h", built))
        self.assertRegex(run("readelf", "-d", built), r"NOW")
        self.assertIn("__stack_chk_fail", run("nm", "-u", built))

    def test_flags_from_outside_are_heeded(self):
        """CPPFLAGS, CFLAGS and LDFLAGS, and with CFLAGS nothing of ours."""
        said = run("make", "-n", "BUILD=" + self.folder, "CPPFLAGS=-DWORD=1",
                   "CFLAGS=-O1", "LDFLAGS=-Wl,-O1", "PROGRAM=none")
        compiled = [line for line in said.splitlines() if " -c -o " in line]
        self.assertTrue(compiled)
        for line in compiled:
            self.assertIn(" -DWORD=1 -O1 ", line)
            self.assertNotIn("FORTIFY", line)
        self.assertRegex(said, r"-Wl,-O1 -o none")

    def test_other_flags_build_anew(self):
        """And the same ones build nothing."""
        built = os.path.join(self.folder, "base", "arena.o")

        def compiled(*flags):
            run("make", "-s", "BUILD=" + self.folder, *flags, built)
            return os.stat(built).st_mtime_ns

        first = compiled("CFLAGS=-O1")
        self.assertEqual(first, compiled("CFLAGS=-O1"))
        second = compiled("CFLAGS=-O0")
        self.assertLess(first, second)
        third = compiled("CFLAGS=-O0", "CPPFLAGS=-DWORD")
        self.assertLess(second, third)
        self.assertLess(third, compiled("CFLAGS=-O0", "CPPFLAGS=-DWORD",
                                        "CC=cc -g"))


class Shells(unittest.TestCase):

    def test_bash_completes_every_option(self):
        """And values where they are a choice."""
        script = run("scripts/completion", "bash")

        def complete(*words):
            ask = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _chatd; ' \
                'printf "%s\\n" "${COMPREPLY[@]}"'
            return run("bash", "-c", script + ask, "bash", *words).split()

        self.assertLessEqual({"--" + name for name in options()},
                             set(complete("chatd", "")))
        self.assertEqual(complete("chatd", "--log", "w"), ["warn"])
        self.assertEqual(complete("chatd", "--static", "sr"), ["src"])
        self.assertEqual(complete("chatd", "-c", ""), [])

    def test_zsh_is_told_of_every_option(self):
        """Where there is a zsh it reads it, too."""
        said = run("scripts/completion", "zsh")
        self.assertTrue(said.startswith("#compdef chatd\n"))
        for name in options():
            self.assertRegex(said, r"--%s[=\[}]" % name)
        if shutil.which("zsh"):
            run("zsh", "-n", "/dev/stdin", input=said)


# What OpenWrt has, as far as the init script asks for it: UCI's answers are
# those of the file, and what procd would run is printed.
OPENWRT = """
config() { :; }
option() { eval "opt_$1=\\$2"; }
list() { eval "list_$1=\\"\\$list_$1 \\$2\\""; }
. "$2"
config_load() { :; }
config_foreach() { "$1" main; }
config_get() { eval "$1=\\$opt_$3"; }
config_get_bool() { eval "$1=\\${opt_$3:-$4}"; }
config_list_foreach() {
    name=$2 call=$3; shift 3
    for item in $(eval "echo \\$list_$name"); do "$call" "$item" "$@"; done
}
procd_open_instance() { :; }
procd_close_instance() { :; }
procd_set_param() { [ "$1" != command ] || procd_append_param "$@"; }
procd_append_param() { [ "$1" != command ] || { shift; echo "$@"; }; }
. "$1"
start_service
"""


class Packages(unittest.TestCase):

    def words(self, config):
        """What the init script makes of a configuration."""
        with tempfile.NamedTemporaryFile("w", suffix=".config") as f:
            f.write(config)
            f.flush()
            said = run("sh", "-c", OPENWRT, "sh",
                       "scripts/openwrt/files/chatd.init", f.name).split()
        self.assertEqual(said[0], "/usr/bin/chatd")
        return said[1:]

    def test_openwrt_gives_what_is_configured(self):
        """chatd takes the options of the file that comes with it."""
        words = self.words(text_of("scripts/openwrt/files/chatd.config"))
        self.assertEqual(words[words.index("--room-log") + 1], "64K")
        done = subprocess.run([CHATD, *words, "--addr", "127.0.0.1:1",
                               "--check"], capture_output=True, timeout=30)
        self.assertNotEqual(done.returncode, 2, done.stderr)
        words = self.words("config chatd main\noption no_compression 1\n"
                           "list host 'a'\nlist host 'b'\n")
        self.assertEqual(words, ["--host", "a", "--host", "b",
                                 "--no-compression"])

    def test_openwrt_knows_every_option_of_a_server(self):
        """Those of the environment, but --trace."""
        text = text_of("scripts/openwrt/files/chatd.init")
        known = {name.replace("_", "-") for value in re.findall(
            r'^(?:NUMBERS|LISTS|SWITCHES)="([^"]*)"', text, re.M)
            for name in value.split()}
        names = options()
        self.assertEqual(known, set(names[:names.index("trace")]))

    def test_the_version_has_its_entry(self):
        """In the changelog, at its top."""
        version = re.search(r"^VERSION = (.*)", text_of("Makefile"), re.M)[1]
        first = re.search(r"^## (.*)", text_of("scripts/CHANGELOG.md"), re.M)
        self.assertEqual(first[1], version)


class Scripts(unittest.TestCase):

    def test_each_says_what_it_is(self):
        """--help: exit status 0, and more than nothing."""
        folder = os.path.join(ROOT, "scripts")
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if not os.path.isfile(path) or not os.access(path, os.X_OK):
                continue
            with self.subTest(name):
                if "node" in text_of(path).split("\n")[0] and \
                        not shutil.which("node"):
                    continue
                self.assertIn(name, run(path, "--help"))


if __name__ == "__main__":
    unittest.main()
