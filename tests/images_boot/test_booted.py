"""What glean in its venv made of the config drive, and the roles on a machine that booted."""

import json
from urllib.parse import urlsplit

from tests.functional.roles.plays import prepared, shell, succeed
from tests.support import machines
from tests.support.server import Site

from .conftest import HOSTNAME


def unit(machine, name, *properties):
    """Return properties of a unit of systemd."""
    words = machine.run(f"systemctl show --property={','.join(properties)} {name}")
    return dict(line.split("=", 1) for line in words.splitlines())


def interface(machine):
    """Return the interface with the MAC of the config drive, as ip describes it."""
    (found,) = [
        each for each in json.loads(machine.run("ip -json address")) if each["address"] == machines.MAC
    ]
    return found


def test_root_is_let_in_by_the_config_drives_key_alone(machine, key):
    assert machine.run("id -un") == "root\n"
    lines = machine.run("cat ~/.ssh/authorized_keys").splitlines()
    keys = [line for line in lines if line and not line.startswith("#")]
    assert keys == [key.with_suffix(".pub").read_text().strip()]


def test_its_name_is_that_of_the_config_drive(machine):
    assert machine.run("hostname; cat /etc/hostname") == 2 * f"{HOSTNAME}\n"


def test_its_address_is_that_of_the_config_drive(machine):
    addresses = [(each["local"], each["prefixlen"]) for each in interface(machine)["addr_info"]]
    assert (machines.ADDRESS, machines.PREFIX) in addresses
    assert f"default via {machines.GATEWAY} " in machine.run("ip route")


def test_glean_ran_from_its_venv(machine):
    early = unit(machine, "glean-early.service", "ActiveState", "Result", "ExecStart")
    assert (early["ActiveState"], early["Result"]) == ("active", "success")
    name = interface(machine)["ifname"]
    one = unit(machine, f"glean@{name}.service", "ActiveState", "Result", "ExecStartPre")
    assert (one["ActiveState"], one["Result"]) == ("active", "success")
    # Both are scripts beside the library; the second one is what the first one runs, too.
    script = "/usr/glean/lib/python3.11/site-packages/glean/init/"
    assert f"path={script}glean-early.sh " in early["ExecStart"]
    assert f"path={script}python-glean " in one["ExecStartPre"]
    assert "\n/usr/glean/bin/python3 -m glean " in machine.run(f"cat {script}python-glean")
    journal = machine.run("journalctl --boot --unit glean-early.service --output cat")
    assert "metadata loaded from: /mnt/config/openstack/latest/meta_data.json" in journal
    assert machines.ADDRESS in machine.run(f"cat /etc/network/interfaces.d/{name}.cfg")


def test_no_service_failed(machine):
    words = (
        "timeout 200 systemctl is-system-running --wait; systemctl list-units --failed --plain --no-legend"
    )
    assert machine.run(words) == "running\n"


def test_it_reaches_nothing(machine):
    with Site({}) as here:
        way = f"/dev/tcp/{machines.GATEWAY}/{urlsplit(here.base_url).port}"
        words = f"if timeout 5 bash -c 'exec 3<>{way}'; then echo reached; else echo no way; fi"
        assert machine.run(words) == "no way\n"
        assert here.requests == []


def test_the_global_python_is_the_distributions_alone(machine):
    machine.run("testnode-python audit --fail-on unmanaged")
    assert machine.run("test -e /opt/cache/testnode-python/current && testnode-python precache verify") == ""


# The last one: it puts pip into the global Python.
def test_the_roles_find_what_the_image_has(machine, controller, timed):
    controller.add_address("node", machines.LOOPBACK, machine.port)
    with timed("roles"):
        prepared(controller)
        succeed(controller, shell("tox --version", "virtualenv --version", "pip3 --version"))
