"""What a role asks for: pip ready for interpreters, and what makes environments."""

import os
import shutil
import types
from unittest import mock

from testnode_python import finder, packages, provision
from testnode_python.errors import Error, NotReadyError, UsageError
from testnode_python.request import Node

from tests.support.precaches import COMPANIONS
from tests.support.pythons import give, make_python, make_venv, site_of

from . import test_provision


class PipCase(test_provision.ProvisionCase):
    """Interpreters that are thrown away."""

    def python(self, name="python", lacking=(), without=()):
        """Make an interpreter with pip and its companions, but for what it is to lack."""
        path = make_python(os.path.join(self.folder, name), without=without)
        for each in ("pip",) + COMPANIONS:
            if each not in lacking:
                give(path, each, "99.0")
        return path

    def bare(self, name="bare"):
        return self.python(name, lacking=("pip",) + COMPANIONS)

    def asked(self, python, **asked):
        return self.request("pip", **dict({"python": python, "scope": "global"}, **asked))

    def pip(self, *requests, **options):
        return provision.pip(list(requests), self.environ(), **options)

    def run_by(self, python):
        """Have Ansible run us by this interpreter, which is no venv."""
        ours = types.SimpleNamespace(prefix="/usr", base_prefix="/usr", executable=python)
        self.patch(finder, "sys", ours)


class ReadyTest(PipCase):
    """pip is there, or installed, or somebody else's work."""

    def test_what_is_there_is_found_for_each_and_the_first_makes_environments(self):
        one, two = self.python("one"), self.python("two")
        done = self.pip(self.asked(one), self.asked(two))
        self.assertEqual(
            [("pip", "system", os.path.join(os.path.dirname(path), "pip3")) for path in (one, two)],
            [(each.tool, each.source, each.executable) for each in done.outcomes],
        )
        self.assertEqual(finder.Provision(done.outcomes, virtualenv_command=one + " -m venv"), done)
        self.assertIs(False, done.changed)
        self.assertEqual([], self.made())

    def test_get_pip_is_for_those_that_lack_pip(self):
        (outcome,) = self.pip(self.asked(self.python(), get_pip="https://127.0.0.1:9/get-pip.py")).outcomes
        self.assertEqual("system", outcome.source)
        with self.assertRaises(NotReadyError) as caught:
            asked = {"get_pip": "precache", "sources": ("system", "precache"), "scope": "user"}
            self.pip(self.asked(self.bare(), **asked))
        self.assertIn("get-pip.py", caught.exception.outcome.attempts[1].reason)

    def test_for_everybody_it_takes_root_of_who_may_become_it(self):
        proof = self.sudo(0)
        done = self.pip(self.asked(self.python()), self.asked(self.bare()))
        self.assertEqual(finder.Provision(done.outcomes, needs_root=True), done)
        self.assertEqual(1, len(done.outcomes))
        self.assertTrue(os.path.exists(proof))
        self.assertIs(True, self.pip(self.asked(self.bare("again"), dry=True)).needs_root)

    def test_for_who_may_not_it_is_an_error_with_a_cure(self):
        self.sudo(1)
        with self.assertRaises(Error) as caught:
            self.pip(self.asked(self.bare()))
        self.assertIn("this user may not become it", caught.exception.cause)
        self.assertIn("allow sudo without a password, or set the scope to user", caught.exception.cure)

    def test_what_needs_no_root_does_not_ask_for_it(self):
        proof = self.sudo(0)
        venv = make_venv(os.path.join(self.folder, "venv"))
        bare = self.bare()
        for asked in (self.asked(venv, dry=True), self.asked(bare, scope="user", dry=True)):
            with self.subTest(asked.python):
                done = self.pip(asked)
                (outcome,) = done.outcomes
                self.assertEqual(
                    ("pip", "", True, False),
                    (outcome.tool, outcome.executable, outcome.changed, done.needs_root),
                )
        with self.assertRaises(NotReadyError):
            self.pip(self.asked(bare, sources=("system",)))
        (warning,) = done.warnings
        self.assertTrue(warning.startswith("pip is for this user alone: "), warning)
        self.assertFalse(os.path.exists(proof))
        self.assertEqual([], self.made())
        self.assertFalse(os.path.exists(os.path.join(os.path.dirname(venv), "pip3")))

    def test_what_is_lacking_is_installed_for_the_user(self):
        python = self.python(lacking=("wheel",))
        done = self.pip(self.asked(python, scope="user"))
        (outcome,) = done.outcomes
        self.assertEqual(("precache", True, "99.0"), (outcome.source, outcome.changed, outcome.version))
        (warning,) = done.warnings
        self.assertIn(outcome.executable + " is for this user alone", warning)
        self.assertEqual([".local"], self.made())
        self.assertEqual("system", self.pip(self.asked(python, scope="user")).outcomes[0].source)

    def test_the_distributions_is_told_and_no_more_done(self):
        self.patch(packages, "OS_RELEASE", self.write("os-release", "ID=fedora\n"))
        sources = ("system", "packages")
        self.sudo(0)
        done = self.pip(self.asked(self.bare(), sources=sources))
        self.assertEqual(["python3-pip", "python3-setuptools", "python3-wheel"], done.packages)
        self.assertEqual(([], False, ""), (done.outcomes, done.needs_root, done.virtualenv_command))
        self.assertEqual(["mine"], self.pip(self.asked(self.bare("2"), sources=sources), names=["mine"])[2])
        (outcome,) = self.pip(self.asked(self.python(), sources=("packages",), packaged=True)).outcomes
        self.assertEqual(("packages", "99.0"), (outcome.source, outcome.version))

    def test_a_python_that_is_none_is_an_error(self):
        with self.assertRaises(UsageError):
            self.pip(self.asked(os.path.join(self.folder, "absent")))


