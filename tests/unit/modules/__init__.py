"""The modules as Ansible runs them: sent to a node that is this machine, and their answer read."""

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from tests.support.precaches import HasPrecache

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODULES = ROOT / "library" / "modules"
PYTHON2 = [shutil.which("python2.7") or ""]
PYTHON2 += sorted(map(str, pathlib.Path("~/.pyenv/versions").expanduser().glob("2.7.*/bin/python2.7")))


def find_ansible():
    """Return the path of the command ``ansible``, of this Python first, or None."""
    here = os.path.dirname(sys.executable)
    return shutil.which("ansible", path=here + os.pathsep + os.environ.get("PATH", os.defpath))


ANSIBLE = find_ansible()
NEEDS_ANSIBLE = unittest.skipUnless(ANSIBLE, "there is no ansible here")


def run(argv):
    """Run a program without variables; return its exit code and what it printed."""
    try:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={})
    except OSError as error:
        return 127, str(error)
    output = process.communicate(timeout=60)[0].decode()
    return process.returncode, output


def load(name):
    """Return a module, loaded but not run."""
    spec = importlib.util.spec_from_file_location(name, str(MODULES / (name + ".py")))
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


class ModuleCase(HasPrecache):
    """Has a home with nothing in it but ``bin``, and a module, ``module``."""

    module = ""

    def setUp(self):
        super().setUp()
        os.mkdir(os.path.join(self.home, "bin"))

    def run_ansible(self, *argv, **variables):
        """Run a command of Ansible on this machine; return all that it printed."""
        environ = dict(
            self.environ(),
            # Ansible needs a shell; no tool of the machine is on PATH.
            PATH=os.pathsep.join([os.path.join(self.home, "bin"), "/bin"]),
            ANSIBLE_LIBRARY=str(MODULES),
            ANSIBLE_MODULE_UTILS=str(ROOT / "library" / "module_utils"),
            ANSIBLE_CONFIG=self.write("ansible.cfg", "[defaults]\n"),
            ANSIBLE_NOCOLOR="1",
            # By default it is below the home that the list of users has.
            ANSIBLE_REMOTE_TMP=os.path.join(self.home, ".ansible", "tmp"),
        )
        environ.update(variables)
        here = ["-i", "localhost,", "-c", "local", "-e", "ansible_python_interpreter=" + sys.executable]
        process = subprocess.Popen(
            list(argv) + here, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environ, cwd=self.folder
        )
        return process.communicate(timeout=120)[0].decode()

    def asked(self, arguments):
        """Return arguments with this precache, this Python and an empty index."""
        return dict(
            {"precache": self.precache, "mirrors": [self.mirror], "python": sys.executable}, **arguments
        )

    def call(self, *options, **arguments):
        """Run the module; return its answer."""
        arguments = json.dumps(self.asked(arguments))
        output = self.run_ansible(ANSIBLE, "localhost", "-m", self.module, "-a", arguments, *options)
        head, arrow, answer = output.partition("=> {")
        self.assertTrue(arrow, output)
        answer = json.JSONDecoder().raw_decode("{" + answer)[0]
        self.assertNotIn("Traceback", output)
        return dict(answer, failed="FAILED!" in head, output=head)

    def assert_secrets_are_kept(self, secrets, **arguments):
        """Run the module as loudly as Ansible can: a secret is nowhere, though its host is."""
        # Of an ad-hoc command Ansible repeats the command line itself.
        tasks = [{self.module: self.asked(arguments)}]
        play = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
        path = self.write("play.json", json.dumps(play))
        # Since 2.21 the arguments are told only to who asks for them.
        output = self.run_ansible(ANSIBLE + "-playbook", "-vvv", path, ANSIBLE_INJECT_INVOCATION="1")
        self.assertIn("module_args", output)
        self.assertIn("127.0.0.1:9", output)
        for secret in secrets:
            self.assertNotIn(secret, output)
        return output

    def assert_sent_as_it_is(self, **arguments):
        """Run the module: what Ansible sent to the node is the file, with the arguments filled in."""
        options = ("localhost", "-m", self.module, "-a", json.dumps(self.asked(arguments)))
        self.run_ansible(ANSIBLE, *options, ANSIBLE_KEEP_REMOTE_FILES="1")
        (sent,) = pathlib.Path(self.home).glob(".ansible/tmp/*/*.py")
        written = (MODULES / (self.module + ".py")).read_text(encoding="utf-8").splitlines()
        lines = sent.read_text(encoding="utf-8").splitlines()
        differ = [line for line in lines if line not in written]
        self.assertEqual("#!" + sys.executable, differ[0])
        # Not any more since 2.19.
        self.assertIn(differ[1:-1], ([], ["# -*- coding: utf-8 -*-"]))
        self.assertTrue(differ[-1].startswith('    given = json.loads(r"""{"'), differ[-1])

    def shipped(self, **arguments):
        """Run the module; return the names of our files in what Ansible sent to the node."""
        options = ("localhost", "-m", self.module, "-a", json.dumps(self.asked(arguments)))
        self.run_ansible(ANSIBLE, *options, ANSIBLE_KEEP_REMOTE_FILES="1")
        (packed,) = pathlib.Path(self.home).glob(".ansible/tmp/*/AnsiballZ_*.py")
        subprocess.check_output([sys.executable, str(packed), "explode"], env=self.environ())
        ours = packed.parent / "debug_dir" / "ansible" / "module_utils" / "testnode_python"
        return {path.relative_to(ours).as_posix() for path in ours.rglob("*.py")}

    def assert_python2_reads_it(self):
        """Python 2.7 can compile the module, or this is skipped."""
        copy = shutil.copy(str(MODULES / (self.module + ".py")), self.folder)
        # What is on PATH may be a shim that leads nowhere.
        for python in PYTHON2[::-1]:
            if run([python, "-c", ""])[0] == 0:
                self.assertEqual((0, ""), run([python, "-m", "py_compile", copy]))
                return
        self.skipTest("there is no Python 2.7 here")
