"""Runs a command on its own pseudo-terminal.

Standard input is what is typed, standard output what the terminal shows; the end of standard input closes the terminal.
The exit status is the command's. SIZE, COLUMNSxROWS in the environment, is the terminal's; typing U+001D and another one
followed by a newline changes it.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios



def resize(descriptor, size):
    columns, rows = map(int, size.split("x"))
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


child, terminal = pty.fork()
if child == 0:
    resize(0, os.environ.get("SIZE", "120x40"))
    os.execvp(sys.argv[1], sys.argv[1:])

while True:
    readable, _, _ = select.select([terminal, 0], [], [])
    if terminal in readable:
        try:
            shown = os.read(terminal, 1 << 16)
        except OSError:
            break  # The last process on it has ended.
        os.write(1, shown)
    if 0 in readable:
        typed = os.read(0, 1 << 16)
        if not typed:
            os.close(terminal)
            break
        if typed[0] == 0x1D:
            resize(terminal, typed[1:].decode())
        else:
            os.write(terminal, typed)

_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
