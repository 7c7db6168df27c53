"""What a role asks first: what is there is found, what is not is missing, and nothing is written."""

import os
import types
from unittest import mock

from testnode_python import finder
from testnode_python.errors import UsageError
from testnode_python.finder import Provision
from testnode_python.outcome import Outcome

from tests.support.pythons import make_venv

from . import test_provision, test_provision_pip


class ProvisionTest(test_provision.ProvisionCase):
    """Several of them as one."""

    FULL = Provision([Outcome.unready("one")], True, ["a", "b"], ["late"], "one -m venv", True)

    def test_outcomes_packages_and_warnings_are_kept_in_order_and_packages_only_once(self):
        other = Provision([Outcome.unready("two")], packages=["b", "c"], warnings=["late", "later"])
        both = self.FULL.and_also(other)
        self.assertEqual(["one", "two"], [each.tool for each in both.outcomes])
        self.assertEqual((["a", "b", "c"], ["late", "late", "later"]), (both.packages, both.warnings))
        self.assertEqual((["a", "b"], ["late"]), (self.FULL.packages, self.FULL.warnings))

    def test_what_one_of_them_needs_both_need(self):
        nothing = Provision([])
        self.assertEqual(self.FULL, self.FULL.and_also(nothing))
        self.assertEqual(self.FULL, nothing.and_also(self.FULL))
        self.assertEqual(nothing, nothing.and_also(nothing))

    def test_the_later_one_says_what_makes_environments_if_it_says_so(self):
        both = self.FULL.and_also(Provision([], virtualenv_command="virtualenv"))
        self.assertEqual("virtualenv", both.virtualenv_command)

    def test_it_waits_for_what_is_missing_for_root_and_for_packages_and_for_nothing_else(self):
        for fields in ({"missing": True}, {"needs_root": True}, {"packages": ["python3-pip"]}):
            with self.subTest(fields):
                self.assertIs(True, Provision([], **fields).waits)
        ready = Provision(self.FULL.outcomes, warnings=["late"], virtualenv_command="virtualenv")
        self.assertIs(False, ready.waits)

    def test_it_has_changed_what_any_of_its_outcomes_changed(self):
        same = Outcome.unready("one")
        self.assertIs(True, Provision([same, same._replace(changed=True)]).changed)
        self.assertIs(False, Provision([same], needs_root=True, missing=True).changed)


class ToolsTest(test_provision.ProvisionCase):
    """Tools that are there, and such that are not."""

    def look(self, *requests, **options):
        return finder.tools(list(requests), self.environ(), **options)

    def test_what_is_there_is_found_in_the_order_of_the_requests(self):
        paths = [self.script("home/bin/" + name, "echo {} 3.0".format(name)) for name in ("two", "one")]
        done = self.look(self.request("two"), self.request("one", version=">=3"))
        self.assertEqual(
            [("two", "system", "3.0", paths[0], False), ("one", "system", "3.0", paths[1], False)],
            [(each.tool, each.source, each.version, each.executable, each.changed) for each in done.outcomes],
        )
        self.assertEqual(Provision(done.outcomes), done)
        self.assertEqual(["system"], [attempt.source for attempt in done.outcomes[0].attempts])

    def test_what_is_not_there_is_missing_and_nothing_is_made(self):
        mine = self.script("home/bin/mine", "echo mine 3.0")
        done = self.look(self.request(), self.request("mine"), self.request("mine", version="<3"))
        self.assertEqual([mine], [each.executable for each in done.outcomes])
        self.assertEqual(Provision(done.outcomes, missing=True), done)
        self.assertEqual([], self.made())
        self.assertEqual([], self.look(self.request(sources=("system",))).outcomes)

    def test_what_was_made_ready_is_found_afterwards(self):
        self.assertIs(True, self.look(self.request()).missing)
        (made,) = self.tools(self.request()).outcomes
        (found,) = self.look(self.request()).outcomes
        self.assertEqual((made.executable, "system", False), (found.executable, found.source, found.changed))

    def test_where_the_system_is_not_allowed_nothing_is_tried_and_all_is_missing(self):
        proof = os.path.join(self.folder, "it-was-run")
        self.script("home/bin/mine", ": > {}".format(proof), "echo mine 3.0")
        done = self.look(self.request("mine", sources=("precache", "mirror")))
        self.assertEqual(Provision([], missing=True), done)
        self.assertFalse(os.path.exists(proof))

    def test_none_asked_for_are_none_missing(self):
        self.assertEqual(Provision([]), self.look())
        self.assertEqual(Provision([]), self.look(and_venv=True))

    def test_what_makes_no_sense_is_an_error(self):
        self.script("home/bin/mine", "echo mine 3.0")
        for request in (self.request("../x"), self.request(version="4"), self.request(sources=("pypi",))):
            with self.subTest(request), self.assertRaises(UsageError):
                self.look(self.request("mine"), request)

    def test_where_it_is_soft_that_is_missing_and_the_others_are_looked_for(self):
        proof = self.sudo(0)
        mine = self.script("home/bin/mine", "echo mine 3.0")
        done = self.look(self.request("../x"), self.request("mine"), soft=True)
        self.assertEqual([mine], [each.executable for each in done.outcomes])
        self.assertEqual(Provision(done.outcomes, missing=True), done)
        self.assertFalse(os.path.exists(proof))
        # Whose links take root as ever.
        self.assertIs(True, self.look(self.request("../x"), self.request(link=True), soft=True).needs_root)

    def test_what_makes_environments_is_told_of_the_python_of_the_first_if_asked_for(self):
        self.script("home/bin/mine", "echo mine 3.0")
        absent = self.request("mine", python=os.path.join(self.folder, "absent"))
        self.assertEqual("", self.look(self.request("mine")).virtualenv_command)
        with mock.patch.object(finder, "venv_command", wraps=finder.venv_command) as asked:
            self.look(self.request("mine"))
            self.assertEqual(0, asked.call_count)
            done = self.look(self.request("mine"), self.request(), and_venv=True)
        self.assertEqual(1, asked.call_count)
        self.assertEqual(
            finder.venv_command(self.node("mine")), done.virtualenv_command, "whatever is missing"
        )
        with self.assertRaises(UsageError):
            self.look(absent, and_venv=True)

    def test_where_there_is_no_python3_nothing_makes_environments_and_the_tool_is_found_all_the_same(self):
        mine = self.script("home/bin/mine", "echo mine 3.0")
        environ = dict(self.environ(), PATH=os.path.dirname(mine))
        done = finder.tools([self.request("mine", python="")], environ, and_venv=True)
        self.assertEqual(("", [mine]), (done.virtualenv_command, [each.executable for each in done.outcomes]))


