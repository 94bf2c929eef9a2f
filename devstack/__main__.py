"""python -m devstack run: all of Gazette on this machine. python -m devstack up: its stores alone."""

import argparse
import os
import sys
from pathlib import Path

from devstack.errors import DevstackError
from devstack.run import Stopped, run, stop_on_signals, up

HOME = Path(__file__).resolve().parent.parent / ".gazette"


def main() -> int:
    parser = argparse.ArgumentParser(prog="devstack", description="Gazette's embedded stack")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="everything: stores, migrations, demo, server, Envoy").set_defaults(start=run)
    commands.add_parser("up", help="PostgreSQL and Redis alone; prints their addresses").set_defaults(start=up)
    stop_on_signals()
    try:
        parser.parse_args().start(Path(os.environ.get("GAZETTE_HOME") or HOME))
    except DevstackError as error:
        print(f"devstack: {error}", file=sys.stderr)
        return 1
    except Stopped:
        print("Gazette has stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
