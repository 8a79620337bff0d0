"""Run the suite: `python -m tests`, as `make test` does, two tests at a time.

What follows on the command line goes to pytest; EXAMPLES=1000 tries more lives.
"""

from __future__ import annotations

import sys

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main(["-n", "2", "--dist", "worksteal", *sys.argv[1:]]))
