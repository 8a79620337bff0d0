"""Who may see what: every field of every event carries its class, and nothing crosses below it.

P0 is private to its author. P1 is shared in the pair. P2 is status (dates, counts, yes or no;
never content), which a coordinator may see by pair. P3 is an aggregate: computed, never a field.
PX is a disclosure its author writes, previews and sends on purpose (domain.md 0).
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")


class Privacy(Enum):
    """The class of a field. Only P2 is kept in clear."""

    P0 = "private to its author"
    P1 = "shared in the pair"
    P2 = "status, never content"
    PX = "sent on purpose to a named contact"


P0, P1, P2, PX = Privacy

_SHARED = frozenset({P1, P2})


def per_class(look_up: Callable[[type], T]) -> Callable[[type], T]:
    """Look something up about an event class once, and remember it."""
    return cache(look_up)


@per_class
def marks(kind: type) -> Mapping[str, tuple[object, ...]]:
    """Return what each field of an event class is annotated with. Looked up once per class."""
    hints = get_type_hints(kind, include_extras=True)
    return MappingProxyType(
        {
            name: tuple(getattr(hint, "__metadata__", ()))
            for name, hint in hints.items()
            if name in getattr(kind, "__dataclass_fields__", {})
        }
    )


@per_class
def classes(kind: type) -> Mapping[str, Privacy]:
    """Return the class of every field.

    Raises TypeError for a field that has none: what nobody classified, nobody may store.
    """
    found: dict[str, Privacy] = {}
    for name, notes in marks(kind).items():
        mine = [a for a in notes if isinstance(a, Privacy)]
        if len(mine) != 1:
            raise TypeError(f"{kind.__name__}.{name} needs exactly one class of privacy")
        found[name] = mine[0]
    return MappingProxyType(found)


def visible(kind: type, *, mine: bool) -> frozenset[str]:
    """Return the fields of an event class that I may see: all of mine, else P1 and P2 (law 5)."""
    return _visible(kind)[mine]


@per_class
def _visible(kind: type) -> tuple[frozenset[str], frozenset[str]]:
    known = classes(kind)
    return frozenset(name for name in known if known[name] in _SHARED), frozenset(known)
