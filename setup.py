"""
Packages the project.
"""

from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent


def version() -> str:
    """
    Get the version of the package, without importing it.
    """
    for line in (here / "glance" / "__init__.py").read_text().splitlines():
        if line.startswith("__version__"):
            return line.split('"')[1]
    raise LookupError("glance/__init__.py has no __version__")


TEST = [
    "botocore>=1.34",
    "coverage>=7.10",
    "hypothesis>=6.100",
    "jsonpatch>=1.33",
    "jsonschema>=4.21",
    "oslo.policy>=4.5",
    "psycopg[binary]>=3.2",
    "PyMySQL>=1.1",
    "trustme>=1.2",
]

setup(
    name="txglance",
    version=version(),
    description="Stores and serves virtual-machine images, on Twisted",
    long_description=(here / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=[*find_packages(include=["glance", "glance.*"]), "twisted.plugins"],
    package_data={"glance": ["py.typed"], "glance.registry.migrations": ["*.mako"]},
    data_files=[
        (
            "share/txglance",
            [
                "etc/glance.conf",
                "etc/glance-api.conf",
                "etc/glance-registry.conf",
                "etc/schema-image.json",
            ],
        ),
        (
            "share/txglance/systemd",
            [
                "etc/glance.service",
                "etc/glance.socket",
                "etc/glance-api.socket",
                "etc/glance-api.service",
                "etc/glance-registry.service",
            ],
        ),
    ],
    install_requires=[
        "alembic>=1.14",
        "attrs>=23.2",
        "click>=8.1",
        "fastjsonschema>=2.20",
        "klein>=24.8",
        "orjson>=3.10",
        "oslo.config>=9.6",
        "oslo.utils>=8.0",
        "prometheus_client>=0.20",
        "PyYAML>=6",
        "sqlalchemy>=2.0.40,<2.2",
        "tqdm>=4.66",
        "treq>=24.9.1",
        "twisted[tls]>=24.11",
        "werkzeug<4",
        "zope.interface>=7",
    ],
    extras_require={
        "postgresql": ["psycopg[binary]>=3.2"],
        "mysql": ["PyMySQL>=1.1"],
        "test": TEST,
        "dev": [
            *TEST,
            "build>=1.2",
            "furo>=2024.8",
            "mypy>=2.4,<2.5",
            "mypy-zope>=1.0.17,<1.1",
            "myst-parser>=4",
            "ruff>=0.17,<0.18",
            "sphinx>=8",
            "towncrier>=24.8",
        ],
    },
    entry_points={
        "console_scripts": [
            "glance = glance.cli.main:main",
            "glance-upload = glance.cli.upload:main",
            "glance-api = glance.tap.scripts:api",
            "glance-registry = glance.tap.scripts:registry",
            "glance-control = glance.tap.control:main",
            "glance-manage = glance.tap.manage:main",
        ]
    },
    classifiers=[
        "Framework :: Twisted",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
    ],
)
