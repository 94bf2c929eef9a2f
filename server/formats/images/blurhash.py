"""BlurHash (https://github.com/woltapp/blurhash/blob/master/Algorithm.md): a sketch of an image in some 30 characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
Colour = tuple[float, float, float]


def linear(value: int) -> float:
    part = value / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


LINEAR = tuple(map(linear, range(256)))


def encoded(pixels: Sequence[tuple[int, ...]], width: int, height: int, columns: int, rows: int) -> str:
    """The sketch of an image, given row by row (sRGB, of which three numbers count), with so many waves across and down: 1 to 9
    of each."""
    light = [(LINEAR[pixel[0]], LINEAR[pixel[1]], LINEAR[pixel[2]]) for pixel in pixels]
    across = [[math.cos(math.pi * wave * x / width) for x in range(width)] for wave in range(columns)]
    down = [[math.cos(math.pi * wave * y / height) for y in range(height)] for wave in range(rows)]
    lines = [light[y * width : (y + 1) * width] for y in range(height)]
    by_line = [[weighted(line, wave) for line in lines] for wave in across]
    waves = [weighted(by_line[column], down[row]) for row in range(rows) for column in range(columns)]
    area = width * height
    flat, *others = [
        scaled(wave, (1 if number == 0 else 2) / area) for number, wave in enumerate(waves)
    ]  # the first is the mean
    most = max((abs(part) for wave in others for part in wave), default=0.0)
    quantised = max(0, min(82, int(most * 166 - 0.5))) if others else 0
    scale = (quantised + 1) / 166
    told = digits((columns - 1) + (rows - 1) * 9, 1) + digits(quantised, 1) + digits(plain(flat), 4)
    return told + "".join(digits(difference(wave, scale), 2) for wave in others)


def weighted(colours: Sequence[Colour], weights: Sequence[float]) -> Colour:
    red = green = blue = 0.0
    for (r, g, b), weight in zip(colours, weights, strict=True):
        red += r * weight
        green += g * weight
        blue += b * weight
    return red, green, blue


def scaled(colour: Colour, factor: float) -> Colour:
    red, green, blue = colour
    return red * factor, green * factor, blue * factor


def plain(colour: Colour) -> int:
    """A colour as 24 bits of sRGB."""
    red, green, blue = (gamma(part) for part in colour)
    return (red << 16) + (green << 8) + blue


def gamma(light: float) -> int:
    part = max(0.0, min(1.0, light))
    return int((part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055) * 255 + 0.5)


def difference(colour: Colour, scale: float) -> int:
    red, green, blue = (
        max(0, min(18, math.floor(math.copysign(math.sqrt(abs(part / scale)), part) * 9 + 9.5))) for part in colour
    )
    return red * 19 * 19 + green * 19 + blue


def digits(value: int, length: int) -> str:
    return "".join(DIGITS[value // 83**place % 83] for place in reversed(range(length)))
