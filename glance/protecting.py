"""
Properties of images that not everybody may see, or change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import evolve

from glance.context import Context
from glance.errors import Forbidden
from glance.image import Image
from glance.policy.protections import Operation
from glance.recent import Recent


def reads(context: Context, name: str) -> bool:
    """
    Tell whether a caller may know a property.
    """
    protections = context.protections
    return protections is None or protections.permit("read", name, context.facts)


def readable(context: Context, image: Image) -> Image:
    """
    Get an image with the properties that a caller may know.
    """
    if context.protections is None or all(reads(context, n) for n in image.properties):
        return image
    kept = {n: value for n, value in image.properties.items() if reads(context, n)}
    return evolve(image, properties=kept)


Known = Recent[tuple[Any, ...], Image]
"""
Images without some of their properties, by what they are and which those are.
"""

WEIGHT = 1500
"""How many bytes such an image takes, more or less."""


def all_readable(
    context: Context, images: Sequence[Image], known: Known
) -> Sequence[Image]:
    """
    Get images, each as L{readable} has it.

    @param known: what was made before.  Lists do it a thousand times, and mostly with
        the same images.
    """
    if context.protections is None:
        return images
    open_ = _Reads(context)
    hidden = [[name for name in im.properties if not open_[name]] for im in images]
    keys = [
        (*image.version, *names) if names else None
        for image, names in zip(images, hidden, strict=True)
    ]
    made = known.get(key for key in keys if key is not None)
    found = []
    for key, image in zip(keys, images, strict=True):
        if key is None:
            found.append(image)
            continue
        if key not in made:
            made[key] = readable(context, image)
            known.put(key, made[key], WEIGHT)
        found.append(made[key])
    return found


class _Reads(dict[str, bool]):
    """
    Which properties a caller may know, as far as it was asked.
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    def __missing__(self, name: str) -> bool:
        self[name] = found = reads(self._context, name)
        return found


def applied(context: Context, image: Image, f: Callable[[Image], Image]) -> Image:
    """
    Get an image as it is once a caller has changed it, who knows nothing of some of
    its properties: they stay.

    @raise Forbidden: the caller may not do that with a property.
    """
    seen = readable(context, image)
    new = f(seen)
    if context.protections is None:
        return new
    demand_properties(context, image, new, seen)
    unseen = image.properties.keys() - seen.properties.keys()
    kept = {name: image.properties[name] for name in unseen}
    return evolve(new, properties={**new.properties, **kept}) if kept else new


def demand_properties(
    context: Context, old: Image | None, new: Image, seen: Image | None = None
) -> None:
    """
    Refuse what a caller may not do with properties.

    @param old: the image as it was; L{None} for a new one.
    @param seen: that image as the caller knows it; L{None} for the same.

    @raise Forbidden: one isn't for the caller.
    """
    if context.protections is None:
        return
    was = {} if old is None else old.properties
    known = was if seen is None else seen.properties
    for name, value in new.properties.items():
        if name not in was:
            _demand(context, "create", name)
        elif name not in known or was[name] != value:
            _demand(context, "update", name)
            _demand(context, "read", name)
    for name in known:
        if name not in new.properties:
            _demand(context, "delete", name)


def _demand(context: Context, operation: Operation, name: str) -> None:
    assert context.protections is not None
    if not context.protections.permit(operation, name, context.facts):
        raise Forbidden(f"Property '{name}' is protected: your role does not let you.")
