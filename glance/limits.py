"""
How much of what there may be, and of what kind.
"""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Quota:
    """
    How much all images of one owner may be together.

    Numbers that are negative are no bounds.
    """

    size: int = -1
    """Bytes of data, in all places where it rests, and of what is on its way."""
    images: int = -1
    """How many images there may be."""
    uploads: int = -1
    """How many of them may get their data at the same time."""


UNBOUNDED = Quota()


@frozen(kw_only=True)
class Usage:
    """
    How much all images of one owner are.
    """

    size: int = 0
    """Bytes, as L{Quota.size} counts them."""
    images: int = 0
    uploads: int = 0


@frozen(kw_only=True)
class Limits:
    """
    What operators bound; may change while the daemon runs.

    Counts that are negative are no bounds.
    """

    image_size_cap: int = 1 << 40
    """The most bytes that one image may have."""
    properties: int = 128
    """The most custom properties of an image."""
    members: int = 128
    """The most members of an image."""
    tags: int = 128
    """The most tags of an image."""
    locations: int = 10
    """The most places where data of one image may rest."""
    quota: Quota = UNBOUNDED
    """What all images of each owner may be."""
    disk_formats: tuple[str, ...] = (
        "ami",
        "ari",
        "aki",
        "vhd",
        "vhdx",
        "vmdk",
        "raw",
        "qcow2",
        "vdi",
        "iso",
        "ploop",
    )
    container_formats: tuple[str, ...] = (
        "ami",
        "ari",
        "aki",
        "bare",
        "ovf",
        "ova",
        "docker",
        "compressed",
    )
    require_format_match: bool = True
    """Whether data must be of the format that its image has."""
    vmdk_types: tuple[str, ...] = ("streamOptimized", "monolithicSparse")
    """The create types that a VMDK may have, in any case of letters."""
    gpt_faults_pass: bool = False
    """Whether a disk may have a partition table that isn't valid."""
    page_default: int = 25
    """How many images a list holds where the caller doesn't say."""
    page_max: int = 1000
    """How many images a list holds at the most."""
