"""Locking, by a real uv against an index on loopback."""

import os
import sys
import unittest

from testnode_python.builder import locks, pylocks
from testnode_python.builder.toolset import SpecifierSet, parse
from testnode_python.errors import Error

from tests.support.index import Index
from tests.support.wheels import make_tool, make_wheel

from .cases import TARGET, BuilderTest

SECRET = "hunter22"
HASHED = "ab/cd/" + "0f" * 30


class LockTest(BuilderTest):
    """With an index that has the small toolset's wheels; ``old`` is for newer Pythons."""

    def setUp(self):
        super().setUp()
        make_tool(self.wheels, "old", "3.0", requires_python=">=3.8")
        self.environ = dict(os.environ, HOME=self.folder, UV_CACHE_DIR=os.path.join(self.folder, "cache"))

    def lock(self, index, **options):
        known = {"targets": [], "tools": []}
        how = locks.Options(self.environ, index, workers=4)
        return locks.lock(self.toolset, self.locks, options=how, **dict(known, **options))

    def read(self, name, target=TARGET):
        with open(f"{self.locks}/{target}/{name}") as file:
            return file.read()

    def written(self):
        return {
            os.path.join(folder, name): os.stat(os.path.join(folder, name)).st_mtime_ns
            for folder, _, names in os.walk(self.locks)
            for name in names
        }

    def test_every_tool_gets_a_lock_for_every_target_or_a_reason(self):
        with Index(self.wheels) as index:
            changes = self.lock(index.url)
        self.assertEqual(
            {
                "cp311-linux_x86_64": [
                    "pylock.hello.toml",
                    "pylock.installer.toml",
                    "pylock.old.toml",
                    "pylock.pip.toml",
                ],
                "cp36-linux_x86_64": [
                    "pylock.hello.toml",
                    "pylock.installer.toml",
                    "pylock.pip.toml",
                    "unlocked.toml",
                ],
            },
            {
                target: sorted(os.listdir(os.path.join(self.locks, target)))
                for target in os.listdir(self.locks)
            },
        )
        reason = self.read("unlocked.toml", "cp36-linux_x86_64")
        self.assertRegex(reason, r'(?m)^old = "Because .*Python>=3\.8.*"$')
        self.assertNotIn(self.folder, reason)
        self.assertEqual(8, len(changes))
        self.assertIn(locks.Change("hello", TARGET, "", "1.0"), changes)
        self.assertIn(locks.Change("old", "cp36-linux_x86_64", "", ""), changes)

    def test_a_lock_says_which_wheels_and_names_pypis_host_not_the_index(self):
        with Index(self.wheels) as index:
            self.lock(index.url)
            text = self.read("pylock.hello.toml")
            self.assertNotIn(str(index.port), text)
        lock = pylocks.parse(text.encode(), self.toolset.targets[TARGET], "pylock.hello.toml")
        base = "https://files.pythonhosted.org/packages/py3"
        self.assertEqual(
            [
                f"{base}/g/greeting/greeting-2.0-py3-none-any.whl",
                f"{base}/h/hello/hello-1.0-py3-none-any.whl",
            ],
            [source.url for source in lock.sources],
        )

    def test_a_run_that_changes_nothing_writes_nothing(self):
        with Index(self.wheels) as index:
            self.lock(index.url)
            before = self.written()
            self.assertEqual([], self.lock(index.url))
        self.assertEqual(before, self.written())

    def test_what_changed_is_told_and_only_that_is_written(self):
        with Index(self.wheels) as index:
            self.lock(index.url)
            before = self.written()
            make_tool(self.wheels, "hello", "1.1", requires=["greeting"])
            self._forget()
            changes = self.lock(index.url)
        self.assertEqual(
            [("hello", target, "1.0", "1.1") for target in sorted(self.toolset.targets)],
            [tuple(c) for c in changes],
        )
        after = self.written()
        self.assertEqual(
            {"pylock.hello.toml"}, {os.path.basename(path) for path in after if before[path] != after[path]}
        )

    def test_a_change_of_a_dependency_alone_is_told_too(self):
        with Index(self.wheels) as index:
            self.lock(index.url)
            make_wheel(self.wheels, "greeting", "2.1")
            self._forget()
            changes = self.lock(index.url, tools=["hello"], targets=[TARGET])
        self.assertEqual([locks.Change("hello", TARGET, "1.0", "1.0 (dependencies)")], changes)

    def test_a_solution_that_appears_or_goes_replaces_the_reason_or_the_lock(self):
        with Index(self.wheels) as index:
            self.lock(index.url)
            make_tool(self.wheels, "old", "2.0", requires_python=">=3.6")
            self._forget()
            self.assertEqual([locks.Change("old", "cp36-linux_x86_64", "", "2.0")], self.lock(index.url))
            self.assertFalse(os.path.exists(f"{self.locks}/cp36-linux_x86_64/unlocked.toml"))
            os.unlink(os.path.join(self.wheels, "old-2.0-py3-none-any.whl"))
            self._forget()
            self.assertEqual([locks.Change("old", "cp36-linux_x86_64", "2.0", "")], self.lock(index.url))
        self.assertFalse(os.path.exists(f"{self.locks}/cp36-linux_x86_64/pylock.old.toml"))
        self.assertIn("old = ", self.read("unlocked.toml", "cp36-linux_x86_64"))

    def test_only_what_is_named_is_locked(self):
        with Index(self.wheels) as index:
            self.lock(index.url, tools=["hello"], targets=[TARGET])
            self.assertEqual([f"{self.locks}/{TARGET}/pylock.hello.toml"], list(self.written()))

    def test_what_is_no_longer_declared_goes_in_a_full_run_only(self):
        with Index(self.wheels) as index:
            self.lock(index.url)
            del self.toolset.tools["old"], self.toolset.targets["cp36-linux_x86_64"]
            self.assertEqual([], self.lock(index.url, tools=["hello"]))
            changes = self.lock(index.url)
        self.assertEqual([TARGET], os.listdir(self.locks))
        self.assertFalse(os.path.exists(f"{self.locks}/{TARGET}/pylock.old.toml"))
        self.assertIn(locks.Change("old", TARGET, "3.0", ""), changes)
        self.assertIn(locks.Change("hello", "cp36-linux_x86_64", "1.0", ""), changes)

    def test_a_python_that_a_tool_is_not_for_is_a_reason(self):
        self.toolset.pythons["hello"] = SpecifierSet(">=3.10")
        with Index(self.wheels) as index:
            self.lock(index.url, tools=["hello"])
        self.assertIn('hello = "hello is for Python >=3.10"', self.read("unlocked.toml", "cp36-linux_x86_64"))
        self.assertIn("hello-1.0", self.read("pylock.hello.toml"))

    def test_an_index_that_cannot_be_reached_is_an_error_and_nothing_is_touched(self):
        with Index(self.wheels) as index:
            self.lock(index.url)
        before = self.written()
        self._forget()
        self.environ["UV_HTTP_RETRIES"] = "0"
        with Index(self.wheels, fault="404") as index:
            words = self.assert_fails(index.url)
        self.assertIn("not found in the package registry", words)
        with Index(self.wheels, fault="500") as index:
            self.assertIn("500", self.assert_fails(index.url))
        self.assertEqual(before, self.written())

    def test_a_password_serves_and_is_never_said_or_written(self):
        with Index(self.wheels, user="me", password=SECRET) as index:
            self.lock(index.authenticated_url, tools=["hello"])
            self.assertNotIn(SECRET, self.read("pylock.hello.toml"))
            self._forget()
            words = self.assert_fails(index.authenticated_url.replace(SECRET, SECRET + "x"))
        self.assertNotIn(SECRET, words)

    def test_a_date_that_is_none_is_uvs_to_refuse(self):
        how = locks.Options(self.environ, exclude_newer="yesterday-ish")
        with self.assertRaises(Error) as caught:
            locks.lock(self.toolset, self.locks, targets=[TARGET], tools=["hello"], options=how)
        self.assertIn("yesterday-ish", str(caught.exception))

    def test_progress_is_told_to_the_end(self):
        told = []
        with Index(self.wheels) as index:
            self.lock(
                index.url, tools=["hello", "pip"], progress=lambda done, total: told.append((done, total))
            )
        self.assertEqual([(number, 4) for number in range(1, 5)], told)

    def assert_fails(self, index):
        with self.assertRaises(Error) as caught:
            self.lock(index, tools=["hello"], targets=[TARGET])
        self.assertIn("uv could not lock hello for " + TARGET, str(caught.exception))
        return str(caught.exception)

    def _forget(self):
        """Let uv see the index anew: its cache believes a page for ten minutes."""
        self.environ["UV_CACHE_DIR"] += "x"


