"""
The C{glance-upload} command, as it was in 2011.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from glance.cli import statuses
from glance.cli.streams import prepare

if TYPE_CHECKING:
    from glance.cli.session import Session
    from glance.client import Client


@click.command(
    "glance-upload",
    help="Store FILE as a public image called NAME.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.argument("name")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=9292, show_default=True, type=click.IntRange(1, 65535))
@click.option("--type", "kind", default="raw", show_default=True)
@click.option("--disk-format")
@click.option("--container-format")
@click.option("--kernel", metavar="ID", help="The image of its kernel.")
@click.option("--ramdisk", metavar="ID", help="The image of its ramdisk.")
def upload(host: str, port: int, **given: Any) -> None:
    """
    Store an image.
    """
    try:
        from glance.cli.running import run
        from glance.cli.session import Settings

        # Its users give no formats, and there they need none.
        run(
            Settings(api_version=1, host=host, port=port, doc_root=""),
            "store image",
            lambda session: store(session, given),
        )
    except KeyboardInterrupt:
        raise SystemExit(statuses.INTERRUPTED) from None


async def store(session: Session[Client], given: Mapping[str, Any]) -> None:
    """
    Store an image, and say what became of it.
    """
    from glance.cli.data import data_of

    properties = {
        "type": given["kind"],
        "kernel_id": given["kernel"],
        "ramdisk_id": given["ramdisk"],
    }
    meta = {
        "name": given["name"],
        "is_public": True,
        "disk_format": given["disk_format"],
        "container_format": given["container_format"],
        "properties": {key: one for key, one in properties.items() if one},
    }
    known = {key: value for key, value in meta.items() if value is not None}
    data = data_of(session, given["file"], implied=False)
    image = await session.client.add_image(known, data)
    session.output.lines([f"Stored image. Got identifier: {image}"])


def main() -> None:
    """
    Run the command.
    """
    prepare()
    upload.main(prog_name="glance-upload")


if __name__ == "__main__":
    main()
