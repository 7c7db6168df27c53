"""The main job, shown: tox and virtualenv made ready three times, in homes that are thrown away.

From a mirror, from a precache with the network cut, and from a system-level
venv.  Prints a table; ends with exit code 1 where a tool came from elsewhere.
"""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAUNCHER = [sys.executable, str(ROOT / "testnode-python")]
TOOLS = ("tox", "virtualenv")
CUT = ["unshare", "--user", "--map-root-user", "--net", "--"]


def ensure(tool, home, options, prefix=(), extra=None):
    """Make a tool ready in a home; return its outcome and the seconds that a person waited."""
    environ = dict(os.environ, HOME=str(home), PATH="/usr/local/bin:/usr/bin:/bin", **(extra or {}))
    argv = [*prefix, *LAUNCHER, "ensure", tool, "--python", sys._base_executable, "--json", *options]
    started = time.monotonic()
    run = subprocess.run(argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    seconds = time.monotonic() - started
    if run.returncode:
        raise SystemExit(run.stderr.decode())
    return json.loads(run.stdout.decode()), seconds


def build_precache(folder):
    """Build a precache of the tools for this machine's Python; return its path."""
    target = "cp{}{}-linux_{}".format(*sys.version_info[:2], os.uname().machine)
    argv = [*LAUNCHER, "precache", "build", "--output", str(folder), "--target", target, "--no-get-pip"]
    for tool in TOOLS:
        argv += ["--tool", tool]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return str(folder)


def may_cut_the_network():
    """Say whether the kernel gives this user a network name space of their own."""
    return (
        shutil.which("unshare") and subprocess.run([*CUT, "true"], stderr=subprocess.DEVNULL).returncode == 0
    )


@contextlib.contextmanager
def trap():
    """Listen where every proxy and index is said to be; give the variables and a list of who came."""
    came = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    connection, address = server.accept()
                    came.append(address)
                    connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        url = "http://127.0.0.1:{}".format(server.getsockname()[1])
        names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "PIP_PROXY", "PIP_INDEX_URL")
        yield dict.fromkeys(names, url), came
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def without_network(precache, home):
    """Yield the outcomes of the tools from the precache, and how the network was kept out."""
    options = ["--sources", "precache", "--precache", precache]
    if may_cut_the_network():
        for tool in TOOLS:
            yield tool, ensure(tool, home, options, prefix=CUT), "cut (a name space without one)"
        return
    print("This kernel does not let you cut the network: connections are counted instead.")
    with trap() as (variables, came):
        for tool in TOOLS:
            result = ensure(tool, home, options, extra=variables)
            yield tool, result, "{} connections".format(len(came))
        if came:
            raise SystemExit("there were connections from {}".format(came))


def demonstrate(folder):
    """Do all of it in a folder; return the rows of the table."""
    rows = []
    print("Making a precache for {} ...".format(sys._base_executable), flush=True)
    precache = build_precache(folder / "precache")
    for tool in TOOLS:
        rows.append((tool, "mirror", ensure(tool, folder / "home-mirror", ["--sources", "mirror"]), "used"))
    for tool, result, network in without_network(precache, folder / "home-precache"):
        rows.append((tool, "precache", result, network))
    pattern = str(folder / "usr" / "{tool}-env")
    for tool in TOOLS:
        options = ["--sources", "precache", "--precache", precache, "--venv", pattern.format(tool=tool)]
        ensure(tool, folder / "home-image", options)
        result = ensure(tool, folder / "home-system", ["--sources", "system", "--venvs", pattern])
        rows.append((tool, "system", result, "not needed: found in a system-level venv"))
    return rows


def main():
    """Run the demonstration and print its table."""
    with tempfile.TemporaryDirectory(prefix="testnode-python-demo-") as name:
        folder = pathlib.Path(name)
        for home in ("mirror", "precache", "image", "system"):
            (folder / "home-{}".format(home)).mkdir()
        (folder / "usr").mkdir()
        rows = demonstrate(folder)
        for _, _, (outcome, _), _ in rows:
            check = [outcome["executable"], "--version"]
            subprocess.run(check, check=True, cwd=name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    line = "{:<11} {:<9} {:<11} {:>7}  {}"
    print("\n" + line.format("tool", "source", "version", "seconds", "network"))
    wrong = 0
    for tool, expected, (outcome, seconds), network in rows:
        wrong += outcome["source"] != expected
        print(line.format(tool, outcome["source"], outcome["version"], "{:.2f}".format(seconds), network))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
