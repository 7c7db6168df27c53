"""The first rung: what counts, in which order, and why the rest did not."""

import os
import shutil
import sys
import time
import unittest
from unittest import mock

from testnode_python import discovery, receipts
from testnode_python.errors import Error, UsageError

from tests.support.nodes import clean_environ
from tests.support.precaches import HasPrecache

ROOT = os.geteuid() == 0
AS_ROOT = unittest.skipUnless(ROOT, "needs root to give files away")


class DiscoveryCase(HasPrecache):
    """What the tests below share: a PATH of two folders, a pattern of system-level venvs."""

    def setUp(self):
        super().setUp()
        self.bins = [os.path.join(self.folder, "bin-1"), os.path.join(self.folder, "bin-2")]
        for folder in self.bins:
            os.mkdir(folder, 0o755)
        self.venvs = os.path.join(self.folder, "usr", "{tool}-env")

    def environ(self):
        return clean_environ(self.home, *self.bins)

    def node(self, tool="hello", **asked):
        return super().node(tool, **dict({"venvs": (self.venvs,)}, **asked))

    def tool(self, name, version="1.0", command="hello"):
        """Write a program that answers with a version."""
        return self.script(name, 'echo "{} {}"'.format(command, version))

    def find(self, *arguments, **asked):
        node = self.node(*arguments, **asked)
        return discovery.find(node.request, node)

    def refusal(self, *arguments, **asked):
        with self.assertRaises(Error) as caught:
            self.find(*arguments, **asked)
        return str(caught.exception)

    def environment(self, where="usr/hello-env", version="1.0", **changes):
        """Make an environment with a receipt, without installing anything."""
        tree = os.path.join(self.folder, where)
        os.makedirs(os.path.join(tree, "bin"))
        os.chmod(tree, 0o755)
        os.symlink(os.path.realpath(sys.executable), os.path.join(tree, "bin", "python"))
        self.script(where + "/bin/hello", "echo it was run >&2", "exit 1")
        made = receipts.Receipt(
            tool="hello",
            request="",
            command="hello",
            version=version,
            source="mirror",
            origin="a mirror",
            locked="",
            python=os.path.realpath(sys.executable),
            series="{}.{}".format(*sys.version_info[:2]),
            made="2026-11-05T01:02:03+00:00",
            packages=[receipts.Package("hello", version, "")],
        )
        receipts.write(tree, made._replace(**changes))
        return tree


class OrderTest(DiscoveryCase):
    """The path the caller names; PATH; system-level venvs; our own environment."""

    def test_the_nearest_that_counts_is_taken(self):
        named = self.tool("named/hello", "1.1")
        first, second = self.tool("bin-1/hello", "1.2"), self.tool("bin-2/hello", "1.3")
        system = self.tool("usr/hello-env/bin/hello", "1.4")
        own = self.tool("home/.local/hello/bin/hello", "1.5")
        expected = [(named, "1.1"), (first, "1.2"), (second, "1.3"), (system, "1.4"), (own, "1.5")]
        for path, version in expected:
            ready = self.find(executable=named)
            self.assertEqual((path, version, False), (ready.executable, ready.version, ready.changed))
            self.assertEqual("{} {}, which runs".format(path, version), ready.words)
            os.unlink(path)
        reasons = self.refusal(executable=named).split("; ")
        self.assertEqual(["{} is not there".format(path) for path in (named, system, own)], reasons)

    def test_the_patterns_of_venvs_count_in_their_order(self):
        self.tool("a-hello/bin/hello", "1.1")
        b = self.tool("b-hello/bin/hello", "1.2")
        patterns = [os.path.join(self.folder, name + "-{tool}") for name in "ba"]
        self.assertEqual(b, self.find(venvs=tuple(patterns)).executable)

    def test_a_pattern_that_makes_no_sense_is_a_usage_error(self):
        for pattern in ("/opt/{name}", "/opt/{", "/opt/{0}", "/opt/{tool.x}"):
            with self.subTest(pattern), self.assertRaisesRegex(UsageError, "[{]tool[}]"):
                self.find(venvs=(pattern,))

    def test_a_named_path_may_be_relative(self):
        path = self.tool("named/hello")
        self.assertEqual(path, self.find(executable=os.path.relpath(path)).executable)

    def test_a_bare_name_is_looked_for_on_the_path_as_a_shell_does(self):
        path = self.tool("bin-2/hello-3", "3.0")
        self.assertEqual(path, self.find(executable="hello-3").executable)
        self.assertIn("hello-4 is not there", self.refusal(executable="hello-4"))

    def test_every_reason_is_kept(self):
        self.script("bin-1/hello", "exit 3")
        self.tool("bin-2/hello", "0.5")
        reasons = self.refusal(version=">=1").split("; ")
        self.assertEqual(
            [
                "{}/hello does not work (exit code 3): no output".format(self.bins[0]),
                "{}/hello is 0.5, not >=1".format(self.bins[1]),
                "{}/usr/hello-env/bin/hello is not there".format(self.folder),
                "{}/.local/hello/bin/hello is not there".format(self.home),
            ],
            reasons,
        )

    def test_where_path_has_none_that_is_told_first(self):
        self.assertTrue(self.refusal().startswith("no hello on PATH; "))
        self.assertNotIn("on PATH", self.refusal(executable="/nonexistent/hello"))

    def test_one_program_by_two_names_is_judged_once(self):
        os.symlink(self.script("bin-1/hello", "exit 3"), self.bins[1] + "/hello")
        self.assertEqual(1, self.refusal().count("exit code 3"))

    def test_folders_of_path_that_are_relative_do_not_count(self):
        self.tool("bin-1/hello")
        self.bins[:] = ["", ".", os.path.relpath(self.bins[0])]
        self.assertIn("no hello on PATH", self.refusal())

    def test_a_command_of_another_name_is_looked_for(self):
        path = self.tool("bin-1/greet")
        self.assertEqual(path, self.find(command="greet").executable)

    def test_a_tool_whose_command_is_python_is_never_found_on_path(self):
        self.script("bin-1/python", "echo Python 3.11.1")
        message = self.refusal("zuul-cloner")
        self.assertNotIn(self.bins[0], message)
        self.assertNotIn("on PATH", message)

    def test_nothing_is_written(self):
        before = sorted(os.walk(self.folder))
        self.refusal()
        self.tool("bin-1/hello")
        after = sorted(os.walk(self.folder))
        self.find()
        self.assertEqual(after, sorted(os.walk(self.folder)))
        self.assertEqual(len(before), len(after))


