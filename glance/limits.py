"""
How much of what there may be, and of what kind.
"""

from __future__ import annotations

from attrs import frozen


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
