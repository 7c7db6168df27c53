"""Reading toolset.toml."""

import pathlib

from testnode_python.builder import toolset
from testnode_python.errors import Error, UsageError

from tests.support.nodes import InAFolder

from .cases import TOOLSET, small_toolset

ROOT = pathlib.Path(__file__).resolve().parents[3]


class LoadTest(InAFolder):
    """A file is read, checked and explained."""

    def load(self, text):
        return toolset.load(self.write("toolset.toml", text))

    def assert_refused(self, text, *words):
        with self.assertRaises(Error) as caught:
            self.load(text)
        for word in ("toolset.toml", *words):
            self.assertIn(word, str(caught.exception))

    def test_what_is_not_said_follows_from_the_name(self):
        loaded = self.load(TOOLSET)
        self.assertEqual(small_toolset(), loaded)
        self.assertEqual(("hello", ["hello"], "hello", ["--help"]), tuple(loaded.tools["hello"]))
        self.assertEqual(("old", ["old"], "old", ["--version"]), tuple(loaded.tools["old"]))

    def test_a_group_of_targets_is_the_product_of_its_lists(self):
        more = TOOLSET + '[[targets]]\npython = ["3.14"]\nmachine = ["x86_64", "aarch64"]\nglibc = "2.28"\n'
        targets = self.load(more).targets
        names = ["cp36-linux_x86_64", "cp311-linux_x86_64", "cp314-linux_x86_64", "cp314-linux_aarch64"]
        self.assertEqual(names, list(targets))
        self.assertEqual(
            ("cp314-linux_aarch64", "cpython", (3, 14), "aarch64", ("glibc", (2, 28)), {}),
            tuple(targets[names[-1]]),
        )

    def test_ours_has_the_tools_and_targets_that_we_promise(self):
        ours = toolset.load(str(ROOT / "toolset.toml"))
        promised = (
            "pip virtualenv tox bindep stestr os-testr nox glean uv build installer zuul-cloner builder"
        )
        self.assertEqual(set(promised.split()), set(ours.tools))
        self.assertEqual(
            {f"cp3{minor}-linux_{machine}" for minor in range(6, 15) for machine in ("x86_64", "aarch64")},
            set(ours.targets),
        )
        self.assertEqual({("glibc", (2, 17))}, {target.libc for target in ours.targets.values()})

    def test_what_makes_no_sense_is_named(self):
        for text, word in (
            ("[tools.hello]\ncomand = 'x'\n", "comand"),
            ("[tools.'-r']\n", "tools.-r"),
            ("[tools.hello]\nrequirements = ['a b']\n", "tools.hello.requirements"),
            ("[tools.hello]\nrequirements = ['a @ https://example.org/a.whl']\n", "URL"),
            ("[tools.hello]\nrequirements = 'hello'\n", "tools.hello.requirements"),
            ("[tools.hello]\nrequirements = []\n", "tools.hello.requirements"),
            ("[tools.hello]\ncommand = '../sh'\n", "tools.hello.command"),
            ("[tools.hello]\ncheck = [1]\n", "tools.hello.check"),
            ("[tools.hello]\nrequires-python = 'three'\n", "tools.hello.requires-python"),
            ("[tools]\nhello = 'x'\n", "tools.hello"),
            ("extra = 1\n", "extra"),
        ):
            with self.subTest(text):
                rest = TOOLSET.replace('[tools.hello]\nrequirements = ["hello"]\ncheck = ["--help"]\n', "")
                self.assert_refused(text + rest, word)

    def test_targets_that_make_no_sense_are_named(self):
        for old, new, word in (
            ('"3.6"', "3.6", "targets.python"),
            ('"3.6"', '"3.6.1"', "targets.python"),
            ('"3.6"', '"three"', "targets.python"),
            ('"3.6"', '"3.11"', "twice"),
            ('"x86_64"', '"../x"', "targets.machine"),
            ('"2.17"', '"new"', "targets.glibc"),
            ('glibc = "2.17"', "", "targets.glibc"),
            ('glibc = "2.17"', 'musl = "1.2"', "musl"),
        ):
            with self.subTest(new):
                self.assert_refused(TOOLSET.replace(old, new), word)

    def test_without_targets_there_is_nothing_to_lock(self):
        tools = TOOLSET.partition("[[targets]]")[0]
        self.assert_refused("targets = []\n" + tools, "targets")
        self.assert_refused(tools, "targets")

    def test_what_a_node_installs_with_must_be_declared(self):
        for name in ("pip", "installer"):
            with self.subTest(name):
                self.assert_refused(TOOLSET.replace(f"[tools.{name}]\n", ""), f"tools.{name}")

    def test_a_file_that_is_no_toml_or_not_there_is_said(self):
        self.assert_refused("[tools", "not TOML")
        with self.assertRaises(Error) as caught:
            toolset.load(self.folder + "/nowhere.toml")
        self.assertIn("nowhere.toml cannot be read", str(caught.exception))


class NarrowedTest(InAFolder):
    """--tool and --target."""

    def test_only_what_is_named_is_left(self):
        narrowed = small_toolset().narrowed(["cp36-linux_x86_64"], ["hello", "pip"])
        self.assertEqual(
            (["pip", "hello"], ["cp36-linux_x86_64"]), (list(narrowed.tools), list(narrowed.targets))
        )

    def test_nothing_named_is_everything(self):
        self.assertEqual(small_toolset(), small_toolset().narrowed([], []))

    def test_an_undeclared_name_is_wrong_usage_and_says_what_there_is(self):
        for targets, tools, words in ((["cp27"], [], "target cp27"), ([], ["nose"], "tool nose")):
            with self.subTest(words), self.assertRaises(UsageError) as caught:
                small_toolset().narrowed(targets, tools)
            self.assertIn(words, str(caught.exception))
        self.assertIn("hello", str(caught.exception))
