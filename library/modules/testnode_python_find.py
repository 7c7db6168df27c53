#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Arguments in, one call of the library, outcome out.

Python 2.7 can read it too, and so say that it is too old.
"""

DOCUMENTATION = r"""
---
module: testnode_python_find
short_description: Look for Python tools, or for pip and what makes environments
description:
  - Tells whether all that a role is to provide is there already; it writes nothing.
  - It is small, for on a prepared node it is all that a role does; M(testnode_python_tools) and
    M(testnode_python_pip) provide what is missing.
options:
  tools:
    description:
      - The tools, each a name or a dictionary, as of M(testnode_python_tools).
    type: list
    elements: raw
    default: []
  pip:
    description: Whether to look for pip instead, and what makes environments.
    type: bool
    default: false
  python:
    description: The Python that the tools run on, or whose pip is looked for; by default C(python3) on PATH.
    type: str
    default: ''
  version:
    description: A specifier for pip's version, as in V(<24).
    type: str
    default: ''
  scope:
    description: Whether what the user has of pip for themselves alone counts, V(user), or not, V(global).
    type: str
    choices: [global, user]
    default: global
  from_packages:
    description: Whether pip is to come from the distribution; short for O(sources=[system, packages]).
    type: bool
    default: false
  from_upstream:
    description: Whether pip is looked for in O(from_upstream_interpreters) instead of O(python).
    type: bool
    default: false
  from_upstream_interpreters:
    description: The Pythons that get-pip.py is to serve; environments are made by the first.
    type: list
    elements: str
    default: [python3]
  virtualenv_command:
    description: What the caller wants to make environments with; it is returned as it is.
    type: str
    default: ''
  venv_command:
    description: Whether to tell what makes environments, where tools are looked for.
    type: bool
    default: false
  link:
    description: Whether the tools are to run by their bare names, for everybody.
    type: bool
    default: false
  sources:
    description: What may be used; without V(system) everything is missing.
    type: list
    elements: str
    choices: [system, precache, mirror, packages]
    default: [system, precache, mirror]
  soft:
    description: Whether a Python that is too old is no failure.
    type: bool
    default: false
  outcome_fact:
    description: The name of a fact to be the first outcome; it is not set where something is missing.
    type: str
    default: ''
  outcomes_fact:
    description: The same for the list of all outcomes.
    type: str
    default: ''
  python2:
    description: Whether Python 2 is asked for, which is refused.
    type: bool
    default: false
author:
  - The engineers of testnode-python
"""

EXAMPLES = r"""
- name: Look for tox
  testnode_python_find:
    tools:
      - name: tox
        version: "<4"
  register: found
"""

RETURN = r"""
missing:
  description: Whether something is not there.
  type: bool
  returned: success
needs_root:
  description: Whether it takes root to provide what is missing, and the user may become it.
  type: bool
  returned: success
outcomes:
  description: One for each tool that is there; fields as of M(testnode_python_tools).
  type: list
  elements: dict
  returned: success
ansible_facts:
  description: The facts O(outcome_fact) and O(outcomes_fact).
  type: dict
  returned: where they are named and nothing is missing
interpreters:
  description: Full paths of the Pythons that pip was looked for in.
  type: list
  elements: str
  returned: success
virtualenv_command:
  description: Makes environments with a pip, as C(/usr/bin/python3 -m venv); empty where the Python cannot.
  type: str
  returned: success
"""

import os
import sys

from ansible.module_utils.basic import AnsibleModule

OLDEST = (3, 6)
PYTHON2 = (
    "Python 2 is asked for, by tox_prefer_python2 or ensure_pip_from_packages_with_python2, and not served:"
    " no tox and no pip of today runs on it; leave it out"
)


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "tools": {"type": "list", "elements": "raw", "default": []},
            "pip": {"type": "bool", "default": False},
            "python": {"type": "str", "default": ""},
            "version": {"type": "str", "default": ""},
            "scope": {"type": "str", "choices": ["global", "user"], "default": "global"},
            "from_packages": {"type": "bool", "default": False},
            "from_upstream": {"type": "bool", "default": False},
            "from_upstream_interpreters": {"type": "list", "elements": "str", "default": ["python3"]},
            "virtualenv_command": {"type": "str", "default": ""},
            "venv_command": {"type": "bool", "default": False},
            "link": {"type": "bool", "default": False},
            "sources": {
                "type": "list",
                "elements": "str",
                "choices": ["system", "precache", "mirror", "packages"],
                "default": ["system", "precache", "mirror"],
            },
            "soft": {"type": "bool", "default": False},
            "outcome_fact": {"type": "str", "default": ""},
            "outcomes_fact": {"type": "str", "default": ""},
            "python2": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    if sys.version_info < OLDEST:
        words = "Python {0}.{1} is too old for testnode-python, which needs 3.6".format(*sys.version_info)
        if module.params["soft"]:
            module.exit_json(skipped=True, msg=words)
        module.fail_json(msg=words + "; set ansible_python_interpreter to a newer one")
    if module.params["python2"]:
        module.fail_json(msg=PYTHON2)
    find(module)


def find(module):
    """Make one call of the library."""
    # Python 2 could not even read them.
    from ansible.module_utils.testnode_python import arguments, finder
    from ansible.module_utils.testnode_python.errors import Error

    # Check mode or not, nothing is written; what would be, who provides says.
    try:
        if module.params["pip"]:
            asked = arguments.pips_of(module.params, os.environ)
            done = finder.pip(asked, os.environ, module.params["virtualenv_command"])
        else:
            asked = arguments.tools_of(module.params)
            done = finder.tools(asked, os.environ, module.params["venv_command"], module.params["soft"])
    except Error as error:
        if not module.params["soft"]:
            module.fail_json(msg=str(error))
        # Who provides will say so.
        module.exit_json(changed=False, missing=True, needs_root=False, outcomes=[])
    answer = arguments.answer_of(done, module.params, module.check_mode)
    module.exit_json(missing=done.missing, interpreters=[each.python for each in asked], **answer)


if __name__ == "__main__":
    main()
