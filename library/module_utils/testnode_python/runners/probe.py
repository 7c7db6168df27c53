"""Tell what this interpreter can do (runs in the interpreter in question)."""

import sys

# As ``python -m`` in a shell sees it, less the current folder.
if sys.path and sys.path[0] == "":
    del sys.path[0]

import importlib.util
import json
import os
import site
import sysconfig
import warnings


def libc():
    """Return the C library's name and version, as in ``["glibc", [2, 36]]``."""
    try:
        name, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()
        return [name, [int(part) for part in version.split(".")[:2]]]
    except (AttributeError, OSError, ValueError):
        return ["", [0, 0]]


def machine():
    """Return the machine that wheels are chosen for: that of the interpreter."""
    name = sysconfig.get_platform().rpartition("-")[2]
    # A 32-bit interpreter on a 64-bit kernel (as pip decides it).
    if sys.maxsize < 2**32:
        name = {"x86_64": "i686", "aarch64": "armv7l"}.get(name, name)
    return name


def spec_of(module):
    """Return the module's spec, or None where importing it would fail."""
    try:
        with warnings.catch_warnings():
            # To find a submodule imports its package, which may have something to say.
            warnings.simplefilter("ignore")
            return importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None


def installed(name):
    """Return version and place of a distribution that can be imported, or None.

    Read from the metadata beside it: Python 3.6 has no importlib.metadata, and a
    killed pip leaves packages that can be imported and are not whole.
    """
    spec = spec_of(name)
    if spec is None or not spec.origin:
        return None
    folder = os.path.dirname(os.path.dirname(spec.origin))
    try:
        entries = os.listdir(folder)
    except OSError:
        entries = []
    for entry in sorted(entries):
        stem, extension = os.path.splitext(entry)
        metadata = os.path.join(folder, entry)
        if extension not in (".dist-info", ".egg-info") or stem.lower().partition("-")[0] != name:
            continue
        # pip writes these two last; distributions drop the second one, and a full disk leaves it empty.
        record = os.path.join(metadata, "RECORD")
        finished = os.path.exists(os.path.join(metadata, "INSTALLER")) or (
            os.path.exists(record) and os.path.getsize(record) > 0
        )
        if finished or extension == ".egg-info":
            version = stem.partition("-")[2].partition("-py")[0]
            return {"version": version, "folder": folder, "metadata": metadata}
    return None


def has_distutils():
    """Say whether distutils is whole; looked for as a file, for importing it has effects on others."""
    for folder in sys.path:
        package = os.path.join(folder, "distutils")
        if os.path.isfile(os.path.join(package, "__init__.py")):
            return os.path.isfile(os.path.join(package, "cmd.py"))
    return False


def pip_uses_sysconfig():
    """Say whether pip here does without distutils, which distributions split off (pip's own rule)."""
    return bool(getattr(sysconfig, "_PIP_USE_SYSCONFIG", sys.version_info >= (3, 10)))


def pip_command(pip, scripts):
    """Return the path of this interpreter's own pip3, or "".

    pip's RECORD knows it; distributions drop that file and use their own place.
    """
    if not pip:
        return ""
    candidates = []
    try:
        with open(os.path.join(pip["metadata"], "RECORD"), encoding="utf-8") as record:
            for line in record:
                path = line.split(",")[0]
                if path.endswith("/pip3"):
                    candidates.append(os.path.normpath(os.path.join(pip["folder"], path)))
    except OSError:
        pass
    for path in candidates + [os.path.join(folder, "pip3") for folder in scripts]:
        if os.access(path, os.X_OK):
            return path
    return ""


def bundled_pip():
    """Return the pip wheel that ensurepip would install, or "" where there is none."""
    spec = spec_of("ensurepip")
    folders = [sysconfig.get_config_var("WHEEL_PKG_DIR")]
    if spec is not None:
        folders.append(os.path.join(os.path.dirname(spec.origin), "_bundled"))
    # Debian keeps them there and patches ensurepip to look.
    folders.append("/usr/share/python-wheels")
    for folder in folders:
        if folder and os.path.isdir(folder):
            for name in sorted(os.listdir(folder)):
                if name.startswith("pip-") and name.endswith(".whl"):
                    return os.path.join(folder, name)
    return ""


def has_ensurepip():
    """Say whether ensurepip, and so venv with a pip, is really there: distributions split it off."""
    return spec_of("ensurepip") is not None and bool(bundled_pip())


def platform():
    """Return what this binary is, whatever is installed beside it."""
    return {
        "executable": sys.executable,
        "base": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
        "version": "{}.{}.{}".format(*sys.version_info[:3]),
        "implementation": sys.implementation.name,
        "machine": machine(),
        "libc": libc(),
    }


def facts():
    """Return all that is known of this interpreter."""
    modules = {name: installed(name) for name in ("pip", "setuptools", "wheel", "packaging")}
    default_scheme = getattr(sysconfig, "get_default_scheme", lambda: "posix_prefix")()
    stdlib = sysconfig.get_path("stdlib", default_scheme) or ""
    marker = os.path.join(stdlib, "EXTERNALLY-MANAGED")
    in_venv = sys.prefix != sys.base_prefix
    user_scripts = sysconfig.get_path("scripts", "posix_user")
    global_scripts = sysconfig.get_path("scripts")
    return {
        "platform": platform(),
        "prefix": sys.prefix,
        "venv": in_venv,
        "ensurepip": has_ensurepip(),
        "distutils": has_distutils(),
        "pip_runs": pip_uses_sysconfig() or has_distutils(),
        "externally_managed": marker if os.path.exists(marker) and not in_venv else "",
        "modules": {name: module for name, module in modules.items() if module},
        "user_site": site.getusersitepackages(),
        "user_site_on": bool(site.ENABLE_USER_SITE),
        "global_site": sysconfig.get_path("purelib"),
        "pkg_resources": spec_of("pkg_resources") is not None,
        "pip_command": pip_command(
            modules["pip"], [global_scripts, os.path.join(sys.prefix, "bin"), user_scripts]
        ),
        "bundled_pip": bundled_pip(),
    }


if __name__ == "__main__":
    print("\n" + json.dumps(facts()))
