"""
Small disk images, made as each format's description says.
"""

import struct
import uuid

SECTOR = 512
SIZE = 1 << 30
"""How large the disks are that the images say they are."""

_REGION = uuid.UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e").bytes_le
_DISK_SIZE = uuid.UUID("2fa54224-cd1b-4876-b211-5dbed83bf4b8").bytes_le
_PARAMETERS = uuid.UUID("caa16737-fa36-4d43-b3b6-33f0aa44e76b").bytes_le


def qcow2(size=SIZE, *, version=3, backing=0, features=0):
    """
    Make a qcow2.

    @param backing: where in it the name of its backing file is; 0 for none.
    @param features: the bits of those that a reader has to know.
    """
    head = struct.pack(">4sIQIIQ", b"QFI\xfb", version, backing, 0, 16, size)
    return (head.ljust(72, b"\0") + struct.pack(">Q", features)).ljust(70_000, b"\0")


def qed():
    """
    Make the beginning of a QED.
    """
    return b"QED\0".ljust(1024, b"\0")


def vdi(size=SIZE):
    """
    Make the beginning of a VDI.
    """
    data = bytearray(1024)
    data[64:68] = struct.pack("<I", 0xBEDA107F)
    data[368:376] = struct.pack("<Q", size)
    return bytes(data)


def _vhd_footer(size, kind):
    data = bytearray(SECTOR)
    data[:8] = b"conectix"
    data[40:56] = struct.pack(">QQ", size, size)
    data[60:64] = struct.pack(">I", kind)
    return bytes(data)


def vhd(size=SIZE, *, kind=3):
    """
    Make a VHD that grows.

    @param kind: 3; or 4 for one that holds what differs from another.
    """
    footer = _vhd_footer(size, kind)
    return footer + bytes(1024) + footer


def fixed_vhd(data, size=None):
    """
    Make a VHD that is data with something after it.

    @param size: how large it says it is; L{None} for what is so.
    """
    return data + _vhd_footer(len(data) if size is None else size, 2)


def vhdx(size=SIZE, *, at=1 << 20, parent=False, parameters=_PARAMETERS):
    """
    Make a VHDX.

    @param at: where its metadata are.
    @param parent: whether it holds what differs from another.
    @param parameters: what the item is called that tells that.
    """
    data = bytearray(at + (1 << 17))
    data[:8] = b"vhdxfile"
    data[192 << 10 : (192 << 10) + 48] = struct.pack(
        "<IIII16sQII", 0x69676572, 0, 1, 0, _REGION, at, 1 << 20, 1
    )
    entries = struct.pack("<16sIII4x", parameters, 1 << 16, 8, 0)
    entries += struct.pack("<16sIII4x", _DISK_SIZE, (1 << 16) + 8, 8, 0)
    data[at : at + 32] = struct.pack("<8sHH20x", b"metadata", 0, 2)
    data[at + 32 : at + 32 + len(entries)] = entries
    item = at + (1 << 16)
    data[item : item + 16] = struct.pack("<IIQ", 1 << 20, 2 if parent else 0, size)
    return bytes(data)


def descriptor(create_type="monolithicSparse", extent=None, more=""):
    """
    Make the text that says what a VMDK consists of.
    """
    extent = extent or 'RW 2097152 SPARSE "disk.vmdk"'
    return (
        "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\n"
        f'createType="{create_type}"\n{more}\n# Extent description\n{extent}\n'
        'ddb.adapterType = "ide"\n'
    ).encode()


def _vmdk_header(sectors, directory, version=1):
    return struct.pack(
        "<4sIIQQQQIQQ", b"KDMV", version, 3, sectors, 128, 1, 20, 512, 0, directory
    ).ljust(SECTOR, b"\0")


def vmdk(size=SIZE, *, version=1, text=None):
    """
    Make a VMDK that is one file.

    @param text: its descriptor; L{None} for the right one.
    """
    text = descriptor() if text is None else text
    head = _vmdk_header(size // SECTOR, 21, version) + text.ljust(20 * SECTOR, b"\0")
    return head.ljust(1 << 17, b"\0")


def stream_vmdk(size=SIZE, *, grains=1 << 18, version=1, text=None):
    """
    Make a VMDK as it is written to a pipe: how it begins is said at its end.

    @param grains: the bytes between the beginning and the end.
    @param version: what is said at the end.
    """
    text = descriptor("streamOptimized") if text is None else text
    head = _vmdk_header(size // SECTOR, (1 << 64) - 1)
    marker = struct.pack("<QII", 1, 0, 3).ljust(SECTOR, b"\0")
    end = marker + _vmdk_header(size // SECTOR, 21, version) + bytes(SECTOR)
    return head + text.ljust(20 * SECTOR, b"\0") + b"\1" * grains + end


def iso(blocks=100, begin=b""):
    """
    Make a disc of blocks of 2048 bytes.

    @param begin: what is before its descriptor.
    """
    data = bytearray(begin.ljust(40 << 10, b"\0"))
    data[32768:32775] = b"\1CD001\1"
    data[32768 + 80 : 32768 + 88] = struct.pack("<I", blocks) + struct.pack(
        ">I", blocks
    )
    data[32768 + 128 : 32768 + 132] = struct.pack("<H", 2048) + struct.pack(">H", 2048)
    return bytes(data)


def partitioned(size=1 << 17, *, kind=0x83, boot=0x80):
    """
    Make a disk with a partition.

    @param kind: the kind of partition; 0 for none.
    """
    data = bytearray(size)
    data[446:462] = struct.pack("<B3BB3BII", boot, 0, 2, 0, kind, 0, 0, 0, 1, 100)
    data[510:512] = b"\x55\xaa"
    return bytes(data)


def luks(version=1, *, payload=8, size=1 << 17):
    """
    Make an encrypted disk.

    @param payload: the sector that its data begins at.
    """
    head = struct.pack(">6sH", b"LUKS\xba\xbe", version).ljust(104, b"\0")
    return (head + struct.pack(">I", payload)).ljust(size, b"\1")
