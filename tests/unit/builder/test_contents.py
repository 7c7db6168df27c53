"""A precache against its manifest."""

import os
import subprocess
import sys

from testnode_python import contents
from testnode_python.contents import Finding
from testnode_python.errors import PrecacheError

from .cases import TARGET, BuilderTest


class VerifyTest(BuilderTest):
    """A precache that is well, then not."""

    def setUp(self):
        super().setUp()
        self.write_locks(self.entered(self.site()).base_url)
        self.path = self.build().folder
        self.wheel = os.path.join("wheels", os.path.basename(self.tools["pip"][0]))

    def damage(self, name):
        with open(os.path.join(self.path, name), "r+b") as file:
            first = file.read(1)
            file.seek(0)
            file.write(bytes([first[0] ^ 1]))

    def test_a_precache_as_built_is_well_by_either_of_its_names(self):
        for path in (self.path, self.output, os.path.join(self.output, "current")):
            self.assertEqual([], contents.verify(path))

    def test_every_file_that_is_not_right_is_named(self):
        lock = f"locks/{TARGET}/pylock.hello.toml"
        self.damage(self.wheel)
        self.damage(lock)
        gone = os.path.join("wheels", os.path.basename(self.tools["hello"][0]))
        os.unlink(os.path.join(self.path, gone))
        for extra in ("wheels/.x.whl.part", "notes.txt"):
            with open(os.path.join(self.path, extra), "w"):
                pass
        os.symlink(self.wheels, os.path.join(self.path, "more"))
        expected = [
            Finding(lock, "altered"),
            Finding("more", "extra"),
            Finding("notes.txt", "extra"),
            Finding("wheels/.x.whl.part", "extra"),
            Finding(self.wheel, "altered"),
            Finding(gone, "missing"),
        ]
        self.assertEqual(sorted(expected), contents.verify(self.path))

    def test_a_link_in_place_of_a_file_is_altered(self):
        path = os.path.join(self.path, self.wheel)
        os.rename(path, os.path.join(self.folder, "elsewhere"))
        os.symlink(os.path.join(self.folder, "elsewhere"), path)
        self.assertEqual([Finding(self.wheel, "altered")], contents.verify(self.path))

    def test_where_there_is_none_that_is_said(self):
        with self.assertRaises(PrecacheError) as caught:
            contents.verify(self.folder)
        self.assertIn(f"there is no precache at {self.folder}", str(caught.exception))

    def test_a_manifest_that_cannot_be_believed_is_said(self):
        for content in (b"{}", b"\xff", b'{"format": 99}'):
            with self.subTest(content):
                self.write(os.path.join(self.path, "manifest.json"), content)
                with self.assertRaises(PrecacheError) as caught:
                    contents.verify(self.path)
                self.assertIn("manifest.json", str(caught.exception))

    def test_it_needs_nothing_but_the_standard_library(self):
        program = (
            "import sys; from testnode_python.builder.cli import main; code = main(['verify', sys.argv[1]]); "
            "main(['show', sys.argv[1]]); "
            "wrong = {'requests', 'packaging', 'uv', 'rich', 'tomli'} & set(sys.modules); "
            "sys.exit(code or bool(wrong))"
        )
        package = os.path.dirname(os.path.dirname(contents.__file__))
        argv = [sys.executable, "-S", "-c", program, self.path]
        subprocess.run(argv, check=True, env={"PYTHONPATH": package}, stdout=subprocess.DEVNULL)
