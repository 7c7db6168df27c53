"""Which wheel of a lock a target gets."""

import unittest

from testnode_python.builder import pylocks
from testnode_python.builder.toolset import parse
from testnode_python.errors import Error

SHA = "0" * 64


def target(python="3.11", machine="x86_64", glibc="2.17"):
    """Return a target as the toolset declares it."""
    group = {"python": [python], "machine": [machine], "glibc": glibc}
    return next(iter(parse({"tools": {"pip": {}, "installer": {}}, "targets": [group]}).targets.values()))


def lock(*files, extra="", hashes=f'sha256 = "{SHA}"'):
    """Return a lock of one package with these wheels."""
    wheels = ", ".join(f'{{ url = "https://example.org/{file}", hashes = {{ {hashes} }} }}' for file in files)
    head = 'lock-version = "1.0"\ncreated-by = "tests"\n[[packages]]\nname = "thing"\nversion = "1.0"\n'
    return (f"{head}{extra}\n" + f"wheels = [{wheels}]\n").encode()


def chosen(content, where):
    """Return the files that a target gets."""
    return [source.wheel.file for source in pylocks.parse(content, where, "pylock.thing.toml").sources]


class ChoiceTest(unittest.TestCase):
    """One wheel of each package, the best that the target takes."""

    def test_the_oldest_python_takes_the_abi_with_an_m(self):
        self.assertEqual(
            ["thing-1.0-cp36-cp36m-manylinux2014_x86_64.whl"],
            chosen(
                lock(
                    "thing-1.0-cp36-cp36-manylinux2014_x86_64.whl",
                    "thing-1.0-cp36-cp36m-manylinux2014_x86_64.whl",
                ),
                target("3.6"),
            ),
        )

    def test_newer_ones_take_it_without(self):
        files = (
            "thing-1.0-cp38-cp38-manylinux2014_x86_64.whl",
            "thing-1.0-cp38-cp38m-manylinux2014_x86_64.whl",
        )
        self.assertEqual([files[0]], chosen(lock(*reversed(files)), target("3.8")))

    def test_a_built_wheel_is_better_than_a_pure_one_and_a_newer_libc_better_than_an_older(self):
        files = [
            "thing-1.0-py3-none-any.whl",
            "thing-1.0-cp311-cp311-manylinux1_x86_64.whl",
            "thing-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
        ]
        self.assertEqual([files[2]], chosen(lock(*files), target()))
        self.assertEqual([files[1]], chosen(lock(*files[:2]), target()))
        self.assertEqual([files[0]], chosen(lock(*files[:1]), target()))

    def test_the_stable_abi_of_an_older_python_serves(self):
        file = "thing-1.0-cp38-abi3-manylinux2014_aarch64.whl"
        self.assertEqual([file], chosen(lock(file), target("3.14", "aarch64")))

    def test_a_wheel_above_the_floor_of_the_libc_or_of_another_machine_does_not_fit(self):
        for file in (
            "thing-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
            "thing-1.0-cp311-cp311-manylinux2014_aarch64.whl",
            "thing-1.0-cp311-cp311-musllinux_1_2_x86_64.whl",
        ):
            with self.subTest(file), self.assertRaises(Error) as caught:
                chosen(lock(file), target())
            self.assertIn("pylock.thing.toml does not fit cp311-linux_x86_64", str(caught.exception))

    def test_a_higher_floor_takes_newer_wheels(self):
        file = "thing-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"
        self.assertEqual([file], chosen(lock(file), target(glibc="2.28")))

    def test_the_oldest_names_of_floors_are_those_of_x86(self):
        tags = {str(tag) for tag in pylocks.tags_of(target(machine="aarch64"))}
        self.assertIn("cp311-cp311-manylinux2014_aarch64", tags)
        self.assertNotIn("cp311-cp311-manylinux1_aarch64", tags)

    def test_markers_are_those_of_the_target_not_of_this_python(self):
        for marker, there in (
            ("python_full_version < '3.8'", True),
            ("python_version >= '3.7'", False),
            ("platform_machine == 'aarch64' and sys_platform == 'linux'", True),
            ("os_name == 'nt'", False),
        ):
            with self.subTest(marker):
                content = lock("thing-1.0-py3-none-any.whl", extra=f'marker = "{marker}"')
                self.assertEqual(there, bool(chosen(content, target("3.6", "aarch64"))))


class RefusalTest(unittest.TestCase):
    """What is not exactly a lock of wheels is refused."""

    def assert_refused(self, content, word):
        with self.assertRaises(Error) as caught:
            chosen(content, target())
        self.assertIn("pylock.thing.toml", str(caught.exception))
        self.assertIn(word, str(caught.exception))

    def test_content_that_is_no_lock(self):
        for content in (b"[", b"\xff", b'lock-version = "2.0"\ncreated-by = "x"\npackages = []\n', b""):
            with self.subTest(content):
                self.assert_refused(content, "is not a lock")

    def test_a_package_that_is_no_wheel(self):
        head = b'lock-version = "1.0"\ncreated-by = "tests"\n[[packages]]\nname = "thing"\nversion = "1.0"\n'
        sdist = b'sdist = { url = "https://example.org/thing-1.0.tar.gz", hashes = { sha256 = "0" } }\n'
        self.assert_refused(head + sdist, "something else than a wheel")
        wheel = b'wheels = [{ path = "thing-1.0-py3-none-any.whl", hashes = { sha256 = "0" } }]\n'
        self.assert_refused(head + wheel, "something else than a wheel")

    def test_a_wheel_without_the_hash_that_we_check(self):
        self.assert_refused(lock("thing-1.0-py3-none-any.whl", hashes='md5 = "0"'), "no SHA-256")

    def test_a_python_that_the_lock_is_not_for(self):
        content = lock("thing-1.0-py3-none-any.whl").replace(
            b"created-by", b'requires-python = ">=3.12"\ncreated-by'
        )
        self.assert_refused(content, "does not fit")