class VirtualenvCommandTest(PipCase):
    """What makes environments with a pip of their own."""

    def setUp(self):
        super().setUp()
        self.split = self.python("split", without=["ensurepip"])

    def test_the_callers_own_is_returned_as_it_is(self):
        self.script("home/bin/uv", "exit 0")
        done = self.pip(self.asked(self.split), virtualenv_command="uv venv --seed")
        self.assertEqual("uv venv --seed", done.virtualenv_command)
        self.assertEqual(["pip"], [each.tool for each in done.outcomes])

    def test_what_a_python_can_do_by_itself_is_told_without_more_ado(self):
        whole = self.python("whole")
        for python, command in ((whole, whole + " -m venv"), (self.split, "")):
            asked = self.request("virtualenv", python=python)
            self.assertEqual(command, finder.venv_command(Node(asked, self.environ())))
        with self.assertRaises(UsageError):
            finder.venv_command(Node(self.request(python="/nonexistent/python"), self.environ()))

    def test_without_ensurepip_it_is_a_virtualenv_that_is_there(self):
        virtualenv = self.script("home/bin/virtualenv", "echo virtualenv 20.0")
        # What is asked of pip is not asked of it.
        asked = {"version": ">=90", "scope": "user", "python": self.split}
        self.script("home/bin/python3", "exit 1")
        with mock.patch.object(provision.ladder, "climb", wraps=provision.ladder.climb) as climbed:
            done = self.pip(self.asked(**asked))
        self.assertEqual(virtualenv, done.virtualenv_command)
        self.assertEqual(["pip", "virtualenv"], [each.tool for each in done.outcomes])
        last = climbed.call_args[0][0].request
        self.assertEqual(("", "", (), False), (last.version, last.get_pip, last.modules, last.link))

    def test_or_one_of_the_users_own(self):
        done = self.pip(self.asked(self.split, scope="user", dry=True))
        self.assertEqual(self.in_home("virtualenv"), done.virtualenv_command)
        self.assertEqual([False, True], [each.changed for each in done.outcomes])

    def test_or_one_for_everybody_which_takes_root(self):
        self.sudo(0)
        done = self.pip(self.asked(self.split))
        self.assertEqual((True, ""), (done.needs_root, done.virtualenv_command))
        self.become(0)
        done = self.pip(self.asked(self.split, dry=True))
        shared = self.shared.format(tool="virtualenv") + "/bin/virtualenv"
        self.assertEqual(shared, done.virtualenv_command)

    def test_where_there_can_be_none_it_is_an_error(self):
        with self.assertRaises(NotReadyError) as caught:
            self.pip(self.asked(self.split, scope="user", sources=("system", "precache")))
        self.assertEqual("virtualenv", caught.exception.outcome.tool)