class RootTest(test_provision.ProvisionCase):
    """Whether it takes root to provide what is missing."""

    def look(self, *requests):
        return finder.tools(list(requests), self.environ())

    def test_a_link_takes_root_of_who_may_become_it(self):
        proof = self.sudo(0)
        self.assertEqual(Provision([], needs_root=True, missing=True), self.look(self.request(link=True)))
        self.assertTrue(os.path.exists(proof))
        self.assertEqual([], self.made())
        # One that takes it is enough.
        done = self.look(self.request(link=True), self.request())
        self.assertEqual((True, True), (done.missing, done.needs_root))

    def test_who_may_not_is_not_asked_to(self):
        proof = self.sudo(1)
        self.assertEqual(Provision([], missing=True), self.look(self.request(link=True)))
        self.assertTrue(os.path.exists(proof))

    def test_where_root_would_be_of_no_use_nobody_asks_sudo(self):
        proof = self.sudo(0)
        self.script("home/bin/mine", "echo mine 3.0")
        self.look(self.request(), self.request("mine"))
        for sources in (("system",), ("packages",), ("system", "packages")):
            with self.subTest(sources):
                done = self.look(self.request(link=True, sources=sources))
                self.assertEqual(Provision([], missing=True), done)
        self.become(0)
        self.assertEqual(Provision([], missing=True), self.look(self.request(link=True)))
        self.assertFalse(os.path.exists(proof))

    def test_each_source_that_installs_is_reason_enough(self):
        self.sudo(0)
        for sources in (("precache",), ("packages", "mirror")):
            with self.subTest(sources):
                self.assertIs(True, self.look(self.request(link=True, sources=sources)).needs_root)

    @test_provision.HAS_PROGRAM
    def test_what_runs_by_its_bare_name_already_is_found(self):
        proof = self.sudo(0)
        os.symlink(test_provision.PROGRAM, os.path.join(self.home, "bin", "env"))
        done = self.look(self.request(link=True, executable=test_provision.PROGRAM))
        self.assertEqual([test_provision.PROGRAM], [each.executable for each in done.outcomes])
        self.assertEqual(Provision(done.outcomes), done)
        self.assertFalse(os.path.exists(proof))

    @test_provision.HAS_PROGRAM
    def test_a_link_that_root_is_still_to_make_is_missing(self):
        self.become(0)
        asked = self.request(link=True, executable=test_provision.PROGRAM)
        self.assertEqual(Provision([], missing=True), self.look(asked))
        # For who asks what would be made it is there, with the link that it would get.
        (outcome,) = finder.look(self.node(link=True, executable=asked.executable, dry=True)).outcomes
        self.assertEqual(
            (True, os.path.join(self.folder, "local-bin", "env")), (outcome.changed, outcome.link)
        )
        self.assertFalse(os.path.lexists(os.path.join(self.folder, "local-bin")))


