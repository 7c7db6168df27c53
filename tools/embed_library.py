"""Write into the modules find, pip and tools (library/modules/) the library that each of them brings along.

A module that imports ansible.module_utils is packed anew for every task and loads Ansible's own library on
the node, which takes longer than to find a tool.  These three are sent as they are.  Into each go
tools/standalone.py and the files of the library that it needs, as they are.
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
BEGIN = (
    "# Begin of what tools/embed_library.py writes: tools/standalone.py and the library, change them there.\n"
)
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

    :raises ValueError: where there is none: what it is says why.
    """
    for number, line in enumerate(text.splitlines(), 1):
        if max(line, default="") > "\x7f":
            raise ValueError(
                "line {} is not ASCII, which Python 2.7 would not read: {!r}".format(number, line)
            )
    written = "r'''\n{}'''".format(text.replace("'''", "''' \"'''\" r'''"))
    try:
        if ast.literal_eval("(" + written + ")") == "\n" + text:
            return written
    except SyntaxError:
        pass
    raise ValueError("a raw string cannot hold it: a backslash or a quote is where three quotes begin or end")


def embedded(text, files):
    """Return a module's text with standalone.py and files of the library in it, in place of what it had.

    :param str text: has the lines BEGIN and END once each.
    :param dict files: texts by path.
    :rtype: str
    :raises ValueError: where something is not as it must be.
    """
    if (text.count(BEGIN), text.count(END)) != (1, 1):
        raise ValueError("it has not one line each of Begin and End; restore these")
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    code = STANDALONE.read_text(encoding="utf-8").partition(WRITTEN)[2]
    library = "\n\n# fmt: off\nLIBRARY = {\n" + "".join(map(_entry, sorted(files.items()))) + "}\n# fmt: on\n"
    return "".join([head, BEGIN, code, library, END, tail])


def _entry(item):
    path, text = item
    try:
        return '    "{}": {},\n'.format(path, literal(text))
    except ValueError as error:
        raise ValueError("{}: {}".format(path, error)) from error


def carried(path):
    """Return the files of the library that a module brings along, relative to the library.

    :rtype: set(str)
    """
    return needed(path) | needed(STANDALONE)


def document(path):
    """Return what the content of a module is to be."""
    files = {
        "testnode_python/" + name: (PACKAGE / name).read_text(encoding="utf-8") for name in carried(path)
    }
    return embedded(path.read_text(encoding="utf-8"), files)


def main(argv=None):
    """Run the program; return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing, end with 1 if one is not current"
    )
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="the modules (default: all three)")
    arguments = parser.parse_args(argv)
    try:
        wanted = {path: document(path) for path in arguments.files or FILES}
    except (OSError, ValueError, SyntaxError) as error:
        print("nothing was written: {}".format(error), file=sys.stderr)
        return 1
    old = [path for path, text in wanted.items() if path.read_text(encoding="utf-8") != text]
    if old and arguments.check:
        for path in old:
            print("{} does not bring the library along as it is now".format(path), file=sys.stderr)
        print(
            "run python3 tools/embed_library.py: it writes what is between Begin and End anew",
            file=sys.stderr,
        )
        return 1
    for path in old:
        path.write_text(wanted[path], encoding="utf-8")
        print("written: {}".format(path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
