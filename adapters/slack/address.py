"""What a button carries: the pair, the item it stood for, the action. An address, no permission."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Where a press leads. `pair` is empty where only one can be meant."""

    pair: str
    item: str
    action: str

    def written(self) -> str:
        """Return it as the value of a button."""
        return json.dumps(astuple(self), ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def read(value: object) -> Address | None:
        """Return the address a value holds, or None for one that is not ours."""
        try:
            found = json.loads(value) if isinstance(value, str) else None
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, list) or len(found) != 3:  # noqa: PLR2004  # it has three parts
            return None
        if not all(isinstance(part, str) for part in found) or not all(found[1:]):
            return None
        return Address(*found)
