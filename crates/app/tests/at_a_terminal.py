"""Runs a command at a terminal of its own and answers its questions.

Arguments: the answers as a JSON list of [what is shown, what is typed], then the command. What was shown goes to
standard output, and the exit code is the command's.
"""

import fcntl, json, os, pty, struct, sys, termios

answers = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 250, 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])

shown, seen = b"", 0
while True:
    try:
        some = os.read(terminal, 4096)
    except OSError:
        break
    if not some:
        break
    shown += some
    # A program that asks a terminal where its cursor is waits for the answer.
    for _ in range(some.count(b"\x1b[6n")):
        os.write(terminal, b"\x1b[1;1R")
    while answers and answers[0][0].encode() in shown[seen:]:
        seen = len(shown)
        os.write(terminal, answers.pop(0)[1].encode() + b"\r")
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status) if not answers else 99)
