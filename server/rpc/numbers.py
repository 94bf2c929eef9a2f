"""Numbers of JSON, of which a google.protobuf.Struct makes doubles: which of them come back as they were sent.

`deploy/envoy/json.lua` says the same of bodies that come over HTTP.
"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation

LARGEST_EXACT = 2**53
"""The whole numbers below this are doubles, each. Of those above only some are, and the others become their neighbours."""
UNCOUNTED = 2**64
"""From here on no program counts with integers of its own: who has such a number means a double, as in 6.02e23."""
INEXACT = "is a whole number beyond ±(2^53-1), which may have been another one; send it as a string"


def is_exact(number: float) -> bool:
    """Whether the finite double is what was meant: not a whole number that stands for several."""
    return not LARGEST_EXACT <= abs(number) < UNCOUNTED


def is_exact_text(text: str) -> bool:
    """Whether a double holds the number that is written so in JSON, to the last digit that is written."""
    try:
        value, written = float(text), Decimal(text)
    except (ValueError, InvalidOperation):  # an exponent of many digits
        return False
    if not written:
        return True
    if not value or not math.isfinite(value) or not is_exact(value):
        return False
    digits = "".join(map(str, written.as_tuple().digits)).rstrip("0")
    return f"{abs(value):.{len(digits) - 1}e}".partition("e")[0].replace(".", "") == digits