class RunTest(DiscoveryCase):
    """What has no receipt counts if it runs."""

    def test_a_version_may_be_told_on_either_stream(self):
        self.script("bin-1/hello", "echo hello 1.5 >&2")
        self.assertEqual("1.5", self.find().version)

    def test_a_tool_that_tells_no_version_counts_if_none_was_asked_for(self):
        path = self.script("bin-1/hello", "echo I am well")
        ready = self.find()
        self.assertEqual(("", "{} which runs".format(path)), (ready.version, ready.words.replace(",", "")))
        for version in (">=1", "<1", "==1"):
            with self.subTest(version):
                words = "{} is of an unknown version, not {}".format(path, version)
                self.assertIn(words, self.refusal(version=version))

    def test_its_last_words_are_kept(self):
        self.script("bin-1/hello", "echo first; echo some trace >&2", "echo 'No module named x' >&2; exit 1")
        self.assertIn("does not work (exit code 1): No module named x", self.refusal())

    def test_a_tool_that_hangs_does_not_count_and_does_not_hold_us_up(self):
        self.script("bin-1/hello", "exec /bin/sleep 60")
        begun = time.monotonic()
        self.assertIn("{}/hello did not end within".format(self.bins[0]), self.refusal(timeout=0.3))
        self.assertLess(time.monotonic() - begun, 5)

    def test_a_dead_shim_does_not_count(self):
        shim = self.write("bin-1/hello", "#!/nonexistent/python\n", 0o755)
        self.assertIn("{} cannot be started".format(shim), self.refusal(python=""))
        self.script("bin-1/hello", "echo 'pyenv: hello: command not found' >&2", "exit 127")
        self.assertIn("(exit code 127): pyenv: hello: command not found", self.refusal())

    def test_what_cannot_be_run_does_not_count(self):
        path = self.write("bin-1/hello", "no program", 0o644)
        self.assertIn("{} cannot be run".format(path), self.refusal())
        self.assertIn("{} cannot be run".format(self.bins[0]), self.refusal(executable=self.bins[0]))

    def test_a_link_that_leads_nowhere_does_not_count(self):
        path = self.folder + "/hello"
        os.symlink("/nonexistent/hello", path)
        self.assertIn("{} cannot be run".format(path), self.refusal(executable=path))

    def test_another_interpreter_than_the_one_named_does_not_count(self):
        other = self.script("other/python", "echo hello 1.0")
        path = self.write("bin-1/hello", "#!{}\n".format(other), 0o755)
        words = "{} runs on {}, not on {}".format(path, other, sys.executable)
        self.assertIn(words, self.refusal(python=sys.executable))
        ready = self.find(python="")
        self.assertEqual((path, other), (ready.executable, ready.python))

    def test_one_that_is_not_there_is_a_mistake_whatever_else_is(self):
        self.script("bin-1/hello", "echo hello 1.0")
        self.assertEqual("1.0", self.find(python="").version)
        with self.assertRaises(UsageError) as caught:
            self.find(python="python0.9")
        self.assertIn("there is no program 'python0.9'", str(caught.exception))

    def test_the_one_that_was_named_counts(self):
        path = self.write("bin-1/hello", "#!{}\nprint('hello 1.0')\n".format(sys.executable), 0o755)
        self.assertEqual((path, "1.0"), self.find(python=sys.executable)[1:3])

    def test_it_does_not_see_variables_that_mislead_python(self):
        self.script("bin-1/hello", 'echo "hello 1.0${PYTHONHOME}"')
        node = self.node()
        node.environ["PYTHONHOME"] = ".9"
        self.assertEqual("1.0", discovery.find(node.request, node).version)

    def test_a_specifier_that_is_none_is_a_usage_error(self):
        self.tool("bin-1/hello")
        with self.assertRaises(UsageError):
            self.find(version="==1.0.*.1")

    @unittest.skipIf(ROOT, "root may read everything")
    def test_a_program_that_may_be_run_but_not_read_is_run(self):
        path = os.path.join(self.bins[0], "hello")
        shutil.copy("/bin/echo", path)
        os.chmod(path, 0o711)
        self.assertEqual(path, self.find().executable)

    @AS_ROOT
    def test_nor_what_a_link_of_others_leads_to_nor_the_python_behind_a_shell(self):
        proof = os.path.join(self.folder, "it-was-run")
        lines = (": > {}".format(proof), "echo hello 1.0")
        self.script("safe/hello", *lines)
        theirs = os.path.join(self.folder, "theirs")
        os.symlink(os.path.join(self.folder, "safe", "hello"), theirs)
        os.chown(theirs, 1000, 1000, follow_symlinks=False)
        path = os.path.join(self.bins[0], "hello")
        os.symlink(theirs, path)
        self.assertIn("root does not run what others could have written", self.refusal())
        os.unlink(path)
        python = self.script("sp ace/python", *lines)
        os.chown(python, 1000, 1000)
        # As pip writes it where a first line cannot name the Python.
        self.script("bin-1/hello", "'''exec' '{}' \"$0\" \"$@\"".format(python), "' '''", "import nothing")
        self.assertIn("root does not run what others could have written", self.refusal())
        self.assertFalse(os.path.exists(proof))

    @AS_ROOT
    def test_root_does_not_run_what_others_could_have_written(self):
        proof = os.path.join(self.folder, "it-was-run")
        path = self.script("bin-1/hello", ": > {}".format(proof), "echo hello 1.0")
        os.chown(path, 1000, 1000)
        self.assertIn("root does not run what others could have written", self.refusal())
        self.assertFalse(os.path.exists(proof))
        self.assertIn("belongs to user 1000", self.refusal())
        os.chown(path, 0, 0)
        os.chmod(path, 0o775)
        self.assertIn("may be written by others", self.refusal())
        os.chown(path, 65534, 65534)
        self.assertIn("belongs to user 65534", self.refusal())
        # A link of root's to it changes nothing.
        os.symlink(path, self.bins[1] + "/hello")
        self.bins.pop(0)
        self.assertIn("belongs to user 65534", self.refusal())
        self.assertFalse(os.path.exists(proof))


