"""
What a L{Query} means, said once more, as plainly as can be.
"""

from functools import cmp_to_key

from glance.image import GONE, Visibility
from glance.query import Operator

NUMBERS = ("size", "virtual_size", "min_disk", "min_ram")


def found(images, query):
    """
    Get those of C{images} that a query finds, in its order.
    """
    wanted = [image for image in images if matches(image, query)]
    wanted.sort(key=cmp_to_key(lambda a, b: compare(a, b, query)))
    if query.marker is not None:
        (marker,) = (image for image in images if image.id == query.marker)
        wanted = [image for image in wanted if compare(image, marker, query) > 0]
    return wanted if query.limit is None else wanted[: query.limit]


def matches(image, query):
    """
    Tell whether a query means this image, whatever the page.
    """
    return (
        within(image, query.scope)
        and query.deleted in (None, image.status in GONE)
        and query.hidden in (None, image.os_hidden)
        and all(holds(image, condition) for condition in query.conditions)
        and all(image.properties.get(name) == value for name, value in query.properties)
        and image.tags.issuperset(query.tags)
    )


def within(image, scope):
    """
    Tell whether an image is within a scope.
    """
    member = None if scope.member is None else image.member(scope.member)
    return (
        scope.everything
        or image.visibility in scope.visibilities
        or (scope.owner is not None and image.owner == scope.owner)
        or (
            member is not None
            and image.visibility is Visibility.SHARED
            and member.status in scope.consents
        )
    )


def plain(image, attribute, absent=True):
    """
    Get what an attribute is compared by.
    """
    value = getattr(image, attribute)
    value = getattr(value, "value", value)
    if value is None and absent:
        return 0 if attribute in NUMBERS else ""
    return value


def holds(image, condition):
    """
    Tell whether a condition holds for an image.
    """
    wanted, operator = condition.value, condition.operator
    exact = plain(image, condition.attribute, absent=False)
    if operator is Operator.IN:
        return exact in [getattr(value, "value", value) for value in wanted]
    wanted = getattr(wanted, "value", wanted)
    if operator is Operator.EQ:
        return exact == wanted
    if operator is Operator.NE:
        return exact != wanted
    value = plain(image, condition.attribute)
    return {
        Operator.LT: value < wanted,
        Operator.LE: value <= wanted,
        Operator.GT: value > wanted,
        Operator.GE: value >= wanted,
    }[operator]


def compare(a, b, query):
    """
    Tell by the sign of a number which of two images comes first.
    """
    keys = [(order.attribute, order.descending) for order in query.order]
    down = keys[0][1] if keys else True
    for tie in ("created_at", "id"):
        if all(attribute != tie for attribute, _ in keys):
            keys.append((tie, down))
    for attribute, descending in keys:
        one, other = plain(a, attribute), plain(b, attribute)
        if one != other:
            return (1 if one > other else -1) * (-1 if descending else 1)
    return 0
