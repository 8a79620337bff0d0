"""How the bench prints a figure, and the messenger that sends nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.cards import Card
    from bot.people import Account


def told(
    name: str, value: float, goal: float | None, *, least: bool = False, unit: str = "x"
) -> None:
    """Print one figure."""
    if goal is None:
        print(f"{name:<70} {value:8.2f}{unit:<1} {'':>10} info", flush=True)
        return
    holds = "holds" if (value >= goal if least else value <= goal) else "short"
    sign = ">=" if least else "<="
    print(f"{name:<70} {value:8.2f}{unit:<1} {sign} {goal:5.2f}{unit:<1}  {holds}", flush=True)


@dataclass
class Silent:
    """A messenger that sends nothing, so that what is measured is ours."""

    sent: int = 0

    async def post(self, account: Account, card: Card, key: str, retire: str) -> str:
        self.sent += 1
        return str(self.sent)

    async def update(self, account: Account, ref: str, card: Card, key: str) -> str:
        self.sent += 1
        return ref

    async def retire(self, account: Account, ref: str) -> None:
        self.sent += 1

    async def find(self, account: Account, key: str) -> str:
        return ""