class LinkTest(DiscoveryCase):
    """What everybody is to run counts only where everybody may rely on it."""

    def test_what_is_not_roots_alone_does_not_count_and_is_not_run(self):
        proof = os.path.join(self.folder, "it-was-run")
        path = self.script("bin-1/hello", ": > {}".format(proof), "echo hello 1.0")
        os.chmod(path, 0o777)
        reason = self.refusal(link=True)
        self.assertRegex(reason, "(may be written by others|belongs to user).*leads only to what is root's")
        self.assertFalse(os.path.exists(proof))

    def test_a_receipt_of_the_users_own_is_no_exception(self):
        self.environment()
        self.assertEqual("1.0", self.find().version)
        os.chmod(self.folder, 0o777)
        self.assertIn("a global link leads only to what is root's alone", self.refusal(link=True))

    @unittest.skipUnless(os.stat("/usr/bin/env").st_uid == os.stat("/").st_uid == 0, "this is not root's")
    def test_what_is_roots_counts_for_root_and_for_others_where_it_is_on_the_path(self):
        asked = {"executable": "/usr/bin/env", "link": True, "python": ""}
        with mock.patch.object(os, "geteuid", lambda: 0):
            self.assertEqual("/usr/bin/env", self.find(**asked).executable)
        with mock.patch.object(os, "geteuid", lambda: os.getuid() or 1000):
            self.assertIn("/usr/bin/env does not run by its bare name", self.refusal(**asked))
            os.symlink("/usr/bin/env", self.bins[1] + "/env")
            self.assertEqual("/usr/bin/env", self.find(**asked).executable)


