"""What a precache is to hold, and the name of its folder."""

import os

from testnode_python.builder import plans
from testnode_python.errors import Error

from .cases import TARGET, UPLOADED, BuilderTest, lock_text


class PlanTest(BuilderTest):
    """Locks become a manifest."""

    def setUp(self):
        super().setUp()
        self.write_locks("https://example.org")

    def plan(self, get_pip=""):
        return plans.plan(self.toolset, self.locks, get_pip)

    def test_it_has_every_tool_of_every_target_with_its_version_or_reason(self):
        targets = self.plan().manifest.targets
        self.assertEqual(set(self.toolset.targets), set(targets))
        tools = targets[TARGET].tools
        self.assertEqual(
            {"pip": "26.0", "installer": "1.0", "hello": "1.0", "old": ""},
            {name: locked.version for name, locked in tools.items()},
        )
        self.assertEqual("no release for this Python", tools["old"].reason)
        self.assertEqual(["greeting", "hello"], [wheel.name for wheel in tools["hello"].wheels])

    def test_a_file_that_many_tools_need_is_there_once(self):
        self.assertEqual(4, len(self.plan().sources))

    def test_the_date_is_that_of_the_newest_upload(self):
        path = self.tools["hello"][0]
        newer = lock_text(
            (path, "https://example.org/" + os.path.basename(path)), uploaded="2026-03-01T10:00:00+02:00"
        )
        for target in self.toolset.targets:
            self.write(f"locks/{target}/pylock.hello.toml", newer)
        self.assertEqual("2026-03-01T08:00:00Z", self.plan().manifest.locked)

    def test_the_date_is_unknown_where_the_index_told_none(self):
        self.write_locks("https://example.org", uploaded="", size=False)
        plan = self.plan()
        self.assertEqual("", plan.manifest.locked)
        self.assertEqual({0}, {source.wheel.size for source in plan.sources.values()})

    def test_the_digest_is_the_same_for_the_same_locks_and_another_for_others(self):
        first = self.plan().manifest.lock_digest
        self.assertEqual(first, self.plan().manifest.lock_digest)
        others = {first, self.plan("https://example.org").manifest.lock_digest}
        self.toolset.tools["hello"].check.append("-v")
        others.add(self.plan().manifest.lock_digest)
        self.write(f"locks/{TARGET}/unlocked.toml", 'old = "another reason"\n')
        others.add(self.plan().manifest.lock_digest)
        with open(f"{self.locks}/{TARGET}/pylock.hello.toml", "a") as file:
            file.write("# a comment\n")
        others.add(self.plan().manifest.lock_digest)
        self.toolset.targets.pop("cp36-linux_x86_64")
        others.add(self.plan().manifest.lock_digest)
        self.assertEqual(6, len(others))

    def test_a_missing_lock_is_named(self):
        os.unlink(f"{self.locks}/{TARGET}/unlocked.toml")
        with self.assertRaises(Error) as caught:
            self.plan()
        self.assertIn(f"{self.locks}/{TARGET}/pylock.old.toml is missing", str(caught.exception))

    def test_a_lock_without_its_tool_is_refused(self):
        path = self.tools["pip"][0]
        self.write(
            f"locks/{TARGET}/pylock.hello.toml",
            lock_text((path, "https://example.org/x.whl/pip-26.0-py3-none-any.whl")),
        )
        with self.assertRaises(Error) as caught:
            self.plan()
        self.assertIn("pylock.hello.toml does not lock hello", str(caught.exception))

    def test_locks_that_disagree_about_a_file_are_refused(self):
        path = f"{self.locks}/{TARGET}/pylock.hello.toml"
        with open(path) as file:
            text = file.read()
        digest = text.partition('sha256 = "')[2][:64]
        self.write(f"locks/{TARGET}/pylock.hello.toml", text.replace(digest, "f" * 64))
        with self.assertRaises(Error) as caught:
            self.plan()
        self.assertIn("another hash of", str(caught.exception))

    def test_a_name_that_could_leave_the_precache_is_refused(self):
        path = self.tools["hello"][0]
        text = lock_text((path, "https://example.org/hello-1.0-py3-none-any.whl"))
        self.write(
            f"locks/{TARGET}/pylock.hello.toml", text.replace("hello-1.0-py3", "hello-1.0-..%2F..%2Fpy3")
        )
        with self.assertRaises(Error) as caught:
            self.plan()
        self.assertIn("..", str(caught.exception))

    def test_reasons_that_are_no_toml_are_named(self):
        self.write(f"locks/{TARGET}/unlocked.toml", "old = \n")
        with self.assertRaises(Error) as caught:
            self.plan()
        self.assertIn("unlocked.toml is not TOML", str(caught.exception))

    def test_a_lock_that_cannot_be_read_is_named(self):
        path = f"{self.locks}/{TARGET}/pylock.hello.toml"
        os.unlink(path)
        os.mkdir(path)
        with self.assertRaises(Error) as caught:
            self.plan()
        self.assertIn("cannot be read", str(caught.exception))

    def test_the_upload_time_of_the_cases_is_the_date(self):
        self.assertEqual(UPLOADED, self.plan().manifest.locked)
