"""Make the one-file tool: the node side as a zipapp (PEP 441), for any Python from 3.6 on.

python3 tools/make_zipapp.py testnode-python.pyz
"""

import argparse
import os
import pathlib
import sys
import zipapp

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "library" / "module_utils"


def belongs(path):
    """Say whether a file of the library goes in: modules of the node side do."""
    return path.suffix == ".py" and "builder" not in path.parts


def make(output):
    """Write the zipapp.

    :param output: its path.
    """
    zipapp.create_archive(
        SOURCE,
        output,
        interpreter="/usr/bin/env python3",
        main="testnode_python.cli:program",
        filter=belongs,
        compressed=True,
    )
    os.chmod(output, 0o755)


def main():
    """Write it where the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", metavar="FILE", help="as in testnode-python.pyz")
    output = parser.parse_args().output
    try:
        make(output)
    except OSError as error:
        sys.exit("{} cannot be written: {}".format(output, error.strerror))
    print(output)


if __name__ == "__main__":
    main()
