"""The app's two icons, drawn: two arrows that turn about one another, as in our logo.

A point is inked by its distance to the nearest stroke, which gives soft edges at any size.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass

Colour = tuple[int, int, int, int]

BOX = 32.0  # the square the strokes are drawn in
CENTRE, RADIUS = 16.0, 10.0
WHITE: Colour = (255, 255, 255, 255)
CLEAR: Colour = (255, 255, 255, 0)
GROUND: Colour = (0x5B, 0x50, 0xC8, 255)
ACCENT = "#5B50C8"
# Where the one arrow's arc begins, in degrees, how far it goes, and the corners of its head.
BEGINS, GOES = 171.0, 144.0
HEAD = ((24.4, 3.8), (24.4, 10.2), (18.0, 10.2))


@dataclass(frozen=True, slots=True)
class Icon:
    """How an icon looks: its size in pixels, its colours, and how much of it the drawing fills."""

    size: int
    ink: Colour
    ground: Colour
    fills: float
    stroke: float

    def png(self) -> bytes:
        """Return it as a PNG file, the same bytes every time."""
        half = [[self._pixel(x, y) for x in range(self.size)] for y in range(self.size // 2)]
        turned = [row[::-1] for row in reversed(half)]  # one half is the other, turned
        rows = b"".join(b"\0" + b"".join(map(bytes, row)) for row in half + turned)
        head = struct.pack(">IIBBBBB", self.size, self.size, 8, 6, 0, 0, 0)
        parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)

    def _pixel(self, x: int, y: int) -> Colour:
        unit = BOX / self.size / self.fills  # of the drawing, in a pixel
        here = ((n + 0.5 - self.size / 2) * unit + CENTRE for n in (x, y))
        far = _distance(*here) - self.stroke / 2
        return _mixed(self.ground, self.ink, min(max(0.5 - far / unit, 0.0), 1.0))


COLOUR = Icon(192, WHITE, GROUND, fills=0.66, stroke=3.0)
OUTLINE = Icon(32, WHITE, CLEAR, fills=0.96, stroke=2.6)


def _distance(x: float, y: float) -> float:
    """Return how far a point is from the nearest stroke: the other arrow is this one turned."""
    turned = (2 * CENTRE - x, 2 * CENTRE - y)
    return min(_to_arrow(x, y), _to_arrow(*turned))


def _to_arrow(x: float, y: float) -> float:
    tip, corner, wing = HEAD
    return min(_to_arc(x, y), _to_line(x, y, tip, corner), _to_line(x, y, corner, wing))


def _to_arc(x: float, y: float) -> float:
    dx, dy = x - CENTRE, y - CENTRE
    if (math.degrees(math.atan2(dy, dx)) - BEGINS) % 360 <= GOES:
        return abs(math.hypot(dx, dy) - RADIUS)
    ends = (math.radians(BEGINS), math.radians(BEGINS + GOES))
    return min(math.hypot(dx - RADIUS * math.cos(a), dy - RADIUS * math.sin(a)) for a in ends)


def _to_line(x: float, y: float, one: tuple[float, float], other: tuple[float, float]) -> float:
    (ax, ay), (bx, by) = one, other
    along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
    part = min(max(along, 0.0), 1.0)
    return math.hypot(x - ax - part * (bx - ax), y - ay - part * (by - ay))


def _mixed(ground: Colour, ink: Colour, share: float) -> Colour:
    red, green, blue, alpha = (round(g + (i - g) * share) for g, i in zip(ground, ink, strict=True))
    return red, green, blue, alpha


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
