"""Types lines at CP/M 2.2, its own BDOS and CCP on a Z80 that others wrote, with the files of a folder on drive A. Prints what the console
shows.

python cpm.py FOLDER LINE...
"""

import sys
from pathlib import Path

import cpm80

display = cpm80.StringDisplay()
machine = cpm80.Z80CPMMachine(
    drives=[cpm80.HostDrive(Path(sys.argv[1]))],
    console_reader=cpm80.StringKeyboard(*sys.argv[2:]),
    console_writer=display,
)
machine.run()
sys.stdout.buffer.write(display.string.encode("latin-1"))
