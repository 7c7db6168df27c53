#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Arguments in, one call of the library for each tool, what came of it out.

Python 2.7 can read it too, and so say that it is too old.
"""

DOCUMENTATION = r"""
---
module: testnode_python_venvs
short_description: Make system-level venvs, as an image build does
description:
  - Makes each tool's system-level venv agree with the lock of the precache on the node's disk, else takes it
    from a mirror.
  - One that agrees is left as it is, one that does not is swapped while what runs from it goes on.
  - It takes root.
options:
  tools:
    description: The tools, by their names on PyPI or in the toolset.
    type: list
    elements: str
    required: true
  state:
    description: Whether they are to be there, V(present), or not, V(absent).
    type: str
    choices: [absent, present]
    default: present
  link_dir:
    description: The folder for links to the tools' programs; empty for none.
    type: str
    default: ''
  sources:
    description: What they may be made from.
    type: list
    elements: str
    choices: [precache, mirror]
    default: [precache, mirror]
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
  timeout:
    description: Seconds for each.
    type: float
    default: 300
author:
  - The engineers of testnode-python
"""

EXAMPLES = r"""
- name: Give everybody tox and virtualenv
  testnode_python_venvs:
    tools: [tox, virtualenv]
    link_dir: /usr/local/bin
  become: true
"""

RETURN = r"""
venvs:
  description: One for each tool, in their order.
  type: list
  elements: dict
  returned: always
  contains:
    tool: {description: Its name., type: str}
    changed: {description: Whether anything was written or removed., type: bool}
    environment: {description: 'The path of the venv, of one that is there.', type: str}
    executable: {description: 'Its program, of one that is there.', type: str}
    version: {description: 'Its version, of one that is there.', type: str}
    links: {description: The links that were made., type: list}
    removed: {description: What was removed., type: list}
    error: {description: 'Why it could not be done, where it could not.', type: str}
"""

import os
import sys

from ansible.module_utils.basic import AnsibleModule

OLDEST = (3, 6)


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "tools": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
            "link_dir": {"type": "str", "default": ""},
            "sources": {
                "type": "list",
                "elements": "str",
                "choices": ["precache", "mirror"],
                "default": ["precache", "mirror"],
            },
            "precache": {"type": "str", "default": ""},
            "mirrors": {"type": "list", "elements": "str", "default": [], "no_log": True},
            "python": {"type": "str", "default": ""},
            "timeout": {"type": "float", "default": 300},
        },
        supports_check_mode=True,
    )
    if sys.version_info < OLDEST:
        words = "Python {0}.{1} is too old for testnode-python, which needs 3.6".format(*sys.version_info)
        module.fail_json(msg=words + "; set ansible_python_interpreter to a newer one")
    install(module)


def install(module):
    """Make one call of the library for each tool; the others are made where one fails."""
    # Python 2 could not even read them.
    from ansible.module_utils.testnode_python import arguments, venvs
    from ansible.module_utils.testnode_python.errors import Error

    params = arguments.without_secrets(module, "mirrors")
    act = venvs.install if params["state"] == "present" else venvs.remove
    try:
        asked = arguments.tools_of(params, module.check_mode)
        done = venvs.each(act, asked, os.environ, params["link_dir"])
    except Error as error:
        module.fail_json(msg=str(error), venvs=[])
    answer = {"changed": any(one["changed"] for one in done), "venvs": done}
    errors = [one["error"] for one in done if "error" in one]
    if errors:
        module.fail_json(msg="\n".join(errors), **answer)
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
