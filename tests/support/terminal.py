# SPDX-License-Identifier: MIT
"""Runs a program on a pseudo-terminal of 40 columns: what comes on standard input is typed, what it
shows goes to standard output. Ends with its exit code. usage: terminal.py PROGRAM [ARG ...]"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios

child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    os.execv(sys.argv[1], sys.argv[1:])

watched = [0, terminal]
while True:
    ready, _, _ = select.select(watched, [], [])
    if 0 in ready:
        typed = os.read(0, 65536)
        if typed:
            os.write(terminal, typed)
        else:
            watched.remove(0)
    if terminal in ready:
        try:
            shown = os.read(terminal, 65536)
        except OSError:  # how Linux tells that the other side has closed
            break
        if not shown:
            break
        os.write(1, shown)

_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
