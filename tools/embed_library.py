"""Write into the modules that jobs use the files of the library that each needs: they bring their own.

A module that imports ansible.module_utils is packed anew for every task and loads Ansible's own library on
the node, which takes longer than to find a tool.  What is written is the files as they are, and before them
tools/standalone.py, which imports them there.
"""

import argparse
import ast
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "library" / "module_utils" / "testnode_python"
FILES = [
    ROOT / "library" / "modules" / "testnode_python_{}.py".format(name) for name in ("find", "pip", "tools")
]
STANDALONE = ROOT / "tools" / "standalone.py"
WRITTEN = "# What follows is written into the modules.  Python 2.7 can read it.\n"
BEGIN = "# Begin of what tools/embed_library.py writes: the library as it is, change it there.\n"
END = "# End of what tools/embed_library.py writes.\n"


def needed(path, prefix=("testnode_python",)):
    """Return the files of the library that a module imports, itself or by one another, anywhere in them.

    :param Path path: the module.
    :param tuple prefix: the dotted name by which it knows the library.
    :returns: paths relative to the library, with slashes.
    :rtype: set(str)
    """
    found, waiting = set(), {()} | _names_in(path, (), prefix)
    while waiting:
        name = waiting.pop()
        folder = PACKAGE.joinpath(*name)
        file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
        if not file.is_file() or file in found:
            continue  # a name in a module, or one that is done
        found.add(file)
        package = prefix + (name if folder.is_dir() else name[:-1])
        # Each folder on the way is a package.
        waiting |= _names_in(file, package, prefix) | {name[:-1]}
    return {file.relative_to(PACKAGE).as_posix() for file in found}


def _names_in(path, package, prefix):
    """Return the dotted names, as tuples below the library, of all that a file of a package imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names.update(tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            names.update(base + (alias.name,) for alias in node.names)
            names.add(base)
    return {name[len(prefix) :] for name in names if name[: len(prefix)] == prefix}


def literal(text):
    """Return a newline and a text as a literal of Python, 2 and 3, each line of which is one of the text.

    :raises ValueError: where there is none.
    """
    written = "r'''\n{}'''".format(text.replace("'''", "''' \"'''\" r'''"))
    try:
        same = ast.literal_eval("(" + written.encode("ascii").decode("ascii") + ")") == "\n" + text
    except SyntaxError:
        same = False
    if not same:
        raise ValueError("a raw string cannot hold this text as it is: {!r}".format(text))
    return written


def embedded(text, files):
    """Return a module's text with files and what imports them, in place of those that it had.

    :param str text: has the lines BEGIN and END.
    :param dict files: texts by path.
    :rtype: str
    """
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    entries = "".join('    "{}": {},\n'.format(path, literal(files[path])) for path in sorted(files))
    code = STANDALONE.read_text(encoding="utf-8").partition(WRITTEN)[2]
    library = "\n\n# fmt: off\nLIBRARY = {\n" + entries + "}\n# fmt: on\n"
    return "".join([head, BEGIN, code, library, END, tail])


def document(path):
    """Return what the content of a module is to be."""
    names = needed(path) | needed(STANDALONE)
    files = {"testnode_python/" + name: (PACKAGE / name).read_text(encoding="utf-8") for name in names}
    return embedded(path.read_text(encoding="utf-8"), files)


def main(argv=None):
    """Run the program; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing, end with 1 if one is not current"
    )
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="the modules (default: all)")
    arguments = parser.parse_args(argv)
    old = []
    for path in arguments.files or FILES:
        wanted = document(path)
        if path.read_text(encoding="utf-8") != wanted:
            old.append(path)
            if not arguments.check:
                path.write_text(wanted, encoding="utf-8")
    if old and arguments.check:
        cause = "the library is another than in {}".format(", ".join(map(str, old)))
        print(cause + "; run python3 tools/embed_library.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