class PipTest(test_provision_pip.PipCase):
    """pip in interpreters."""

    def look(self, *requests, **options):
        return finder.pip(list(requests), self.environ(), **options)

    def test_what_is_there_is_found_for_each_and_the_first_makes_environments(self):
        one, two = self.python("one"), self.python("two")
        proof = self.sudo(0)
        done = self.look(self.asked(one), self.asked(two))
        self.assertEqual(
            [("pip", "system", "99.0", os.path.join(os.path.dirname(path), "pip3")) for path in (one, two)],
            [(each.tool, each.source, each.version, each.executable) for each in done.outcomes],
        )
        self.assertEqual(Provision(done.outcomes, virtualenv_command=one + " -m venv"), done)
        self.assertFalse(os.path.exists(proof))

    def test_one_that_lacks_it_is_missing_and_nothing_further_is_looked_for(self):
        split = self.python("split", without=["ensurepip"])
        for bare in (self.bare(), self.python("some", lacking=("wheel",))):
            with self.subTest(bare):
                done = self.look(self.asked(split, scope="user"), self.asked(bare, scope="user"))
                self.assertEqual(1, len(done.outcomes))
                self.assertEqual(Provision(done.outcomes, missing=True), done)
        done = self.look(self.asked(split, scope="user", version="<99"), virtualenv_command="virtualenv")
        self.assertEqual(Provision([], missing=True), done)
        self.assertEqual([], self.made())

    def test_get_pip_is_for_those_that_lack_pip_so_what_is_there_is_found(self):
        python = self.python()
        done = self.look(self.asked(python, get_pip="https://127.0.0.1:9/get-pip.py"))
        self.assertEqual(
            ("system", False, False), (done.outcomes[0].source, done.missing, done.outcomes[0].changed)
        )

    def test_for_everybody_it_takes_root_but_not_for_one_user_and_not_in_a_venv(self):
        proof = self.sudo(0)
        bare = self.bare()
        venv = make_venv(os.path.join(self.folder, "venv"))
        for asked in (
            self.asked(bare, scope="user"),
            self.asked(bare, scope=""),
            self.asked(venv),
            self.asked(bare, sources=("system", "packages")),
        ):
            with self.subTest(asked):
                self.assertEqual(Provision([], missing=True), self.look(asked))
        self.assertFalse(os.path.exists(proof))
        self.assertEqual(Provision([], needs_root=True, missing=True), self.look(self.asked(bare)))
        self.assertTrue(os.path.exists(proof))
        self.sudo(1)
        self.assertEqual(Provision([], missing=True), self.look(self.asked(bare)))

    def test_what_the_caller_makes_environments_with_is_returned_as_it_is(self):
        split = self.python("split", without=["ensurepip"])
        self.script("home/bin/uv", "exit 0")
        done = self.look(self.asked(split), virtualenv_command="uv venv --seed")
        self.assertEqual(Provision(done.outcomes, virtualenv_command="uv venv --seed"), done)

    def test_but_not_where_it_is_gone_since_it_was_exported(self):
        python = self.python()
        for command in (os.path.join(self.folder, "gone") + " -m venv", "gone", " "):
            done = self.look(self.asked(python), virtualenv_command=command)
            self.assertEqual(python + " -m venv", done.virtualenv_command)

    def test_without_ensurepip_a_virtualenv_is_looked_for(self):
        self.sudo(0)
        split = self.python("split", without=["ensurepip"])
        for scope, needs_root in (("global", True), ("user", False)):
            with self.subTest(scope):
                done = self.look(self.asked(split, scope=scope))
                self.assertEqual(Provision(done.outcomes, needs_root, missing=True), done)
                self.assertEqual(["pip"], [each.tool for each in done.outcomes])
        virtualenv = self.script("home/bin/virtualenv", "echo virtualenv 20.0")
        # What is asked of pip is not asked of it.
        done = self.look(self.asked(split, scope="user", version=">=90"))
        self.assertEqual(["pip", "virtualenv"], [each.tool for each in done.outcomes])
        self.assertEqual(Provision(done.outcomes, virtualenv_command=virtualenv), done)

    def test_what_ansibles_pip_module_lacks_is_missing_and_told_as_no_outcome_where_it_is_there(self):
        target = self.python("target")
        for lacking, missing in ((("packaging", "setuptools"), True), ((), False)):
            with self.subTest(lacking):
                python = self.python("other-{}".format(missing), lacking=lacking)
                self.run_by(python)
                done = self.look(self.asked(target, scope="user", version=">=90"))
                self.assertEqual(["pip"], [each.tool for each in done.outcomes])
                self.assertEqual(
                    Provision(done.outcomes, missing=missing, virtualenv_command=target + " -m venv"), done
                )
        self.assertEqual([], self.made())

    def test_the_python_that_runs_us_is_looked_at_only_where_it_is_another_and_no_venv(self):
        target = self.python("target")
        lacking = self.python("lacking", lacking=("packaging", "setuptools"))
        same = os.path.join(self.folder, "same")
        os.symlink(lacking, same)
        asked = self.asked(target, scope="user")
        venv = types.SimpleNamespace(prefix="/venv", base_prefix="/usr", executable=lacking)
        with mock.patch.object(finder, "sys", venv):
            self.assertIs(False, self.look(asked).missing)
        self.run_by(same)
        self.assertIs(True, self.look(asked).missing)
        os.unlink(same)
        os.symlink(target, same)
        self.assertIs(False, self.look(asked).missing)

    def test_what_makes_no_sense_is_an_error(self):
        for asked in (
            self.asked(os.path.join(self.folder, "absent")),
            self.asked(self.python(), version="4"),
        ):
            with self.subTest(asked), self.assertRaises(UsageError):
                self.look(asked)
