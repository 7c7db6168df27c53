# Where diskimage-builder's own elements run pip in the image, as simple-init does for glean, they take what the
# precache has: no index, and no clone of glean's repository.  /tmp/in_target.d is there in the chroot alone.
export DIB_INSTALLTYPE_glean=${DIB_INSTALLTYPE_glean:-package}
if [ -d /tmp/in_target.d ]; then
    export PIP_NO_INDEX=${DIB_TESTNODE_PYTHON_NO_INDEX:-1}
    export PIP_FIND_LINKS=/opt/cache/testnode-python/current/wheels
fi
