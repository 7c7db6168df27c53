"""The manifest is written and read by the same classes, and distrusted in between."""

import copy
import json
import unittest

from testnode_python import manifest
from testnode_python.errors import PrecacheError
from testnode_python.tools import tool_named

HASH = "0123456789abcdef" * 4
PATH = "/somewhere/manifest.json"
DELETED = object()


def small():
    """Return a manifest with one tool for one target, and one tool that has no lock."""
    wheel = manifest.Wheel("hello", "1.0+l!o_c.a-l", "hello-1.0+l!o_c.a-l-py3-none-any.whl", HASH, 100)
    tools = {
        "hello": manifest.Locked("1.0", [wheel], "", HASH),
        "uv": manifest.Locked("", [], "no release for this Python"),
    }
    target = manifest.Target(
        "cp36-linux_x86_64", "cpython", (3, 6), "x86_64", ("glibc", (2, 17)), dict(sorted(tools.items()))
    )
    return manifest.Manifest(
        lock_digest=HASH,
        locked="2026-11-01T00:00:00Z",
        tools={"hello": tool_named("hello"), "os-testr": tool_named("os-testr")},
        targets={target.name: target},
        get_pip={
            "": manifest.GetPip("get-pip/get-pip.py", HASH),
            "3.6": manifest.GetPip("get-pip/3.6/get-pip.py", HASH),
        },
    )


def changed(path, value):
    """Return the text of the small manifest with one value changed or deleted."""
    data = json.loads(manifest.dumps(small()))
    place = data
    for key in path[:-1]:
        place = place[key]
    if value is DELETED:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(data)


class WriteTest(unittest.TestCase):
    """What dumps gives."""

    def test_what_was_written_is_read(self):
        self.assertEqual(small(), manifest.loads(manifest.dumps(small()), PATH))

    def test_the_same_content_gives_the_same_text(self):
        made = small()
        turned = made._replace(
            tools=dict(reversed(list(made.tools.items()))), get_pip=dict(reversed(list(made.get_pip.items())))
        )
        self.assertEqual(manifest.dumps(made), manifest.dumps(turned))

    def test_it_says_its_format(self):
        self.assertEqual(manifest.FORMAT, json.loads(manifest.dumps(small()))["format"])

    def test_writing_changes_nothing_that_it_is_given(self):
        made = small()
        before = copy.deepcopy(made)
        manifest.dumps(made)
        self.assertEqual(before, made)


