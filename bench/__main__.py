"""`python -m bench [NAME …]`."""

from __future__ import annotations

import sys

from bench import access, import_speed, pages, sign_in

BENCHMARKS = {"pages": pages.main, "import": import_speed.main, "access": access.main, "sign-in": sign_in.main}

for name in sys.argv[1:] or BENCHMARKS:
    BENCHMARKS[name]()
