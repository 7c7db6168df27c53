"""A real Ansible controller for real nodes: their sshd, our ssh, ansible.cfg as Zuul writes it."""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from typing import NamedTuple

from . import roots

ROLES = roots.CHECKOUT / "roles"
_CALLBACKS = pathlib.Path(__file__).parent / "callback"
# What a node needs to be reached; none of it brings more Python.
SSH_PACKAGES = ("openssh-server", "sudo")
# For a master to end in; it takes milliseconds.
_EXIT_SECONDS = 10

_CONFIG = """\
[defaults]
inventory = {folder}/inventory.json
roles_path = {roles}
gathering = smart
fact_caching = jsonfile
fact_caching_connection = {folder}/facts
callback_plugins = {callbacks}
stdout_callback = results
internal_poll_interval = 0.01
retry_files_enabled = False
host_key_checking = False
local_tmp = {folder}/tmp
interpreter_python = auto_silent
deprecation_warnings = True
[ssh_connection]
pipelining = True
retries = 3
ssh_args = -F {folder}/ssh_config -o ControlMaster=auto -o ControlPersist=60s
control_path_dir = {control}
"""
_HOST = """\
Host {name}
    User {user}
    IdentityFile {folder}/key
    IdentitiesOnly yes
    StrictHostKeyChecking no
    UserKnownHostsFile /dev/null
    LogLevel ERROR
    {way}
"""
_SSHD = (
    *("/usr/sbin/sshd", "-f", "/dev/null"),
    *("-o", "UsePAM=no", "-o", "StrictModes=no", "-o", "PasswordAuthentication=no"),
    *("-o", "HostKey=/etc/ssh/testnode_key", "-o", "PermitRootLogin=yes"),
)
# One process a connection, as from inetd: it has the network of who starts it, which may be none.
PER_CONNECTION = (*_SSHD, "-i")
# One process that listens.
LISTENING = (*_SSHD, "-D", "-e")


class Played(NamedTuple):
    """How ansible-playbook ended: the exit code, the words, and each task's result in order."""

    returncode: int
    output: str
    results: list

    def of(self, task, host=None):
        """Return the results of a task by its name."""
        return [each for name, at, each in self.results if name == task and host in (None, at)]


class Controller:
    """Runs playbooks; keeps facts from one to the next, as Zuul does in a build.

    :param folder: an empty folder of its own.
    :param ansible: folder of the programs ansible-playbook and so on.
    """

    def __init__(self, folder, ansible=None, roles=(ROLES,)):
        self.folder = pathlib.Path(folder)
        self.ansible = pathlib.Path(ansible or pathlib.Path(sys.executable).parent)
        if not (self.ansible / "ansible-playbook").exists():
            raise unittest.SkipTest("no ansible-playbook here: tox -e functional has one")
        if shutil.which("ssh") is None:
            raise unittest.SkipTest("no ssh command to reach nodes with")
        # A path of a socket has few characters.
        self._control = tempfile.mkdtemp(prefix="cp-")
        self._roles = os.pathsep.join(map(str, roles))
        self.hosts = {}
        (self.folder / "ssh_config").touch()
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / "key")], check=True
        )

    def close(self):
        """End the connections that ssh keeps."""
        obeyed = False
        for name in self.hosts:
            argv = ["ssh", "-F", str(self.folder / "ssh_config"), "-o", f"ControlPath={self._control}/%C"]
            done = subprocess.run([*argv, "-O", "exit", name], stderr=subprocess.DEVNULL)
            obeyed = obeyed or done.returncode == 0
        remove_sockets(self._control, _EXIT_SECONDS if obeyed else 0)

    def add(self, name, node, *, user="zuul", network=True, **variables):
        """Make a node a host of the inventory, reached as a user of it.

        :param str name: the host's name.
        :param Node node: a node whose root has SSH_PACKAGES.
        :param bool network: False for one that reaches nothing, loopback included.
        :param variables: of the host, as of a Zuul job.
        """
        prepare(node, user, (self.folder / "key.pub").read_text())
        command = shlex.join(node.command(list(PER_CONNECTION), network=network, cwd="/")).replace("%", "%%")
        self._know(name, user, f"ProxyCommand {command}", variables)

    def add_address(self, name, address, port, *, user="zuul", **variables):
        """Make what listens at an address a host of the inventory; its user has our ``key.pub`` already.

        :param str name: the host's name.
        :param str address: of its sshd.
        :param int port: of its sshd.
        :param variables: of the host, as of a Zuul job.
        """
        self._know(name, user, f"HostName {address}\n    Port {port}", variables)

    def _know(self, name, user, way, variables):
        with open(self.folder / "ssh_config", "a", encoding="utf-8") as config:
            config.write(_HOST.format(name=name, user=user, folder=self.folder, way=way))
        self.hosts[name] = variables

    def play(self, plays, *options, environ=None):
        """Run plays; return how that ended.

        :param list plays: as a playbook has them.
        :param options: of ansible-playbook.
        :param dict environ: variables of the environment besides those of this process.
        :rtype: Played
        """
        playbook = self.folder / "playbook.json"
        playbook.write_text(json.dumps(plays, indent=1))
        return self.run(playbook, *options, environ=environ)

    def run(self, playbook, *options, environ=None):
        """Run the playbook in a file; arguments and result as of :meth:`play`."""
        config = _CONFIG.format(
            folder=self.folder, roles=self._roles, control=self._control, callbacks=_CALLBACKS
        )
        (self.folder / "ansible.cfg").write_text(config)
        inventory = {"all": {"hosts": self.hosts}}
        (self.folder / "inventory.json").write_text(json.dumps(inventory))
        # Nothing of who runs the tests but the way to the network.
        ours = ("ANSIBLE_", "PYTHON", "PIP_")
        seen = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        seen.update(environ or {}, ANSIBLE_CONFIG=str(self.folder / "ansible.cfg"), LC_ALL="C.UTF-8")
        done = subprocess.run(
            [str(self.ansible / "ansible-playbook"), str(playbook), *options],
            env=seen,
            cwd=str(self.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=900,
        )
        lines = done.stdout.splitlines()
        results = [json.loads(line[len("RESULT ") :]) for line in lines if line.startswith("RESULT ")]
        return Played(done.returncode, done.stdout, results)


def remove_sockets(folder, seconds):
    """Remove a folder of sockets, most of which go by themselves.

    A master of ssh answers that it will exit, and removes its socket only
    then: who removes it at the same time fails, now and again.

    :param str folder: the folder.
    :param float seconds: to wait for those who remove their own; what is left then is nobody's.
    """
    until = time.monotonic() + seconds
    while os.listdir(folder) and time.monotonic() < until:
        time.sleep(0.005)
    shutil.rmtree(folder)


def with_ssh(root):
    """Return a root that can be reached: sshd and sudo on top, and a user zuul as Zuul's images have it."""

    def prepare_user(node):
        node.run(["useradd", "--create-home", "--shell", "/bin/bash", "--password", "*", "zuul"])
        node.write("/etc/sudoers.d/zuul", "zuul ALL=(ALL) NOPASSWD:ALL\n", mode=0o440)
        node.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/testnode_key"])

    return root.with_packages(*SSH_PACKAGES).with_layer("zuul-1", prepare_user)


def prepare(node, user, key):
    """Let who has a key into a node as a user."""
    node.run(["mkdir", "-p", "/run/sshd"])
    home = "/root" if user == "root" else f"/home/{user}"
    node.write(home + "/.ssh/authorized_keys", key)
    node.run(["chown", "-R", user, home + "/.ssh"])