class PackagingTest(PipCase):
    """Ansible's pip module imports packaging of the interpreter that runs it, whichever that is."""

    def setUp(self):
        super().setUp()
        self.target = self.python("target")
        self.other = self.python("other", lacking=("packaging", "setuptools"))
        self.run_by(self.other)

    def where(self):
        """Return the folders of the home that packaging is in."""
        return [folder for folder, names, _ in os.walk(self.home) if "packaging" in names]

    def test_it_is_installed_where_it_is_lacking_and_nothing_else_is(self):
        os.remove(os.path.join(os.path.dirname(self.other), "pip3"))
        shutil.rmtree(os.path.join(site_of(self.other), "pip"))
        done = self.pip(self.asked(self.target, scope="user", version=">=90"))
        self.assertNotIn("will not work", " ".join(done.warnings))
        self.assertEqual(["system", "precache"], [each.source for each in done.outcomes])
        self.assertEqual(
            (True, "1.0", self.other),
            (done.changed, done.outcomes[1].version, done.outcomes[1].executable),
        )
        (folder,) = self.where()
        names = {name.split("-")[0] for name in os.listdir(folder)}
        self.assertEqual(set(), names & {"pip", "wheel", "setuptools"})
        # It is no tool that anybody asked for, so that it was there is not told.
        again = self.pip(self.asked(self.target, scope="user"))
        self.assertEqual((1, False), (len(again.outcomes), again.changed))

    def test_where_it_is_there_or_the_same_python_or_a_venv_nothing_is_done(self):
        venv = types.SimpleNamespace(prefix="/venv", base_prefix="/usr", executable=self.other)
        here = types.SimpleNamespace(prefix="/usr", base_prefix="/usr", executable=self.python("has"))
        same = types.SimpleNamespace(prefix="/usr", base_prefix="/usr", executable=self.folder + "/same")
        os.symlink(self.target, same.executable)
        for ours in (venv, here, same):
            with self.subTest(ours.executable), mock.patch.object(finder, "sys", ours):
                done = self.pip(self.asked(self.target, scope="user"))
                self.assertEqual((1, [], False), (len(done.outcomes), done.warnings, done.changed))
        with mock.patch.object(finder, "sys", same):
            with mock.patch.object(provision, "SuppliedNode", wraps=provision.SuppliedNode) as made:
                self.pip(self.asked(self.target, scope="user"))
        self.assertEqual(1, made.call_count)

    def test_where_it_cannot_be_had_that_is_a_warning(self):
        for asked in ({"sources": ("system",)}, {"scope": "global"}):
            with self.subTest(asked):
                done = self.pip(self.asked(self.target, **dict({"scope": "user"}, **asked)))
                (warning,) = done.warnings
                self.assertIn("Ansible's pip module will not work by {}: ".format(self.other), warning)
                self.assertEqual(self.target + " -m venv", done.virtualenv_command)
                self.assertEqual(["pip"], [each.tool for each in done.outcomes])

    def test_for_everybody_it_takes_root(self):
        self.sudo(0)
        self.assertIs(True, self.pip(self.asked(self.target)).needs_root)

    def test_packages_that_did_not_bring_it_are_not_told_again(self):
        done = self.pip(self.asked(self.target, sources=("packages",), packaged=True), names=["python3-pip"])
        self.assertEqual(([], 1), (done.packages, len(done.warnings)))

    def test_check_mode_promises_it(self):
        done = self.pip(self.asked(self.target, scope="user", dry=True))
        self.assertEqual((True, []), (done.changed, self.where()))
