#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Arguments in, one call of the library, outcome out.

Python 2.7 can read it too, and so say that it is too old.
"""

DOCUMENTATION = r"""
---
module: testnode_python_pip
short_description: Make pip ready for a Python, and what Ansible's pip module needs
description:
  - Sees to it that a Python imports pip, setuptools, wheel and packaging, and has a C(pip3) command.
  - What is lacking of these is installed, beside and never into the distribution's files.
  - Tells what makes environments that have a pip of their own.
  - What only root or the package manager can do is not tried but told, in RV(needs_root) and RV(packages).
options:
  python:
    description: The Python, a path or a command.
    type: str
    default: python3
  version:
    description: A specifier for pip's version, as in V(<24).
    type: str
    default: ''
  scope:
    description:
      - V(global) installs for everybody, as root, below C(/usr/local), V(user) for the user alone.
      - In a venv both mean the venv.
    type: str
    choices: [global, user]
    default: global
  from_packages:
    description: Whether pip is to come from the distribution; short for O(sources=[system, packages]).
    type: bool
    default: false
  from_upstream:
    description: Whether get-pip.py is to install pip where it is lacking, the precached one if there is one.
    type: bool
    default: false
  from_upstream_url:
    description: Where get-pip.py is; for a Python too old for upstream's newest its own one is taken.
    type: str
    default: https://bootstrap.pypa.io/get-pip.py
  from_upstream_interpreters:
    description:
      - The Pythons that get-pip.py is to serve, instead of O(python); environments are made by the first.
    type: list
    elements: str
    default: [python3]
  sources:
    description: What may be used. V(packages) is told, not installed.
    type: list
    elements: str
    choices: [system, precache, mirror, packages]
    default: [system, precache, mirror]
  precache:
    description: The precache, by default C(/opt/cache/testnode-python/current).
    type: str
    default: ''
  mirrors:
    description: Indexes, instead of pip's configuration.
    type: list
    elements: str
    default: []
  packages:
    description: The packages that give pip, where V(packages) is allowed and they are not known.
    type: list
    elements: str
    default: []
  packaged:
    description: Whether the packages that an earlier call told were installed since.
    type: bool
    default: false
  outcome_fact:
    description: The name of a fact to be the first outcome; check mode sets none for what it did not do.
    type: str
    default: ''
  virtualenv_command:
    description: What the caller wants to make environments with; it is returned as it is.
    type: str
    default: ''
  timeout:
    description: Seconds for each of the Pythons.
    type: float
    default: 300
author:
  - The engineers of testnode-python
"""

EXAMPLES = r"""
- name: Make pip ready for everybody
  testnode_python_pip:
  become: true
  register: ready

- name: Install into an environment
  ansible.builtin.pip:
    name: requests
    virtualenv: /srv/app
    virtualenv_command: "{{ ready.virtualenv_command }}"
"""

RETURN = r"""
outcomes:
  description:
    - One for each Python, and one for whatever else was installed on the way.
    - Their fields are those of M(testnode_python_tools).
  type: list
  elements: dict
  returned: success
interpreters:
  description: Full paths of the Pythons.
  type: list
  elements: str
  returned: success
virtualenv_command:
  description: Makes environments with a pip of their own, C(/usr/bin/python3 -m venv) or a virtualenv.
  type: str
  returned: success
ansible_facts:
  description: The fact O(outcome_fact).
  type: dict
  returned: where it is named and no other call is to follow
needs_root:
  description: Whether the same call is to be made as root.
  type: bool
  returned: success
packages:
  description: Packages to install, after which the same call finds pip.
  type: list
  elements: str
  returned: success
outcome:
  description: The outcome of the Python that pip could not be made ready for.
  type: dict
  returned: failure
"""

import os
import sys

from ansible.module_utils.basic import AnsibleModule

OLDEST = (3, 6)


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "python": {"type": "str", "default": "python3"},
            "version": {"type": "str", "default": ""},
            "scope": {"type": "str", "choices": ["global", "user"], "default": "global"},
            "from_packages": {"type": "bool", "default": False},
            "from_upstream": {"type": "bool", "default": False},
            "from_upstream_url": {
                "type": "str",
                "default": "https://bootstrap.pypa.io/get-pip.py",
                "no_log": True,
            },
            "from_upstream_interpreters": {"type": "list", "elements": "str", "default": ["python3"]},
            "sources": {
                "type": "list",
                "elements": "str",
                "choices": ["system", "precache", "mirror", "packages"],
                "default": ["system", "precache", "mirror"],
            },
            "precache": {"type": "str", "default": ""},
            "mirrors": {"type": "list", "elements": "str", "default": [], "no_log": True},
            "packages": {"type": "list", "elements": "str", "default": []},
            "packaged": {"type": "bool", "default": False},
            "virtualenv_command": {"type": "str", "default": ""},
            "outcome_fact": {"type": "str", "default": ""},
            "timeout": {"type": "float", "default": 300},
        },
        supports_check_mode=True,
    )
    if sys.version_info < OLDEST:
        words = "Python {0}.{1} is too old for testnode-python, which needs 3.6".format(*sys.version_info)
        module.fail_json(msg=words + "; set ansible_python_interpreter to a newer one")
    ensure(module)


def ensure(module):
    """Make one call of the library."""
    # Python 2 could not even read them.
    from ansible.module_utils.testnode_python import arguments, provision
    from ansible.module_utils.testnode_python.errors import Error

    params = arguments.without_secrets(module, "mirrors", "from_upstream_url")
    try:
        asked = arguments.pips_of(params, os.environ, module.check_mode)
        done = provision.pip(asked, os.environ, params["packages"], params["virtualenv_command"])
    except Error as error:
        outcome = getattr(error, "outcome", None)
        module.fail_json(msg=str(error), outcome=outcome.as_dict() if outcome else {})
    for words in done.warnings:
        module.warn(words)
    interpreters = [request.python for request in asked]
    answer = arguments.answer_of(done, params, module.check_mode)
    module.exit_json(interpreters=interpreters, packages=done.packages, **answer)


if __name__ == "__main__":
    main()
