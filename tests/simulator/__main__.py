"""Live worlds until one fails or so many turns were taken: `python -m tests.simulator 40000`.

A second number is the first seed. It prints the figures and, of the world that failed, why.
"""

from __future__ import annotations

import sys

from tests.simulator import campaign
from tests.simulator.shrink import command


def main() -> int:
    turns, *first = (int(number) for number in sys.argv[1:])
    tally = campaign.until(turns, *(first or [0]))
    print(tally)
    for outcome in tally.failed:
        print(f"  {outcome.violation}\n  again: {command(outcome.plan)}")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
