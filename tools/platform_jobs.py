"""Write the jobs that test the roles on each platform: zuul-tests.d/platforms.yaml.

The list is here: a platform is a line, its job and its places in the pipelines follow from it.
"""

import argparse
import json
import pathlib
import sys
from typing import NamedTuple, Tuple

FILE = pathlib.Path(__file__).resolve().parent.parent / "zuul-tests.d" / "platforms.yaml"
PREFIX = "testnode-python-functional"
# For a reason that is in no file of ours a job must not stop a change.
MOVES = "what it is changes by itself"
UNSEEN = "the roles have not been seen on it yet"


class Platform(NamedTuple):
    """A platform: the label of its nodes, and what makes it special.

    ``packages`` is what its Python lacks; ``not_voting`` says why its job does not vote, or is "".
    """

    label: str
    packages: Tuple[str, ...] = ()
    not_voting: str = ""


PLATFORMS = (
    # python3 comes without the part of distutils that pip needs; the role's error asks for the package.
    Platform("debian-bullseye", packages=("python3-distutils",)),
    Platform("debian-bookworm"),
    Platform("debian-trixie"),
    Platform("ubuntu-jammy", packages=("python3-distutils",), not_voting=UNSEEN),
    Platform("ubuntu-noble", not_voting=UNSEEN),
    Platform("rockylinux-9", not_voting=UNSEEN),
    Platform("centos-9-stream", not_voting=UNSEEN),
    Platform("fedora-latest", not_voting=MOVES),
)

_HEAD = """\
# Written by tools/platform_jobs.py, which has the list of platforms: change that, and run it.
"""
_JOB = """
- job:
    name: {name}
    parent: {parent}
    description: |
      Runs the roles on {label}.{note}
    tags: auto-generated
    nodeset:
      nodes:
        - name: {label}
          label: {label}
"""
_TEMPLATE = """
- project-template:
    name: testnode-python-platforms
    description: |
      Runs the roles on each platform; what does not vote is left out of the gate.
    check:
      jobs:
{check}
    gate:
      jobs:
{gate}
"""


def name_of(platform):
    """Return the name of a platform's job."""
    return "{}-{}".format(PREFIX, platform.label)


def job(platform):
    """Return the job of a platform, as YAML."""
    note = " It does not vote: {}.".format(platform.not_voting) if platform.not_voting else ""
    text = _JOB.format(name=name_of(platform), parent=PREFIX, label=platform.label, note=note)
    if platform.not_voting:
        text += "    voting: false\n"
    if platform.packages:
        # A list of JSON is one of YAML.
        text += "    vars:\n      functional_packages: {}\n".format(json.dumps(list(platform.packages)))
    return text


def document(platforms=PLATFORMS):
    """Return the content of the file."""

    def names(chosen):
        return "\n".join("        - " + name_of(platform) for platform in chosen)

    voting = [platform for platform in platforms if not platform.not_voting]
    template = _TEMPLATE.format(check=names(platforms), gate=names(voting))
    return _HEAD + "".join(map(job, platforms)) + template


def main(argv=None):
    """Run the program; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, end with 1 if it is not current")
    parser.add_argument("file", nargs="?", type=pathlib.Path, default=FILE, help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    wanted = document()
    there = arguments.file.read_text(encoding="utf-8") if arguments.file.exists() else ""
    if there == wanted:
        return 0
    if arguments.check:
        cause = "{} is not what the list of platforms gives".format(arguments.file)
        print(cause + "; run python3 tools/platform_jobs.py", file=sys.stderr)
        return 1
    arguments.file.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
