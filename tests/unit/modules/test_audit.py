"""The module testnode_python_audit."""

import json
import os
import sys
import types
import unittest
from unittest import mock

from testnode_python.audit import report, text
from testnode_python.errors import Error

from tests.support.systems import SITE, SystemCase
from tests.unit import test_payload

from . import MODULES, NEEDS_ANSIBLE, ModuleCase, load

MODULE = "testnode_python_audit"
# What Ansible must not fill in, and what is no text.
HOSTILE = os.fsdecode(b"{{ 6 * 7 }}\xff.pth")


class AuditSourceTest(ModuleCase):
    """The file."""

    module = MODULE

    def test_python_2_can_read_it(self):
        self.assert_python2_reads_it()


class Exit(Exception):
    """What ends a module."""


class FakeModule:
    """As Ansible's: ends with an answer."""

    def __init__(self, argument_spec, supports_check_mode):
        assert argument_spec and supports_check_mode

    def fail_json(self, **answer):
        raise Exit(dict(answer, failed=True))


class TooOldTest(unittest.TestCase):
    """Under a Python that could not read the library."""

    def test_it_is_refused_with_the_way_out(self):
        basic = types.SimpleNamespace(AnsibleModule=FakeModule)
        modules = {"ansible": basic, "ansible.module_utils": basic, "ansible.module_utils.basic": basic}
        with mock.patch.dict(sys.modules, modules):
            loaded = load(MODULE)
        loaded.sys = types.SimpleNamespace(version_info=(2, 7, 18, "final", 0))
        with self.assertRaises(Exit) as caught:
            loaded.main()
        (answer,) = caught.exception.args
        words = "Python 2.7 is too old for testnode-python, which needs 3.6"
        cure = "; set ansible_python_interpreter to a newer one"
        self.assertEqual({"failed": True, "msg": words + cure}, answer)


@NEEDS_ANSIBLE
class AuditModuleTest(SystemCase, ModuleCase):
    """One call."""

    module = MODULE

    def asked(self, arguments):
        return dict({"root": self.folder}, **arguments)

    def expected(self):
        """Return the report and its tables, as the command line prints them."""
        made = report.make(self.folder)
        return json.loads(made.as_json()), text.of(made)

    def test_a_clean_system_passes_the_gate(self):
        expected = self.expected()
        answer = self.call(fail_on="unmanaged")
        self.assertEqual(
            (False, False, True), tuple(answer[key] for key in ("failed", "changed", "clean")), answer
        )
        self.assertEqual(expected, (answer["report"], answer["text"]))
        self.assertNotIn("msg", answer)

    def test_without_a_gate_what_has_no_owner_is_told_and_nothing_fails(self):
        self.put(SITE + "/" + HOSTILE)
        expected = self.expected()
        for given in ({}, {"fail_on": ""}):
            answer = self.call(**given)
            self.assertEqual(
                (False, False, False), tuple(answer[key] for key in ("failed", "changed", "clean"))
            )
            self.assertEqual(expected, (answer["report"], answer["text"]))
        self.assertEqual(["{{ 6 * 7 }}\\xff.pth"], [each["name"] for each in answer["report"]["unmanaged"]])

    def test_the_gate_fails_with_the_sentence_and_the_report(self):
        self.put(SITE + "/evil.pth")
        expected = self.expected()
        with self.assertRaises(Error) as caught:
            report.refuse_unmanaged(report.make(self.folder))
        answer = self.call(fail_on="unmanaged")
        self.assertEqual((True, False, False), tuple(answer[key] for key in ("failed", "changed", "clean")))
        self.assertEqual(str(caught.exception), answer["msg"])
        self.assertEqual(expected, (answer["report"], answer["text"]))

    def test_what_is_no_folder_is_refused_in_a_sentence_without_a_report(self):
        for root in (self.outside("/no"), ""):
            answer = self.call(root=root)
            self.assertIs(True, answer["failed"])
            self.assertIn("{!r} is no folder; name the folder".format(root), answer["msg"])
            self.assertNotIn("report", answer)

    def test_another_gate_is_refused(self):
        answer = self.call(fail_on="unmanged")
        self.assertIs(True, answer["failed"])
        self.assertIn("must be one of", answer["msg"])

    def test_check_mode_looks_as_ever_and_nothing_is_written_into_the_system(self):
        self.put(SITE + "/evil.pth")
        system = os.path.join(self.folder, "usr")
        before = self.files(system)
        self.assertEqual(self.expected()[0]["unmanaged"], self.call("--check")["report"]["unmanaged"])
        self.assertIs(True, self.call("--check", fail_on="unmanaged")["failed"])
        self.assertEqual(before, self.files(system))

    def files(self, top):
        return sorted(
            (os.path.join(folder, name), os.lstat(os.path.join(folder, name)).st_mtime)
            for folder, folders, names in os.walk(top)
            for name in folders + names
        )

    def test_ansible_ships_what_the_imports_say(self):
        self.assertEqual(test_payload.payload(MODULES / (self.module + ".py")), self.shipped())