class ReadTest(unittest.TestCase):
    """What loads refuses."""

    def assert_refused(self, text, words):
        with self.assertRaises(PrecacheError) as caught:
            manifest.loads(text, PATH)
        self.assertEqual(PATH, caught.exception.path)
        self.assertIn(PATH, caught.exception.cause)
        self.assertIn(words, caught.exception.cause)
        self.assertIn("build the precache", caught.exception.cure)

    def test_another_format_is_told_with_both_numbers(self):
        for other in (2, 0, None, "1", [1]):
            with self.subTest(other):
                self.assert_refused(
                    changed(["format"], other), "has format {!r}, this program reads format 1".format(other)
                )
        self.assert_refused("{}", "has format None")

    def test_a_future_format_is_told_even_where_all_else_is_different(self):
        self.assert_refused('{"format": 2, "content": []}', "has format 2")

    def test_what_is_cut_short_is_no_manifest(self):
        text = manifest.dumps(small())
        for length in (0, 1, len(text) // 2, len(text) - 3):
            with self.subTest(length):
                self.assert_refused(text[:length], "is not a manifest: ")

    def test_what_is_no_object_is_no_manifest(self):
        for text in ("[]", "null", "1", '"x"', "[" * 100000):
            with self.subTest(text[:5]):
                self.assert_refused(text, "is not a manifest: ")

    def test_every_field_is_needed_but_none_may_be_of_another_kind(self):
        target = ["targets", "cp36-linux_x86_64"]
        locked = target + ["tools", "hello"]
        wheel = locked + ["wheels", 0]
        fields = [["lock_digest"], ["tools"], ["targets"], ["get_pip"]]
        fields += [["tools", "hello", name] for name in ("requirements", "command", "check")]
        fields += [target + [name] for name in ("python", "libc", "tools")]
        fields += [locked + [name] for name in ("wheels", "sha256", "version")]
        fields += [wheel + [name] for name in ("name", "version", "file", "sha256", "size")]
        fields += [["get_pip", "3.6", name] for name in ("file", "sha256")]
        for path in fields:
            for value in (DELETED, None, {"a": "b"}, [[]], float("inf"), "\n"):
                with self.subTest(path=path, value=value):
                    self.assert_refused(changed(path, value), "is not a manifest: ")

    def test_a_floor_has_two_numbers(self):
        for floor in ([], [2], "2"):
            with self.subTest(floor):
                text = changed(["targets", "cp36-linux_x86_64", "libc"], ["glibc", floor])
                self.assert_refused(text, "is not a manifest: ")

    def test_names_that_are_no_files_of_a_precache_are_refused(self):
        wheel = ["targets", "cp36-linux_x86_64", "tools", "hello", "wheels", 0]
        for name in (
            "../x.whl",
            "/etc/x.whl",
            "a/b.whl",
            ".x.whl",
            "-x.whl",
            "x.tar.gz",
            "x.whl\n",
            "x y.whl",
            "",
        ):
            with self.subTest(name):
                self.assert_refused(changed(wheel + ["file"], name), "not allowed there")
        for name in ["../get-pip.py", "get-pip/../../get-pip.py", "get-pip/x/get-pip.py", "/get-pip.py"] + [
            "get-pip/3.6/evil.py",
            "get-pip/3.6/get-pip.py\n",
        ]:
            with self.subTest(name):
                self.assert_refused(changed(["get_pip", "3.6", "file"], name), "not allowed there")

    def test_names_that_would_be_more_on_a_command_line_are_refused(self):
        wheel = ["targets", "cp36-linux_x86_64", "tools", "hello", "wheels", 0]
        evil = ["-r", "a b", "a\n--index-url=https://evil", "a;b", "../a", "a/b", "a\n", "$(id)", ""]
        for value in evil:
            for path in (["tools", "hello", "command"], wheel + ["name"], wheel + ["version"]):
                with self.subTest(path=path, value=value):
                    self.assert_refused(changed(path, value), "not allowed there")

    def test_requirements_that_would_be_options_are_refused(self):
        for value in (
            [],
            "hello",
            ["-r x"],
            ["--index-url=https://evil"],
            ["a\n-r x"],
            [""],
            [1],
            ["a", " -e ."],
            ["a --pre"],
        ):
            with self.subTest(value):
                self.assert_refused(changed(["tools", "hello", "requirements"], value), "")

    def test_a_check_is_a_list_of_words(self):
        for value in ("--version", [1], {}):
            with self.subTest(value):
                self.assert_refused(changed(["tools", "hello", "check"], value), "")

    def test_keys_are_names_too(self):
        for path in (["tools"], ["targets"], ["targets", "cp36-linux_x86_64", "tools"]):
            data = json.loads(manifest.dumps(small()))
            place = data
            for key in path:
                place = place[key]
            place["../evil"] = next(iter(place.values()))
            with self.subTest(path):
                self.assert_refused(json.dumps(data), "'../evil' is not allowed there")

    def test_hashes_are_hashes(self):
        wheel = ["targets", "cp36-linux_x86_64", "tools", "hello", "wheels", 0]
        for path in (["lock_digest"], wheel + ["sha256"], ["get_pip", "3.6", "sha256"]):
            for value in ("", HASH[:-1], HASH.upper(), HASH + "0", HASH + "\n", 0):
                with self.subTest(path=path, value=value):
                    self.assert_refused(changed(path, value), "not allowed there")

    def test_a_lock_may_do_without_a_hash_and_without_a_version(self):
        read = manifest.loads(manifest.dumps(small()), PATH)
        locked = read.targets["cp36-linux_x86_64"].tools["uv"]
        self.assertEqual(
            ("", "", "no release for this Python"), (locked.version, locked.sha256, locked.reason)
        )

    def test_what_a_newer_release_adds_is_passed_over(self):
        self.assertEqual(small(), manifest.loads(changed(["news"], {"x": 1}), PATH))
