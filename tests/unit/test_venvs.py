"""System-level venvs: as the lock says, with the links that were asked for, and gone without a trace."""

import json
import os
import subprocess
import tempfile
import unittest
from unittest import mock

from testnode_python import tools, venvs
from testnode_python.errors import NotReadyError, PlaceError, UsageError

from tests.support.precaches import HasPrecache, describe
from tests.support.wheels import make_tool, make_wheel

AS_ROOT = unittest.skipUnless(
    os.geteuid() == 0 and os.stat("/var/lib").st_mode & 0o022 == 0,
    "needs root and a folder that is root's all the way",
)


class VenvsCase(HasPrecache):
    """Has a folder for venvs that is root's all the way, as /usr is."""

    # To compile the real one for every venv takes most of the time.
    small_pip = True

    def setUp(self):
        self.patch(tempfile, "tempdir", "/var/lib")
        super().setUp()
        os.chmod(self.folder, 0o755)
        self.pattern = os.path.join(self.folder, "usr", "{tool}-env")
        self.bin = os.path.join(self.folder, "bin")
        self.patch(venvs, "system_venv", lambda name: self.pattern.format(tool=name))
        if self.small_pip:
            self.lock_wheel("pip", make_tool(self.folder, "pip", "99.1"))

    def patch(self, *arguments):
        patch = mock.patch.object(*arguments)
        patch.start()
        self.addCleanup(patch.stop)

    @property
    def path(self):
        return self.pattern.format(tool="hello")

    def install(self, tool="hello", link_dir=None, **asked):
        asked = dict({"sources": venvs.SOURCES}, **asked)
        link_dir = self.bin if link_dir is None else link_dir
        return venvs.install(self.request(tool, **asked), self.environ(), link_dir)

    def remove(self, tool="hello", **asked):
        return venvs.remove(self.request(tool, **asked), self.environ(), self.bin).removed

    def lock_anew(self, version, modules=None, **scripts):
        """Put another version of hello into the precache; its programs are named by scripts."""
        made = make_tool(self.folder, "hello", version, requires=["greeting"])
        if scripts:
            files = dict({"hello.py": "def main():\n    print('hello')\n"}, **(modules or {}))
            made = make_wheel(self.folder, "hello", version, files, console_scripts=scripts)
        self.lock_wheel("hello", made)

    def lock_wheel(self, name, made):
        """Put a wheel into the precache, as the one of its name that is locked for the tool of that name."""
        path = os.path.join(self.precache, "wheels", os.path.basename(made))
        os.replace(made, path)
        wheel = describe(path)

        def change(data):
            (target,) = data["targets"].values()
            lock = target["tools"][name]
            others = [each for each in lock["wheels"] if each["name"] != name]
            lock.update(version=wheel.version, wheels=[dict(wheel._asdict())] + others)

        self.change_manifest(change)


@AS_ROOT
class WholeTest(VenvsCase):
    """With the real pip."""

    small_pip = False

    def test_it_is_made_for_all_whatever_the_umask_and_compiled(self):
        self.addCleanup(os.umask, os.umask(0o077))
        done = self.install()
        self.assertEqual(
            ("precache", self.path, True), (done.outcome.source, done.outcome.environment, done.changed)
        )
        modes = set()
        for folder, _, files in os.walk(os.path.realpath(self.path)):
            modes |= {os.stat(folder).st_mode & 0o077}
            modes |= {
                os.lstat(os.path.join(folder, name)).st_mode & 0o077
                for name in files
                if not os.path.islink(os.path.join(folder, name))
            }
        self.assertEqual({0o055, 0o044}, modes)
        self.assertEqual(b"hello 1.0\n", subprocess.check_output([self.path + "/bin/hello", "--version"]))
        told = subprocess.check_output([self.path + "/bin/pip", "list"]).decode()
        self.assertIn("greeting", told)
        compiled = [
            name
            for _, _, files in os.walk(os.path.realpath(self.path))
            for name in files
            if name.startswith("hello.") and name.endswith(".pyc")
        ]
        self.assertEqual(1, len(compiled))


