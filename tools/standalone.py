"""What a module of Ansible that brings its own library has in common with the others.

tools/embed_library.py writes it into each; here it is tested alone.  The module itself has ``ARGUMENT_SPEC``
and ``answer_to``, which is given the parameters and whether this is check mode, and returns the answer.
"""

import sys

ARGUMENT_SPEC = {}
LIBRARY = {}


def answer_to(params, check_mode):
    """Return what the module answers."""
    raise NotImplementedError


# What follows is written into the modules.  Python 2.7 can read it.
OLDEST = (3, 6)


def main():
    """Run the module."""
    # With pipelining the program comes on standard input: "" is then the folder where it happens to run.
    if "" in sys.path:
        sys.path.remove("")
    import json

    # Ansible fills JSON in, in which three quotes never follow each other: no argument ends this text.
    given = json.loads(r"""<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>""")
    settings = {name: given.pop(name) for name in list(given) if name.startswith("_ansible_")}
    answer = too_old(given)
    if not answer:
        sys.meta_path.insert(0, Importer())
        answer = _answer(given, settings)
    # A line of its own, whatever was printed before.
    print("\n" + json.dumps(answer))
    sys.exit(1 if answer.get("failed") else 0)


def too_old(given):
    """Return what the module answers where it cannot read its library, or None."""
    if sys.version_info >= OLDEST:
        return None
    words = "Python {0}.{1} is too old for testnode-python, which needs 3.6".format(*sys.version_info)
    # As parameters.py reads it.
    if str(given.get("soft")).lower().strip() in ("y", "yes", "on", "1", "true", "t"):
        nothing = {"outcomes": [], "packages": [], "needs_root": False}
        return dict(nothing, changed=False, skipped=True, msg=words)
    return {"failed": True, "msg": words + "; set ansible_python_interpreter to a newer one"}


def _answer(given, settings):
    from testnode_python import parameters
    from testnode_python.errors import UsageError

    try:
        params = parameters.read(given, ARGUMENT_SPEC)
    except UsageError as error:
        return {"failed": True, "msg": str(error)}
    answer = answer_to(params, settings.get("_ansible_check_mode", False))
    # Since 2.21 Ansible says whether it wants to have it.
    if settings.get("_ansible_inject_invocation", True):
        answer["invocation"] = {"module_args": parameters.shown(params, ARGUMENT_SPEC)}
    return answer


class Importer:
    """Imports what LIBRARY has (PEP 451)."""

    def find_spec(self, name, path=None, target=None):
        """Return where a module comes from, or None."""
        file = self.file_of(name)
        if file not in LIBRARY:
            return None
        from importlib.machinery import (
            ModuleSpec,
        )  # only now: Python 2 has none, and this, too, comes by here

        return ModuleSpec(name, self, origin=file, is_package=file.endswith("/__init__.py"))

    def create_module(self, spec):
        """Have the module made as any other."""

    def exec_module(self, module):
        """Fill a module."""
        name = module.__name__
        exec(compile(self.get_source(name), self.file_of(name), "exec", dont_inherit=True), module.__dict__)

    def get_source(self, name):
        """Return the text of a module."""
        return LIBRARY[self.file_of(name)][1:]

    def file_of(self, name):
        """Return the name of the file that a module is in."""
        base = name.replace(".", "/")
        package = base + "/__init__.py"
        return package if package in LIBRARY else base + ".py"
