export DIB_TESTNODE_PYTHON_TOOLS=${DIB_TESTNODE_PYTHON_TOOLS-tox virtualenv bindep os-testr stestr zuul-cloner}
