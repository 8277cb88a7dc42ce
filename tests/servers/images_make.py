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
    ("disk.vhdx", "vhdx", "subformat=dynamic", "vhdx"),
    ("disk-sparse.vmdk", "vmdk", "subformat=monolithicSparse", "vmdk"),
    ("disk-stream.vmdk", "vmdk", "subformat=streamOptimized", "vmdk"),
)
"""
What the disk is converted to: name, what C{qemu-img} calls the format, its
options, what Glance calls it.
"""


OTHER = "/etc/passwd"
"""
What hostile images name, so that whoever opens them reads it.  Nobody does here.
"""

BASED = (
    ("backing.qcow2", "qcow2", OTHER, "raw", "qcow2"),
    ("backing-url.qcow2", "qcow2", "nbd://127.0.0.1:1/x", "raw", "qcow2"),
    (
        "backing-json.qcow2",
        "qcow2",
        f'json:{{"driver":"raw","file":{{"driver":"file","filename":"{OTHER}"}}}}',
        "raw",
        "qcow2",
    ),
    ("backing-claims-raw.qcow2", "qcow2", OTHER, "raw", "raw"),
    ("backing.qed", "qed", OTHER, "raw", "raw"),
    ("backing.vmdk", "vmdk", "disk-sparse.vmdk", "vmdk", "vmdk"),
)
"""
Images that are based on other files: name, what C{qemu-img} calls the format,
the other file and its format, what the image claims to be.
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

    def note(name, disk_format, container_format="bare", hostile=False):
        images.append(
            {
                "name": name,
                "disk_format": disk_format,
                "container_format": container_format,
                "hostile": hostile,
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
    for name, disk_format in make_hostile(directory):
        note(name, disk_format, hostile=True)
    return images


def make_hostile(directory):
    """
    Make images that nobody should open, from those that are made already.

    @return: for each its name, and what it claims to be.
    """

    def create(kind, name, *options):
        command = ["qemu-img", "create", "-q", "-f", kind, *options, name]
        subprocess.run([*command, "16M"], cwd=directory, check=True)

    def write(name, content):
        (directory / name).write_bytes(content)

    for name, kind, other, other_kind, disk_format in BASED:
        unread = () if kind == "vmdk" else ("-u",)
        create(kind, name, *unread, "-b", other, "-F", other_kind)
        yield name, disk_format
    # The other file is made too, so it is named elsewhere only later.
    other = OTHER.replace("/", "_")
    create("qcow2", "data-file.qcow2", "-o", f"data_file={other}")
    (directory / other).unlink()
    content = (directory / "data-file.qcow2").read_bytes()
    write("data-file.qcow2", content.replace(other.encode(), OTHER.encode()))
    yield "data-file.qcow2", "qcow2"
    convert(
        directory / "disk.raw",
        directory / "flat.vmdk",
        "vmdk",
        "subformat=monolithicFlat",
    )
    (directory / "flat-flat.vmdk").unlink()
    yield "flat.vmdk", "vmdk"
    # It says that what counts is at the end, where there is nothing of the kind.
    content = bytearray((directory / "disk-stream.vmdk").read_bytes())
    content[56:64] = b"\xff" * 8
    write("no-end.vmdk", content)
    yield "no-end.vmdk", "vmdk"
    qcow2, disc = (directory / n for n in ("disk.qcow2", "ipxe.iso"))
    write("two-formats.iso", qcow2.read_bytes()[:512] + disc.read_bytes()[512:])
    yield "two-formats.iso", "iso"
    shutil.copy(qcow2, directory / "qcow2.vdi")
    yield "qcow2.vdi", "vdi"


def main():
    """
    Make the images, and say so.
    """
    tree, directory = map(Path, sys.argv[1:])
    manifest = json.dumps(make(tree, directory), indent=1)
    (directory / "MANIFEST.json").write_text(manifest + "\n")


if __name__ == "__main__":
    main()
