"""Where the command begins: with what a signal does, before the seconds that its imports take."""

from __future__ import annotations

import signal

__all__ = ["main"]


def main() -> None:
    """Run the command ``dataloader-conformance``.

    Ctrl-C while modules are imported ends it at once, as the operating system does it: a ``KeyboardInterrupt`` would
    come out of some import, with a traceback through all of them.
    """
    mine = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if mine:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from conformance import cli

    if mine:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    cli.main()


if __name__ == "__main__":
    main()
