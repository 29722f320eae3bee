"""Runs a command at a terminal of its own and answers its questions.

Arguments: the answers as a JSON list of [what is shown, what is typed], then the command. What was shown goes to
standard output, and the exit code is the command's. Instead of what is typed, {"consent": ACCOUNT} opens the last
address that was shown in a browser in which somebody is signed in to that account.
"""

import fcntl, json, os, pty, re, struct, sys, termios, threading, urllib.parse, urllib.request

answers = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 250, 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])


def consent(account):
    url = urllib.parse.urlsplit(re.findall(rb"http://[^\s\x1b]+", shown)[-1].decode())
    query = [one for one in urllib.parse.parse_qsl(url.query) if one[0] != "login_hint"] + [("login_hint", account)]
    url = url._replace(query=urllib.parse.urlencode(query)).geturl()
    threading.Thread(target=lambda: urllib.request.urlopen(url).read()).start()


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
        answer = answers.pop(0)[1]
        if isinstance(answer, dict):
            consent(answer["consent"])
        else:
            os.write(terminal, answer.encode() + b"\r")
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status) if not answers else 99)
