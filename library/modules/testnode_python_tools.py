#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Arguments in, one call of the library, outcome out.

Python 2.7 can read it too, and so say that it is too old.
"""

DOCUMENTATION = r"""
---
module: testnode_python_tools
short_description: Make Python tools ready, each in an environment of its own
description:
  - Takes each tool from what is there, else from the precache on the node's disk, else from a mirror.
  - Whatever did not serve leaves its reason in the outcome.
  - What only root or the package manager can do is not tried but told, in RV(needs_root) and RV(packages).
options:
  tools:
    description:
      - The tools, each a name or a dictionary.
      - C(name) is a tool of the toolset or any name on PyPI.
      - C(version) is a specifier as in V(<4).
      - C(command) is the program where that has another name.
      - C(executable) is a program to consider before all others.
      - C(venv) is the environment, by default C(~/.local/NAME).
    type: list
    elements: raw
    required: true
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
  python:
    description: The Python that the tools run on, by default C(python3) on PATH.
    type: str
    default: ''
  link:
    description:
      - Whether the tools are to run by their bare names, for everybody; links go to C(/usr/local/bin).
      - A user who may not become root gets them in the home, with a warning.
    type: bool
    default: false
  packages:
    description: The packages that give the tools, where V(packages) is allowed and they are not known.
    type: list
    elements: str
    default: []
  packaged:
    description: Whether the packages that an earlier call told were installed since.
    type: bool
    default: false
  soft:
    description: Whether a tool that cannot be made ready is a warning and no failure.
    type: bool
    default: false
  outcome_fact:
    description: The name of a fact to be the first outcome; check mode sets none for what it did not do.
    type: str
    default: ''
  outcomes_fact:
    description: The same for the list of all outcomes.
    type: str
    default: ''
  timeout:
    description: Seconds for all of it.
    type: float
    default: 300
author:
  - The engineers of testnode-python
"""

EXAMPLES = r"""
- name: Make tox and a nox of last year ready
  testnode_python_tools:
    tools:
      - tox
      - name: nox
        version: "<2026"
  register: ready

- name: Use them
  ansible.builtin.command: "{{ ready.outcomes[0].executable }} --version"
"""

RETURN = r"""
outcomes:
  description: One for each tool; all but those that wait for root or packages.
  type: list
  elements: dict
  returned: success
  contains:
    tool: {description: Its name., type: str}
    executable: {description: Its program; empty where it could not be made ready., type: str}
    version: {description: Its version., type: str}
    source: {description: 'Where it came from: V(system), V(precache), V(mirror).', type: str}
    changed: {description: Whether anything was written., type: bool}
    link: {description: The global link that was made., type: str}
    environment: {description: Its environment., type: str}
    locked: {description: The date of the lock that gave its version., type: str}
    unlocked: {description: Whether a mirror's newest was taken., type: bool}
    python: {description: The interpreter that it runs on., type: str}
    seconds: {description: How long it took., type: float}
    attempts:
      description: Every source, whether it served, its reason and what would make it serve.
      type: list
ansible_facts:
  description: The facts O(outcome_fact) and O(outcomes_fact).
  type: dict
  returned: where they are named and no other call is to follow
needs_root:
  description: Whether the same call is to be made as root.
  type: bool
  returned: success
packages:
  description: Packages to install, after which the same call finds the tools.
  type: list
  elements: str
  returned: success
virtualenv_command:
  description: Makes environments with a pip, as C(/usr/bin/python3 -m venv); empty where the Python cannot.
  type: str
  returned: success
outcome:
  description: The outcome of the tool that could not be made ready.
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
            "tools": {"type": "list", "elements": "raw", "required": True},
            "sources": {
                "type": "list",
                "elements": "str",
                "choices": ["system", "precache", "mirror", "packages"],
                "default": ["system", "precache", "mirror"],
            },
            "precache": {"type": "str", "default": ""},
            "mirrors": {"type": "list", "elements": "str", "default": [], "no_log": True},
            "python": {"type": "str", "default": ""},
            "link": {"type": "bool", "default": False},
            "packages": {"type": "list", "elements": "str", "default": []},
            "packaged": {"type": "bool", "default": False},
            "soft": {"type": "bool", "default": False},
            "outcome_fact": {"type": "str", "default": ""},
            "outcomes_fact": {"type": "str", "default": ""},
            "timeout": {"type": "float", "default": 300},
        },
        supports_check_mode=True,
    )
    if sys.version_info < OLDEST:
        words = "Python {0}.{1} is too old for testnode-python, which needs 3.6".format(*sys.version_info)
        if module.params["soft"]:
            module.exit_json(skipped=True, msg=words, outcomes=[], needs_root=False, packages=[])
        module.fail_json(msg=words + "; set ansible_python_interpreter to a newer one")
    ensure(module)


def ensure(module):
    """Make one call of the library."""
    # Python 2 could not even read them.
    from ansible.module_utils.testnode_python import arguments, provision
    from ansible.module_utils.testnode_python.errors import Error

    params = arguments.without_secrets(module, "mirrors")
    try:
        asked = arguments.tools_of(params, module.check_mode)
        done = provision.tools(asked, os.environ, params["packages"], params["soft"])
    except Error as error:
        if not params["soft"]:
            outcome = getattr(error, "outcome", None)
            module.fail_json(msg=str(error), outcome=outcome.as_dict() if outcome else {})
        module.warn("No tool was made ready: " + str(error))
        done = provision.Provision([])
    for words in done.warnings:
        module.warn(words)
    answer = arguments.answer_of(done, params, module.check_mode)
    module.exit_json(packages=done.packages, **answer)


if __name__ == "__main__":
    main()
