"""What is a program, or starts one, by its name and its first bytes: a file that holds others holds none of these."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from server.formats.malformed import Malformed

BEGINNING = 64
STARTS = re.compile(
    rb"MZ.{0,60}?\x00|\x7fELF|#!|\xca\xfe\xba\xbe|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\x00asm|dex\n|\x4c\x00\x00\x00\x01\x14\x02\x00"
    rb"|[FCZ]WS[\x01-\x3f]",
    re.DOTALL,
)
"""Of Windows, Unix, macOS, Java, Android and the web, of scripts, shortcuts and Flash."""
NAMES = frozenset({
    ".apk", ".app", ".bat", ".chm", ".cmd", ".com", ".cpl", ".dex", ".dll", ".dmg", ".docm", ".dotm", ".exe",
    ".gadget", ".hta", ".inf", ".jar", ".js", ".jse", ".lnk", ".msc", ".msi", ".msp", ".pif", ".potm", ".ppam",
    ".ppsm", ".pptm", ".ps1", ".ps2", ".psm1", ".reg", ".scr", ".sct", ".sh", ".swf", ".sys", ".vb", ".vbe",
    ".vbs", ".wsc", ".wsf", ".wsh", ".xlam", ".xlsm", ".xltm",
})  # fmt: skip
"""How programs are called that somebody's computer starts at a click, and documents with macros."""
MAX_SHOWN = 100


def check_name(name: str, said: str) -> None:
    """Raises Malformed, which begins with `said`."""
    if PurePosixPath(name.replace("\\", "/").rstrip(". ")).suffix.lower() in NAMES:
        raise Malformed(f"{said}: {name[:MAX_SHOWN]!r}")


def check_content(beginning: bytes, name: str, said: str) -> None:
    """The same, by the first bytes."""
    if STARTS.match(beginning):
        raise Malformed(f"{said}: {name[:MAX_SHOWN]!r}")