@AS_ROOT
class InstallTest(VenvsCase):
    """Made, left as it is, or brought to another lock."""

    def test_without_a_folder_for_links_there_are_none(self):
        done = self.install(link_dir="")
        self.assertEqual(([], []), (done.links, done.removed))
        self.assertFalse(os.path.exists(self.bin))

    def test_installed_again_it_stays_and_a_link_that_was_lost_is_made_again(self):
        link = os.path.join(self.bin, "hello")
        self.assertEqual([link], self.install().links)
        self.assertEqual(self.path + "/bin/hello", os.readlink(link))
        before = os.path.realpath(self.path)
        again = self.install()
        self.assertEqual((False, [], before), (again.changed, again.links, os.path.realpath(self.path)))
        os.unlink(link)
        again = self.install()
        self.assertEqual((True, [link], before), (again.changed, again.links, os.path.realpath(self.path)))
        self.assertIs(False, again.outcome.changed)

    def test_another_lock_swaps_it_and_what_runs_goes_on_and_the_old_lock_brings_the_old_one_back(self):
        self.install()
        old = os.path.realpath(self.path)
        with open(os.path.join(self.precache, "manifest.json")) as file:
            manifest = file.read()
        self.lock_anew("2.0")
        done = self.install()
        self.assertEqual((True, "2.0"), (done.outcome.changed, done.outcome.version))
        self.assertEqual(b"hello 2.0\n", subprocess.check_output([os.path.join(self.bin, "hello")]))
        self.assertEqual(b"hello 1.0\n", subprocess.check_output([old + "/bin/hello"]), "it is kept")
        with open(os.path.join(self.precache, "manifest.json"), "w") as file:
            file.write(manifest)
        self.assertEqual("1.0", self.install().outcome.version)
        self.assertEqual(b"hello 1.0\n", subprocess.check_output([os.path.join(self.bin, "hello")]))

    def test_all_programs_of_the_tool_itself_have_links_and_those_of_before_lose_theirs(self):
        self.lock_anew("2.0", one="hello:main", two="hello:main", hello="hello:main")
        names = [os.path.join(self.bin, name) for name in ("hello", "one", "two")]
        self.assertEqual(names, self.install().links)
        # Of others nothing is removed, whatever it leads to.
        os.symlink("/nowhere/bin/thing", os.path.join(self.bin, "thing"))
        os.symlink(self.path + "/bin/sub/gone", os.path.join(self.bin, "sub"))
        self.lock_anew("3.0", one="hello:main", hello="hello:main")
        done = self.install()
        self.assertEqual(([], [names[2]]), (done.links, done.removed))
        self.assertEqual(["hello", "one", "sub", "thing"], sorted(os.listdir(self.bin)))

    def test_a_program_in_the_way_of_a_link_stays_and_is_named(self):
        theirs = self.write("bin/hello", "theirs")
        with self.assertRaises(PlaceError) as caught:
            self.install()
        self.assertEqual(theirs, caught.exception.path)
        with open(theirs) as file:
            self.assertEqual("theirs", file.read())

    def test_what_no_source_has_is_an_error_and_leaves_nothing(self):
        with self.assertRaises(NotReadyError):
            self.install("other")
        self.assertFalse(os.path.exists(self.pattern.format(tool="other")))

    def test_a_folder_that_is_not_ours_stays(self):
        os.makedirs(self.path)
        with self.assertRaises(NotReadyError) as caught:
            self.install()
        self.assertIn("not made by testnode-python", str(caught.exception))
        with self.assertRaises(PlaceError):
            self.remove()
        self.assertEqual([], os.listdir(self.path))

    def test_a_place_on_which_others_have_a_say_is_refused(self):
        for mode, owner in ((0o777, 0), (0o755, 1000)):
            place = os.path.join(self.folder, "home")
            os.chmod(place, mode)
            os.chown(place, owner, owner)
            for given in ({"venv": place + "/new/env"}, {"link_dir": place + "/new/bin"}):
                with self.subTest(mode=mode, **given), self.assertRaises(UsageError) as caught:
                    self.install(**given)
                self.assertIn("is root's all the way", caught.exception.cause)
        self.assertEqual([], os.listdir(place))

    def test_the_place_of_another_tool_is_left_to_it(self):
        self.install()
        with mock.patch.object(venvs, "system_venv", lambda name: self.path):
            for act in (self.install, self.remove):
                with self.assertRaises(PlaceError) as caught:
                    act("other")
                self.assertIn(self.path + " is that of hello", caught.exception.cause)
        self.assertEqual("1.0", venvs.installed((self.pattern,))[0].version)

    def test_what_came_of_it_as_data(self):
        data = json.loads(json.dumps(self.install().as_dict()))
        self.assertEqual([os.path.join(self.bin, "hello")], data["links"])
        self.assertEqual(("hello", True, []), (data["tool"], data["changed"], data["removed"]))

    def test_what_is_asked_for_dry_is_told_and_not_done(self):
        link = os.path.join(self.bin, "hello")
        done = self.install(dry=True)
        self.assertEqual((True, self.path, []), (done.changed, done.outcome.environment, done.links))
        self.assertFalse(os.path.exists(self.path))
        self.install(link_dir="")
        done = self.install(dry=True)
        self.assertEqual((True, False, [link]), (done.changed, done.outcome.changed, done.links))
        self.assertFalse(os.path.exists(link))
        self.install()
        done = self.install(dry=True)
        self.assertEqual((False, "1.0"), (done.changed, done.outcome.version))
        self.assertEqual([self.path], self.remove(dry=True))
        self.assertIs(False, self.install().changed)
        self.lock_anew("2.0")
        self.assertIs(True, self.install(dry=True).outcome.changed)
        self.assertEqual("1.0", venvs.installed((self.pattern,))[0].version)


