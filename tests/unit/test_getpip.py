"""pip for an interpreter: thrown-away ones, real pip, real get-pip.py rules."""

import concurrent.futures
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from testnode_python import getpip, ladder, manifest, network
from testnode_python.errors import NotReadyError

from tests.support.get_pip import get_pip_site, make_get_pip
from tests.support.index import Index
from tests.support.nodes import InAFolder, clean_environ, make_node, make_request
from tests.support.precaches import COMPANIONS, make_precache, target_name, write_manifest
from tests.support.pythons import SERIES, give, make_python, make_venv, site_of
from tests.support.server import Site
from tests.support.wheels import make_wheel

HERE = sys.version_info[:2]
TOO_NEW = (HERE[0], HERE[1] + 1)


class GetPipTest(InAFolder):
    """One precache and folder of wheels a class; an interpreter, thrown away, for each test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = os.path.realpath(tempfile.mkdtemp(prefix="testnode-test-"))
        try:
            cls.precache = os.path.join(cls.shared, "precache")
            made = make_precache(cls.precache, {})
            cls.wheels = os.path.join(cls.precache, "wheels")
            cls.pip = made.targets[target_name()].tools["pip"].wheels[0]
            script = make_get_pip(os.path.join(cls.wheels, cls.pip.file), HERE).encode()
            folder = os.path.join(cls.precache, "get-pip")
            os.mkdir(folder, 0o755)
            with open(os.path.join(folder, "get-pip.py"), "wb") as file:
                file.write(script)
            os.chmod(file.name, 0o644)
            entry = manifest.GetPip("get-pip/get-pip.py", hashlib.sha256(script).hexdigest())
            write_manifest(cls.precache, made._replace(get_pip={"{}.{}".format(*HERE): entry}))
        except BaseException:
            shutil.rmtree(cls.shared)
            raise

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.prefix = os.path.join(self.folder, "python")
        self.home = os.path.join(self.folder, "home")
        os.mkdir(self.home)
        for name, seconds in (("PAUSE_SECONDS", 0.01), ("ANSWER_SECONDS", 0.5)):
            patch = mock.patch.object(network, name, seconds)
            patch.start()
            self.addCleanup(patch.stop)

    def ensure(self, python, source, environ=None, **asked):
        """Make pip ready from one source."""
        asked = dict({"sources": (source,), "precache": self.precache}, python=python, **asked)
        return ladder.ensure(make_request(self.home, "pip", **asked), environ or clean_environ(self.home))

    def refused(self, python, source, **asked):
        """Fail to make pip ready; return the reason and the cure."""
        with self.assertRaises(NotReadyError) as raised:
            self.ensure(python, source, **asked)
        (attempt,) = [each for each in raised.exception.outcome.attempts if each.source == source]
        return "; ".join(filter(None, (attempt.reason, attempt.cure)))

    def node(self, python, **asked):
        """Return a node that is asked for pip."""
        return make_node(self.home, "pip", python=python, precache=self.precache, **asked)

    def site(self, prefix=""):
        """Return the names of what is installed below a prefix."""
        found = []
        for _, folders, _ in os.walk(prefix or self.prefix):
            found += [name.split("-")[0] for name in folders if name.endswith(".dist-info")]
        return sorted(found)

    def assertWorks(self, outcome, python):
        """pip3 and ``python -m pip`` answer in a plain shell."""
        for argv in ([outcome.executable, "--version"], [python, "-m", "pip", "--version"]):
            environ = {"HOME": self.home, "PATH": os.defpath, "PYTHONWARNINGS": "ignore"}
            told = subprocess.check_output(argv, env=environ, universal_newlines=True)
            self.assertTrue(told.startswith("pip {} from ".format(outcome.version)), told)

    @property
    def everything(self):
        """What an interpreter without anything gets."""
        return sorted(("pip",) + COMPANIONS)


class FromPrecacheTest(GetPipTest):
    """The locked files, and no network."""

    def test_all_that_is_lacking_is_installed_and_found_afterwards(self):
        python = make_venv(self.prefix)
        self.assertIn("no pip, setuptools, wheel, packaging", self.refused(python, "system"))
        environ = clean_environ(
            self.home, PIP_TARGET=self.folder + "/t", PIP_USER="1", PIP_REQUIRE_VIRTUALENV="1"
        )
        outcome = self.ensure(python, "precache", environ, version="=={}".format(self.pip.version))
        self.assertEqual(("precache", True, False), (outcome.source, outcome.changed, outcome.unlocked))
        self.assertEqual(os.path.join(self.prefix, "bin", "pip3"), outcome.executable)
        self.assertEqual(self.everything, self.site())
        self.assertWorks(outcome, python)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "t")))
        # Nothing elsewhere: neither in the home nor among the system's environments.
        self.assertEqual([], os.listdir(self.home))
        again = self.ensure(python, "system")
        self.assertEqual(
            ("system", False, outcome.executable), (again.source, again.changed, again.executable)
        )

    def test_what_a_killed_pip_left_is_not_found_and_made_whole(self):
        python = make_venv(self.prefix)
        self.ensure(python, "precache")
        site = os.path.join(self.prefix, "lib", SERIES, "site-packages")
        (metadata,) = [
            name for name in os.listdir(site) if name.startswith("pip-") and name.endswith(".dist-info")
        ]
        for last in ("RECORD", "INSTALLER"):  # what pip writes last
            os.unlink(os.path.join(site, metadata, last))
        shutil.rmtree(os.path.join(site, "pip", "_internal", "cli"))
        self.assertIn("no pip", self.refused(python, "system"))
        self.assertWorks(self.ensure(python, "precache"), python)

    def test_callers_at_once_make_one_install(self):
        python = make_venv(self.prefix)
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            calls = [pool.submit(self.ensure, python, "precache") for _ in range(3)]
        outcomes = [call.result() for call in calls]
        self.assertEqual([False, False, True], sorted(outcome.changed for outcome in outcomes))
        self.assertEqual(self.everything, self.site())
        self.assertWorks(outcomes[0], python)

    def test_get_pip_gives_the_same_and_what_root_installs_is_readable_by_all(self):
        python = make_venv(self.prefix)
        self.addCleanup(os.umask, os.umask(0o077))
        outcome = self.ensure(python, "precache", get_pip="precache")
        self.assertEqual(self.everything, self.site())
        self.assertEqual(self.pip.version, outcome.version)
        self.assertWorks(outcome, python)
        if os.geteuid() == 0:
            found = os.path.join(self.prefix, "lib", SERIES, "site-packages", "pip", "__init__.py")
            self.assertEqual(0o644, os.stat(found).st_mode & 0o777)
            self.assertEqual(0o755, os.stat(outcome.executable).st_mode & 0o777)

    def test_only_what_is_lacking_is_installed_for_all_though_the_distribution_manages_it(self):
        python = make_python(self.prefix, without=["ensurepip"], externally_managed=True)
        give(python, "pip", "99.0")
        give(python, "wheel", "99.0")
        outcome = self.ensure(python, "precache", scope="global")
        self.assertEqual("99.0", outcome.version)
        installed = os.path.dirname(self.node(python).interpreter.modules["setuptools"].metadata)
        self.assertTrue(installed.startswith(self.prefix))
        names = {name for name in os.listdir(installed) if name.endswith(".dist-info")}
        self.assertLessEqual({"setuptools-1.0.dist-info", "packaging-1.0.dist-info"}, names)
        self.assertNotIn("wheel-1.0.dist-info", names)
        # The marker stands: it was overridden for this step only.
        self.assertTrue(os.path.exists(os.path.join(self.prefix, "lib", SERIES, "EXTERNALLY-MANAGED")))
        self.assertEqual([], os.listdir(self.home))

    def test_scope_user_writes_into_the_home_only(self):
        python = make_python(self.prefix, externally_managed=True)
        give(python, "pip", "99.0")
        outcome = self.ensure(
            python, "precache", scope="user", environ=clean_environ(self.home, PIP_USER="0")
        )
        self.assertEqual("99.0", outcome.version)
        self.assertEqual(["pip"], self.site())
        self.assertEqual(sorted(COMPANIONS), self.site(os.path.join(self.home, ".local")))
        # For all it still lacks them.
        self.assertIn("no setuptools, wheel, packaging", self.refused(python, "system", scope="global"))
        self.assertEqual("system", self.ensure(python, "system", scope="user").source)

    def test_modules_asked_for_are_installed_and_nothing_else_is(self):
        python = make_venv(self.prefix)
        asked = {"modules": ("packaging",)}
        self.assertRegex(self.refused(python, "system", **asked), "has no packaging$")
        outcome = self.ensure(python, "precache", **asked)
        self.assertEqual(["packaging"], self.site())
        # There is no pip3: what was made ready is the interpreter.
        self.assertEqual((python, "1.0", True), (outcome.executable, outcome.version, outcome.changed))
        self.assertIn("packaging 1.0 for ", outcome.attempts[1].reason)
        again = self.ensure(python, "system", **asked)
        self.assertEqual((python, False), (again.executable, again.changed))
        self.assertIn("has packaging", again.attempts[0].reason)
        self.assertIn("no pip, setuptools, wheel", self.refused(python, "system"))

    def test_another_version_than_the_locked_one_is_refused(self):
        reason = self.refused(make_venv(self.prefix), "precache", version=">=1000")
        self.assertEqual(
            "{} has pip {}, not >=1000; ask for another --version, or allow a mirror".format(
                self.precache, self.pip.version
            ),
            reason,
        )
        self.assertEqual([], self.site())

    def test_an_altered_file_installs_nothing(self):
        altered = os.path.join(self.folder, "altered")
        shutil.copytree(self.precache, altered)
        for path in ("get-pip/get-pip.py", "wheels/wheel-1.0-py3-none-any.whl"):
            with open(os.path.join(altered, path), "ab") as file:
                file.write(b"\n")
        python = make_venv(self.prefix)
        options = {"precache": altered}
        self.assertIn(
            "wheel-1.0-py3-none-any.whl is not the file", self.refused(python, "precache", **options)
        )
        shutil.copy(os.path.join(self.wheels, "wheel-1.0-py3-none-any.whl"), os.path.join(altered, "wheels"))
        options["get_pip"] = "precache"
        self.assertIn("get-pip.py is not the file", self.refused(python, "precache", **options))
        self.assertEqual([], self.site())

    @unittest.skipIf(HERE >= (3, 10), "pip needs distutils below Python 3.10 only")
    def test_without_distutils_it_says_what_to_install(self):
        python = make_python(self.prefix, without=["distutils"])
        reason = self.refused(python, "precache")
        self.assertRegex(reason, "pip needs distutils, which .* lacks; install it: .*python3-distutils")

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_a_site_that_may_not_be_written_is_named_with_the_cure(self):
        python = make_python(self.prefix)
        folder = site_of(python)
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o555)
        self.addCleanup(os.chmod, folder, 0o755)
        reason = self.refused(python, "precache", scope="global")
        self.assertIn("{} cannot be written".format(folder), reason)
        self.assertIn("--scope user", reason)

    def test_a_pip_that_ends_well_without_a_result_does_not_count(self):
        script = b"print('nothing to do')\n"
        altered = os.path.join(self.folder, "altered")
        shutil.copytree(self.precache, altered)
        with open(os.path.join(altered, "get-pip", "get-pip.py"), "wb") as file:
            file.write(script)
        with open(os.path.join(altered, manifest.FILE_NAME)) as file:
            made = manifest.loads(file.read(), file.name)
        entry = manifest.GetPip("get-pip/get-pip.py", hashlib.sha256(script).hexdigest())
        write_manifest(altered, made._replace(get_pip={"{}.{}".format(*HERE): entry}))
        reason = self.refused(make_venv(self.prefix), "precache", precache=altered, get_pip="precache")
        self.assertIn("pip ended well, but", reason)
        self.assertIn("has no pip, setuptools, wheel, packaging", reason)


class FindTest(GetPipTest):
    """What is there, and why it does not count."""

    def setUp(self):
        super().setUp()
        self.python = make_python(self.prefix)
        for name in ("pip",) + COMPANIONS:
            give(self.python, name, "99.0")

    def test_pip_with_its_companions_is_found(self):
        outcome = self.ensure(self.python, "system", version=">=90")
        self.assertEqual(
            ("99.0", os.path.join(self.prefix, "bin", "pip3")), (outcome.version, outcome.executable)
        )

    def test_another_version_does_not_count(self):
        self.assertIn("has pip 99.0, not <99", self.refused(self.python, "system", version="<99"))

    def test_what_get_pip_is_asked_for_is_not_found(self):
        self.assertEqual("get-pip.py was asked for", self.refused(self.python, "system", get_pip="precache"))

    def test_without_a_command_it_does_not_count(self):
        os.remove(os.path.join(self.prefix, "bin", "pip3"))
        self.assertIn("has pip 99.0, but no pip3 command", self.refused(self.python, "system"))

    def test_pip_alone_is_named_with_what_is_missing(self):
        shutil.rmtree(os.path.join(site_of(self.python), "wheel"))
        self.assertRegex(self.refused(self.python, "system"), r"has pip 99\.0, but no wheel$")


class FromMirrorTest(GetPipTest):
    """From an index, by pip or by get-pip.py."""

    def test_what_the_lock_does_not_satisfy_is_taken_from_the_index_and_called_unlocked(self):
        python = make_python(self.prefix)
        give(python, "pip", "99.0")
        for version in ("97.0", "98.0"):
            scripts = {"console_scripts": {"pip3": "pip:main"}}
            make_wheel(self.folder, "pip", version, {"pip/__init__.py": "main = int\n"}, **scripts)
        for name in COMPANIONS:
            shutil.copy(os.path.join(self.wheels, name + "-1.0-py3-none-any.whl"), self.folder)
        asked = {"version": ">=97,<99", "scope": "user"}
        self.assertRegex(self.refused(python, "precache", **asked), "has pip .*, not >=97,<99")
        index = Index(self.folder, user="alice", password="hunter22")
        with index, Index(self.folder, fault="hang") as hanging:
            asked["mirrors"] = (hanging.url, index.authenticated_url)
            outcome = self.ensure(python, "mirror", **asked)
            asked["mirrors"] = (index.authenticated_url,)
            reason = self.refused(python, "mirror", **dict(asked, version=">=1000"))
        self.assertEqual(("98.0", "mirror", True, ""), outcome[2:6])
        self.assertTrue(outcome.unlocked)
        # pip itself would have waited ten seconds, three times.
        self.assertLess(outcome.seconds, 20)
        self.assertEqual(os.path.join(self.home, ".local", "bin", "pip3"), outcome.executable)
        self.assertIn("No matching distribution found for pip>=1000", reason)
        self.assertRegex(
            outcome.attempts[2].reason, "from {}; not from {}: .* timed out".format(index.url, hanging.url)
        )
        for secret in ("alice", "hunter22"):
            self.assertNotIn(secret, outcome.as_json() + reason)
        # The one for all is covered, not removed.
        self.assertEqual(["pip"], self.site())

    def test_a_lock_is_followed(self):
        python = make_python(self.prefix)
        give(python, "pip", "99.0")
        newer = os.path.join(self.folder, "newer")
        shutil.copytree(self.wheels, newer)
        with open(os.path.join(newer, "wheel-1.0-py3-none-any.whl"), "ab") as file:
            file.write(b"altered")
        with Index(newer) as altered, Index(self.wheels) as index:
            asked = {"mirrors": (altered.url, index.url), "scope": "user"}
            outcome = self.ensure(python, "mirror", **asked)
        self.assertFalse(outcome.unlocked)
        self.assertTrue(outcome.locked)
        self.assertRegex(outcome.attempts[2].reason, "from {}.*HASHES".format(index.url))
        self.assertEqual(sorted(COMPANIONS), self.site(os.path.join(self.home, ".local")))

    def test_get_pip_of_a_url_is_run_with_the_mirror_as_its_index(self):
        python = make_venv(self.prefix)
        wheel = os.path.join(self.wheels, self.pip.file)
        site = get_pip_site(wheel, minimum=HERE, user="bob", password="hunter33")
        with site, Index(self.wheels, user="alice", password="hunter22") as index:
            url = site.with_credentials(site.base_url + "/get-pip.py") + "?token=hunter44"
            outcome = self.ensure(python, "mirror", mirrors=(index.authenticated_url,), get_pip=url)
        self.assertEqual(self.everything, self.site())
        self.assertWorks(outcome, python)
        self.assertTrue(outcome.unlocked)
        self.assertIn("get-pip.py of {}".format(site.base_url), outcome.attempts[2].reason)
        self.assertIn("/simple/setuptools/", index.paths())
        for secret in ("alice", "bob", "hunter"):
            self.assertNotIn(secret, outcome.as_json())

    def test_upstreams_newest_is_for_those_that_have_no_file_of_their_own(self):
        python = make_venv(self.prefix)
        wheel = os.path.join(self.wheels, self.pip.file)
        own = "/pip/{}.{}/get-pip.py".format(*HERE)
        # All are for newer Pythons: what is run says so, and that is enough here.
        for files, paths in (
            (["/get-pip.py"], [own, "/get-pip.py"]),
            (["/get-pip.py", own], [own]),
            ([], [own, "/get-pip.py"]),
        ):
            with Site({path: make_get_pip(wheel, TOO_NEW).encode() for path in files}) as site:
                url = site.base_url + "/get-pip.py"
                with mock.patch.object(getpip, "GET_PIP_URL", url):
                    reason = self.refused(python, "mirror", mirrors=("http://127.0.0.1:9/",), get_pip=url)
            self.assertIn("get-pip.py failed: " if files else "get-pip.py answers 404", reason)
            self.assertEqual(paths, site.paths())

    def test_a_get_pip_that_cannot_be_had_is_a_reason_without_who_asked(self):
        python = make_venv(self.prefix)
        with get_pip_site(os.path.join(self.wheels, self.pip.file), fault="503") as site:
            url = site.base_url.replace("://", "://alice:hunter22@") + "/get-pip.py?token=hunter33"
            reason = self.refused(python, "mirror", mirrors=("http://127.0.0.1:9/",), get_pip=url)
        self.assertIn("{}/get-pip.py answers 503".format(site.base_url), reason)
        for secret in ("alice", "hunter"):
            self.assertNotIn(secret, reason)
        with mock.patch.object(getpip, "GET_PIP_URL", url):
            self.refused(python, "mirror", mirrors=("http://127.0.0.1:9/",), get_pip=url)

    def test_the_precached_get_pip_is_not_looked_for_on_a_mirror(self):
        python = make_venv(self.prefix)
        reason = self.refused(python, "mirror", mirrors=("http://127.0.0.1:9/",), get_pip="precache")
        self.assertEqual("the precached get-pip.py was asked for", reason)
