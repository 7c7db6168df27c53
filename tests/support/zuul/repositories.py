"""Git repositories that a Zuul watches."""

import os
import pathlib
import shutil
import subprocess
import tempfile

_IDENTITY = {
    "GIT_AUTHOR_NAME": "tests",
    "GIT_AUTHOR_EMAIL": "tests@example.org",
    "GIT_COMMITTER_NAME": "tests",
    "GIT_COMMITTER_EMAIL": "tests@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def tree_of(checkout):
    """Return the files of a checkout as they are now, but for what git ignores: relative paths."""
    listed = subprocess.run(
        ["git", "-C", str(checkout), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ).stdout.split("\0")
    return [name for name in listed if name and os.path.lexists(os.path.join(checkout, name))]


def push(place, name, *folders, files=None):
    """Make a commit of what is in some folders the head of a repository, which is made where it is not there.

    :param pathlib.Path place: the folder of the repositories.
    :param str name: of the repository.
    :param folders: the content, later ones over earlier ones; of a checkout, what git knows or would add.
    :param dict files: text of further files by their path.
    :returns: the commit.
    :rtype: str
    """
    bare = place / name
    if not bare.exists():
        _git("init", "--quiet", "--bare", "--initial-branch", "master", str(bare))
    with tempfile.TemporaryDirectory(prefix="push-") as made:
        work = pathlib.Path(made)
        for folder in map(pathlib.Path, folders):
            if (folder / ".git").exists():
                for each in tree_of(folder):
                    (work / each).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(folder / each, work / each, follow_symlinks=False)
            else:
                shutil.copytree(folder, work, symlinks=True, dirs_exist_ok=True)
        for path, text in (files or {}).items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_text(text)
        at = ("--git-dir", str(bare), "--work-tree", str(work))
        _git(*at, "add", "--all", "--force")
        _git(*at, "commit", "--quiet", "--allow-empty", "--message", "As the tests have it")
        return _git(*at, "rev-parse", "HEAD").strip()


def _git(*words):
    return subprocess.run(
        ["git", *words], env={**os.environ, **_IDENTITY}, check=True, stdout=subprocess.PIPE, encoding="utf-8"
    ).stdout
