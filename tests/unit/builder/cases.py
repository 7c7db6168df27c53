"""What tests of the image side share: a small toolset, its wheels, its locks, a server that has them."""

import hashlib
import os

from testnode_python.builder import build
from testnode_python.builder.downloads import Downloads
from testnode_python.builder.toolset import Toolset, parse

from tests.support.nodes import InAFolder
from tests.support.server import Site
from tests.support.wheels import make_tool, make_wheel

TARGET = "cp311-linux_x86_64"
UPLOADED = "2026-01-02T03:04:05Z"

TOOLSET = """
[tools.pip]
[tools.installer]
[tools.hello]
requirements = ["hello"]
check = ["--help"]
[tools.old]
[[targets]]
python = ["3.6", "3.11"]
machine = ["x86_64"]
glibc = "2.17"
"""


def small_toolset() -> Toolset:
    """Return the toolset of the tests, as parsed."""
    return parse(
        {
            "tools": {"pip": {}, "installer": {}, "hello": {"check": ["--help"]}, "old": {}},
            "targets": [{"python": ["3.6", "3.11"], "machine": ["x86_64"], "glibc": "2.17"}],
        }
    )


def lock_text(*entries: tuple[str, str], size: bool = True, uploaded: str = UPLOADED) -> str:
    """Return a lock of wheels, each given as its path and the URL that it has."""
    lines = ['lock-version = "1.0"', 'created-by = "tests"']
    for path, url in entries:
        name, version = os.path.basename(path).split("-")[:2]
        with open(path, "rb") as file:
            content = file.read()
        facts = [f'url = "{url}"', f'hashes = {{ sha256 = "{hashlib.sha256(content).hexdigest()}" }}']
        facts += [f"size = {len(content)}"] if size else []
        facts += [f"upload-time = {uploaded}"] if uploaded else []
        lines += ["", "[[packages]]", f'name = "{name.replace("_", "-")}"', f'version = "{version}"']
        lines += [f"wheels = [{{ {', '.join(facts)} }}]"]
    return "\n".join(lines) + "\n"


class BuilderTest(InAFolder):
    """Has wheels, locks that name them on a server, and a folder for precaches."""

    def setUp(self):
        super().setUp()
        self.wheels = os.path.join(self.folder, "upstream")
        os.mkdir(self.wheels)
        greeting = make_wheel(self.wheels, "greeting", "2.0", {"greeting.py": "WORD = 'hello'\n"})
        self.tools = {
            "pip": [make_wheel(self.wheels, "pip", "26.0")],
            "installer": [make_wheel(self.wheels, "installer", "1.0")],
            "hello": [make_tool(self.wheels, "hello", "1.0", requires=["greeting"]), greeting],
        }
        self.locks = os.path.join(self.folder, "locks")
        self.output = os.path.join(self.folder, "precache")
        self.environ = {"HOME": self.folder, "PATH": os.defpath}
        self.toolset = small_toolset()

    def site(self, **options) -> Site:
        """Return a server of the wheels."""
        return Site({f"/{name}": self.content(name) for name in os.listdir(self.wheels)}, **options)

    def content(self, name: str) -> bytes:
        """Return a wheel's content."""
        with open(os.path.join(self.wheels, name), "rb") as file:
            return file.read()

    def entered(self, context):
        """Enter a context until the test has ended."""
        self.addCleanup(context.__exit__, None, None, None)
        return context.__enter__()

    def write_locks(self, base_url: str, **options) -> None:
        """Lock everything, with URLs of a server; ``old`` has no lock and a reason."""
        for target in self.toolset.targets:
            for tool, paths in self.tools.items():
                entries = [(path, f"{base_url}/{os.path.basename(path)}") for path in paths]
                self.write(f"locks/{target}/pylock.{tool}.toml", lock_text(*entries, **options))
            self.write(f"locks/{target}/unlocked.toml", 'old = "no release for this Python"\n')

    def build(self, mirrors=(), **options) -> build.Built:
        """Build a precache."""
        known = {"targets": [], "tools": [], "get_pip": ""}
        known.update(options)
        with Downloads(list(mirrors), self.environ, patience=0) as downloads:
            return build.build(self.toolset, self.locks, self.output, downloads=downloads, **known)

    def snapshot(self) -> dict[str, tuple[int, ...]]:
        """Return what would betray a write below the output: inode, mode, size, times."""
        seen = {}
        for folder, folders, names in os.walk(self.output):
            for name in [".", *folders, *names]:
                path = os.path.join(folder, name)
                status = os.lstat(path)
                seen[path] = (
                    status.st_ino,
                    status.st_mode,
                    status.st_size,
                    status.st_mtime_ns,
                    status.st_ctime_ns,
                )
        return seen
