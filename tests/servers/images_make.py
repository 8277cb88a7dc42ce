"""
Makes disk images out of what Debian packages hold: C{images_make.py TREE DIR}.

Needs C{qemu-img}.  Writes a C{MANIFEST.json}, last.
"""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

CDROM = "usr/lib/grub-rescue/grub-rescue-cdrom.iso"

BOOTABLE = (
    ("usr/lib/ipxe/ipxe.iso", "ipxe.iso", "iso", "bare"),
    ("usr/lib/memtest86+/memtest86+x64.iso", "memtest86.iso", "iso", "bare"),
    (CDROM, "grub-rescue.iso", "iso", "bare"),
    ("usr/lib/grub-rescue/grub-rescue-floppy.img", "grub-floppy.img", "raw", "bare"),
    ("boot/ipxe.lkrn", "kernel.aki", "aki", "aki"),
)
"""
Images that boot as they are: where they come from, name, formats.
"""

SIZE = 16 << 20
"""The bytes of the disk that is converted."""

CONVERTED = (
    ("disk-v2.qcow2", "qcow2", "compat=0.10", "qcow2"),
    ("disk.qcow2", "qcow2", "compat=1.1", "qcow2"),
    ("disk.vdi", "vdi", None, "vdi"),
    ("disk-dynamic.vhd", "vpc", "subformat=dynamic,force_size=on", "vhd"),
    ("disk-fixed.vhd", "vpc", "subformat=fixed,force_size=on", "vhd"),
    ("disk-sparse.vmdk", "vmdk", "subformat=monolithicSparse", "vmdk"),
    ("disk-stream.vmdk", "vmdk", "subformat=streamOptimized", "vmdk"),
)
"""
What the disk is converted to: name, what C{qemu-img} calls the format, its
options, what Glance calls it.
"""


def convert(disk, path, kind, options):
    """
    Write the disk in another format.
    """
    command = ["qemu-img", "convert", "-f", "raw", "-O", kind]
    command += ["-o", options] if options else []
    subprocess.run([*command, disk, path], check=True)


def make(tree, directory):
    """
    Make all images.

    @return: what the manifest says of them.
    """
    images = []

    def note(name, disk_format, container_format="bare"):
        images.append(
            {
                "name": name,
                "disk_format": disk_format,
                "container_format": container_format,
            }
        )

    for source, name, disk_format, container_format in BOOTABLE:
        shutil.copy(tree / source, directory / name)
        note(name, disk_format, container_format)

    # Without the ISO's descriptor it is a disk with a master boot record.
    content = bytearray((tree / CDROM).read_bytes())
    content[32768 : 32768 + 2048] = bytes(2048)
    disk = directory / "disk.raw"
    disk.write_bytes(content.ljust(SIZE, b"\0"))
    note(disk.name, "raw")
    for name, kind, options, disk_format in CONVERTED:
        convert(disk, directory / name, kind, options)
        note(name, disk_format)
    (directory / "disk.raw.gz").write_bytes(
        gzip.compress(disk.read_bytes(), 6, mtime=0)
    )
    note("disk.raw.gz", "raw")
    return images


def main():
    """
    Make the images, and say so.
    """
    tree, directory = map(Path, sys.argv[1:])
    manifest = json.dumps(make(tree, directory), indent=1)
    (directory / "MANIFEST.json").write_text(manifest + "\n")


if __name__ == "__main__":
    main()
