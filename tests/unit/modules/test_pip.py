"""The module testnode_python_pip."""

import os

from tests.support.precaches import COMPANIONS
from tests.support.pythons import give, make_python, make_venv

from . import NEEDS_ANSIBLE, ModuleCase


class PipSourceTest(ModuleCase):
    """The file."""

    module = "testnode_python_pip"

    def test_python_2_can_read_it(self):
        self.assert_python2_reads_it()


@NEEDS_ANSIBLE
class PipModuleTest(ModuleCase):
    """One call."""

    module = "testnode_python_pip"

    def python(self, name="python"):
        """Make an interpreter that has pip and its companions."""
        path = make_python(os.path.join(self.folder, name))
        for each in ("pip",) + COMPANIONS:
            give(path, each, "99.0")
        return path

    def venv(self, name="venv"):
        """Make a venv without pip; return its interpreter."""
        return make_venv(os.path.join(self.folder, name))

    def test_what_is_found_is_told_with_what_makes_environments(self):
        python = self.python()
        answer = self.call(python=python)
        (outcome,) = answer["outcomes"]
        self.assertEqual(("system", "99.0"), (outcome["source"], outcome["version"]))
        self.assertEqual(os.path.join(os.path.dirname(python), "pip3"), outcome["executable"])
        self.assertEqual(
            (False, False, False, [], [python], python + " -m venv"),
            (answer["failed"], answer["changed"], answer["needs_root"], answer["packages"])
            + (answer["interpreters"], answer["virtualenv_command"]),
        )
        self.script("home/bin/virtualenv", "exit 0")
        mine = self.call(python=python, virtualenv_command="virtualenv -p 3")
        self.assertEqual("virtualenv -p 3", mine["virtualenv_command"])

    def test_what_is_lacking_is_installed_but_not_in_check_mode(self):
        python = self.venv()
        pip3 = os.path.join(os.path.dirname(python), "pip3")
        promised = self.call("--check", python=python, outcome_fact="pip_outcome")
        self.assertEqual((False, True), (promised["failed"], promised["changed"]))
        self.assertNotIn("ansible_facts", promised)
        self.assertFalse(os.path.exists(pip3))
        answer = self.call(python=python, outcome_fact="pip_outcome")
        (outcome,) = answer["outcomes"]
        self.assertEqual({"pip_outcome": outcome}, answer["ansible_facts"])
        self.assertEqual(
            (True, "precache", pip3), (answer["changed"], outcome["source"], outcome["executable"])
        )
        self.assertTrue(os.path.exists(pip3))

    def test_a_python_is_found_on_the_path_as_the_user_has_it(self):
        os.symlink(self.python(), os.path.join(self.home, "bin", "python3"))
        answer = self.call(python="python3")
        self.assertEqual([os.path.join(self.home, "bin", "python3")], answer["interpreters"])

    def test_get_pip_is_for_its_interpreters_or_where_none_are_named_for_the_python(self):
        one, two = self.python("one"), self.python("two")
        upstream = {"from_upstream": True, "python": one}
        answer = self.call(from_upstream_interpreters=[two, one], **upstream)
        self.assertEqual(([two, one], 2), (answer["interpreters"], len(answer["outcomes"])))
        self.assertEqual(two + " -m venv", answer["virtualenv_command"])
        self.assertEqual([one], self.call(from_upstream_interpreters=[], **upstream)["interpreters"])
        # Without it they are not looked at.
        answer = self.call(from_upstream_interpreters=[two], python=one)
        self.assertEqual([one], answer["interpreters"])

    def test_a_failure_names_every_attempt(self):
        answer = self.call(python=self.venv(), version=">=1000")
        self.assertIs(True, answer["failed"])
        self.assertIn("pip could not be made ready", answer["msg"])
        attempts = answer["outcome"]["attempts"]
        self.assertEqual(
            ["system", "precache", "mirror", "packages"], [attempt["source"] for attempt in attempts]
        )
        for attempt in attempts:
            self.assertIn(attempt["reason"], answer["msg"])
        # URLs may be seen, but for their secrets.
        self.assertIn(self.mirror, answer["msg"])

    def test_what_makes_no_sense_is_refused_in_a_sentence(self):
        for arguments, words in (
            ({"python": "/nonexistent/python"}, "there is no program '/nonexistent/python'"),
            ({"version": "4"}, "'4' is not a version specifier"),
            ({"timeout": 0}, "0 s is no time to work in"),
        ):
            with self.subTest(arguments):
                answer = self.call(**arguments)
                self.assertIs(True, answer["failed"])
                self.assertIn(words, answer["msg"])

    def test_from_packages_is_from_nothing_else(self):
        answer = self.call(python=self.venv(), from_packages=True, packages=["python3-pip"])
        self.assertEqual((["python3-pip"], []), (answer["packages"], answer["outcomes"]))
        pythons = {"from_upstream": True, "from_upstream_interpreters": [self.venv("other"), self.python()]}
        packages = {"from_packages": True, "packages": ["python3-pip"]}
        answer = self.call(outcome_fact="pip_outcome", **dict(pythons, **packages))
        self.assertEqual(1, len(answer["outcomes"]))
        self.assertNotIn("ansible_facts", answer)
        self.assertEqual("", answer["virtualenv_command"])
        answer = self.call(python=self.venv(), sources=["packages"], packages=["python3-pip"], packaged=True)
        self.assertIs(True, answer["failed"])
        self.assertIn("has no pip", answer["msg"])

    def test_secrets_of_urls_appear_nowhere(self):
        secrets = ["j0ename", "s3cr3tword", "t0kenword", "b0bname", "0therword", "s1gnature"]
        mirror = "http://{}:{}@127.0.0.1:9/simple?token={}".format(*secrets[:3])
        url = "http://{}:{}@127.0.0.1:9/get-pip.py?key={}".format(*secrets[3:])
        output = self.assert_secrets_are_kept(
            secrets,
            mirrors=[mirror],
            from_upstream=True,
            from_upstream_url=url,
            from_upstream_interpreters=[self.venv()],
            sources=["system", "mirror"],
            timeout=20,
        )
        self.assertIn("http://127.0.0.1:9/get-pip.py", output)

    def test_ansible_sends_it_as_it_is(self):
        self.assert_sent_as_it_is(python=self.python())