class CommandTest(unittest.TestCase):
    """What uv is told."""

    def target(self, **changes):
        group = dict({"python": ["3.6"], "machine": ["aarch64"], "glibc": "2.28"}, **changes)
        return next(iter(parse({"tools": {"pip": {}, "installer": {}}, "targets": [group]}).targets.values()))

    def test_it_locks_wheels_for_the_target_and_downloads_no_python(self):
        argv = locks.uv_command("uv", self.target(), "2026-01-01")
        for option, value in (
            ("--python-version", "3.6"),
            ("--python-platform", "aarch64-manylinux_2_28"),
            ("--only-binary", ":all:"),
            ("--format", "pylock.toml"),
            ("--python", sys.executable),
            ("--exclude-newer", "2026-01-01"),
        ):
            self.assertEqual(value, argv[argv.index(option) + 1])
        self.assertLessEqual({"--no-config", "--no-python-downloads", "--no-header"}, set(argv))
        self.assertNotIn("--exclude-newer", locks.uv_command("uv", self.target()))

    def test_it_sees_caches_certificates_and_proxies_and_nothing_that_redirects(self):
        kept = {
            "HOME": "h",
            "PATH": "p",
            "UV_CACHE_DIR": "c",
            "SSL_CERT_FILE": "s",
            "https_proxy": "x",
            "NO_PROXY": "n",
        }
        lost = {
            "PIP_INDEX_URL": "i",
            "UV_INDEX_URL": "i",
            "UV_CONSTRAINT": "c",
            "UV_PRERELEASE": "allow",
            "VIRTUAL_ENV": "v",
        }
        self.assertEqual(kept, locks.uv_environment({**kept, **lost}))
        self.assertEqual(
            {"UV_DEFAULT_INDEX": "https://i.example.org"}, locks.uv_environment({}, "https://i.example.org")
        )


