"""Hand the build to pbr, which takes the version from git; setup.cfg says the rest."""

import setuptools

setuptools.setup(pbr=True)
