"""Becomes another program that cannot outlive the process that asked for it.

Run as a script, never imported: `python -I -S leash.py PARENT_PID SIGNAL USER COMMAND…`. It drops from root
to USER (`-`: stays who it is), asks the kernel to send SIGNAL when the parent dies, and replaces itself with
COMMAND, so the process id the parent holds is the server's own. Standard library
only: it starts in milliseconds.

The order matters: a change of user clears the parent-death signal. On systems without that signal
(macOS) the program runs unleashed; the next start ends what was left over.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def _drop_to(user: str) -> None:
    import pwd

    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = entry.pw_dir
    os.environ["USER"] = os.environ["LOGNAME"] = user


def main(arguments: list[str]) -> None:
    """Does not return; raises OSError when COMMAND cannot be run."""
    parent, signal_number, user, *command = arguments
    if user != "-":
        _drop_to(user)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("the process that asked for this one has ended")
    os.execv(command[0], command)  # noqa: S606 - becoming another program is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