class ReceiptTest(DiscoveryCase):
    """What has a receipt that is trusted is not run."""

    def test_it_counts_without_being_run(self):
        tree = self.environment()
        ready = self.find()
        self.assertEqual((tree + "/bin/hello", "1.0"), (ready.executable, ready.version))
        self.assertEqual(tree, ready.environment)
        self.assertEqual("{}/bin/hello 1.0, made from a mirror on 2026-11-05".format(tree), ready.words)
        self.assertEqual((os.path.realpath(sys.executable), False), (ready.python, ready.changed))

    def test_it_is_found_through_a_link_on_path(self):
        tree = self.environment()
        os.symlink(tree + "/bin/hello", self.bins[0] + "/hello")
        ready = self.find()
        self.assertEqual((self.bins[0] + "/hello", tree), (ready.executable, ready.environment))

    def test_the_command_that_its_receipt_names_is_its_program(self):
        tree = self.environment(command="greet")
        self.script("usr/hello-env/bin/greet", "exit 1")
        self.assertEqual(tree + "/bin/greet", self.find().executable)
        self.assertEqual(tree + "/bin/hello", self.find(command="hello").executable)

    def test_the_version_is_that_of_the_tool_in_it(self):
        self.environment(tool="other", packages=[receipts.Package("Hello", "1.7", "")])
        self.assertEqual("1.7", self.find().version)
        self.assertIn("is 1.7, not <1.7", self.refusal(version="<1.7"))

    def test_the_version_of_what_has_no_package_of_its_name_is_the_receipts(self):
        self.environment(version="1.8", packages=[])
        self.assertEqual("1.8", self.find().version)

    def test_an_environment_of_another_tool_that_does_not_hold_it_does_not_count(self):
        tree = self.environment(tool="other", packages=[])
        self.assertIn("{}/bin/hello lies in an environment without hello".format(tree), self.refusal())

    def test_a_wrong_version_does_not_count(self):
        tree = self.environment()
        self.assertIn("{}/bin/hello is 1.0, not >=2".format(tree), self.refusal(version=">=2"))
        self.assertEqual("1.0", self.find(version=">=1,<2").version)

    def test_an_interpreter_that_is_gone_does_not_count(self):
        tree = self.environment()
        os.unlink(tree + "/bin/python")
        os.symlink("/nonexistent/python3.2", tree + "/bin/python")
        python = os.path.realpath(sys.executable)
        self.assertIn("was made for {}, which is not there any more".format(python), self.refusal())

    def test_another_interpreter_behind_the_same_link_does_not_count(self):
        tree = self.environment()
        os.unlink(tree + "/bin/python")
        os.symlink("/bin/sh", tree + "/bin/python")
        self.assertIn("which is not there any more", self.refusal())

    def test_an_interpreter_that_was_not_asked_for_does_not_count(self):
        python = self.script("python9", "exit 1")
        tree = self.environment(python=python)
        os.unlink(tree + "/bin/python")
        os.symlink(python, tree + "/bin/python")
        words = "runs on {}, not on {}".format(python, sys.executable)
        self.assertIn(words, self.refusal(python=sys.executable))
        self.assertEqual(python, self.find(python="").python)

    def test_a_damaged_receipt_makes_it_run(self):
        tree = self.environment()
        self.write("usr/hello-env/" + receipts.FILE_NAME, "{")
        self.assertIn("{}/bin/hello does not work (exit code 1): it was run".format(tree), self.refusal())

    def test_a_receipt_that_others_may_write_is_not_believed(self):
        tree = self.environment()
        os.chmod(os.path.join(tree, receipts.FILE_NAME), 0o666)
        self.assertIn("it was run", self.refusal())

    @AS_ROOT
    def test_receipts_from_others_are_not_believed(self):
        tree = self.environment()
        for stranger in (1000, 65534):
            os.chown(os.path.join(tree, receipts.FILE_NAME), stranger, stranger)
            self.assertIn("it was run", self.refusal())

    def test_an_unfinished_environment_has_no_receipt(self):
        tree = self.environment()
        os.rename(os.path.join(tree, receipts.FILE_NAME), os.path.join(tree, receipts.UNFINISHED))
        self.assertIn("it was run", self.refusal())

    def test_it_tells_whether_it_was_locked(self):
        self.environment(locked="2026-11-01T00:00:00Z")
        self.assertEqual("2026-11-01T00:00:00Z", self.find().locked)