class ReasonTest(unittest.TestCase):
    """No solution, told from a failure."""

    def test_the_reason_is_one_line_without_hints(self):
        said = "error: No solution found when resolving\n  cause: Because a\n         and b.\n\nhint: try c\n"
        self.assertEqual("Because a and b.", locks.no_solution(said))

    def test_anything_else_is_none(self):
        for said in (
            "error: Request failed after 3 retries",
            "error: No solution found\n  cause: Because x was not found in the package registry",
        ):
            with self.subTest(said):
                self.assertEqual("", locks.no_solution(said))

    def test_words_of_another_uv_are_still_a_reason(self):
        self.assertEqual("uv found no solution", locks.no_solution("No solution found, somehow"))


class UrlTest(unittest.TestCase):
    """Locks name PyPI's file host whatever index was asked."""

    def test_what_a_plain_mirror_keeps_is_kept(self):
        for base in (
            "https://mirror.example.org/pypi",
            "https://me:secret@mirror.example.org/x/packages",
            "https://files.pythonhosted.org",
        ):
            with self.subTest(base):
                self.assertEqual(
                    f"https://files.pythonhosted.org/packages/{HASHED}/tox-4.0-py3-none-any.whl",
                    locks.pypi_url(f"{base}/packages/{HASHED}/tox-4.0-py3-none-any.whl?token=1", "tox"),
                )

    def test_what_another_index_has_is_named_where_pypi_redirects_to_it(self):
        for url in (
            "https://example.org/+f/abc/PyYAML-6.0-cp36-cp36m-linux_x86_64.whl",
            "file:///srv/PyYAML-6.0-cp36-cp36m-linux_x86_64.whl",
        ):
            self.assertEqual(
                "https://files.pythonhosted.org/packages/cp36/p/pyyaml/PyYAML-6.0-cp36-cp36m-linux_x86_64.whl",
                locks.pypi_url(url, "pyyaml"),
            )

    def test_a_lock_of_pypi_stays_as_uv_wrote_it(self):
        url = f"https://files.pythonhosted.org/packages/{HASHED}/a-1-py3-none-any.whl"
        text = f'[[packages]]\nname = "a"\nwheels = [{{ url = "{url}", hashes = {{ sha256 = "0" }} }}]\n'
        self.assertEqual(text, locks.with_pypi_urls(text))

    def test_the_index_and_local_paths_leave_the_lock(self):
        text = (
            '[[packages]]\nname = "a"\nversion = "1"\nindex = "https://me@mirror.example.org/simple"\n'
            'wheels = [{ path = "../wheels/a-1-py3-none-any.whl", hashes = { sha256 = "0" } }]\n'
        )
        url = "https://files.pythonhosted.org/packages/py3/a/a/a-1-py3-none-any.whl"
        self.assertEqual(
            '[[packages]]\nname = "a"\nversion = "1"\n'
            f'wheels = [{{ url = "{url}", hashes = {{ sha256 = "0" }} }}]\n',
            locks.with_pypi_urls(text),
        )