@AS_ROOT
class RemoveTest(VenvsCase):
    """Nothing of it is left but the file of the lock."""

    def test_links_venv_and_all_trees_go(self):
        self.install()
        self.lock_anew("2.0")
        self.install()
        removed = self.remove()
        self.assertEqual([os.path.join(self.bin, "hello"), self.path], removed[:2])
        self.assertEqual(4, len(removed), "and two trees")
        self.assertEqual([], os.listdir(self.bin))
        self.assertEqual([".hello-env.lock"], os.listdir(os.path.dirname(self.path)))
        self.assertEqual([], self.remove())

    def test_what_was_never_there_leaves_nothing(self):
        self.assertEqual([], self.remove())
        self.assertFalse(os.path.exists(os.path.dirname(self.path)))


@AS_ROOT
class InstalledTest(VenvsCase):
    """The list."""

    def test_it_has_ours_by_their_receipts(self):
        self.install()
        os.makedirs(self.pattern.format(tool="foreign"))
        (venv,) = venvs.installed((self.pattern,))
        self.assertEqual(
            (self.path, "hello", "1.0", "precache", ""),
            (venv.path, venv.tool, venv.version, venv.source, venv.fault),
        )
        self.assertEqual(os.path.realpath(self.path), venv.tree)
        self.assertEqual([], venvs.installed((self.folder + "/elsewhere/{tool}",)))

    def test_one_whose_python_is_gone_says_so(self):
        self.install()
        python = os.path.join(os.path.realpath(self.path), "bin", "python")
        os.unlink(python)
        os.symlink("/nonexistent/python3", python)
        (venv,) = venvs.installed((self.pattern,))
        self.assertEqual("made for {}, which is not there any more".format(venv.python), venv.fault)

    def test_one_that_somebody_else_could_have_written_is_none_of_ours(self):
        self.install()
        os.chmod(os.path.realpath(self.path), 0o777)
        self.assertEqual([], venvs.installed((self.pattern,)))


class UsageTest(HasPrecache):
    """What makes no sense."""

    def test_it_takes_root(self):
        for act in (venvs.install, venvs.remove):
            with mock.patch.object(os, "geteuid", lambda: 1000), self.assertRaises(UsageError) as caught:
                act(self.request(sources=venvs.SOURCES), self.environ())
            self.assertIn("run it as root", caught.exception.cure)

    def test_a_folder_for_links_is_an_absolute_path(self):
        for act in (venvs.install, venvs.remove):
            with mock.patch.object(os, "geteuid", lambda: 0), self.assertRaises(UsageError) as caught:
                act(self.request(sources=venvs.SOURCES), self.environ(), "bin")
            self.assertIn("'bin' is no absolute path", caught.exception.cause)

    def test_a_name_that_is_none_and_pip_are_refused(self):
        for tool in ("../x", "pip"):
            with mock.patch.object(os, "geteuid", lambda: 0), self.assertRaises(UsageError):
                venvs.install(self.request(tool, sources=venvs.SOURCES), self.environ())

    def test_paths_are_those_that_images_have(self):
        expected = {"tox": "/usr/tox-env", "glean": "/usr/glean", "zuul-cloner": "/usr/zuul-env"}
        self.assertEqual(expected, {name: tools.system_venv(name) for name in expected})
