#!/usr/bin/env python3
"""
Draws what a command shows on a terminal, as an SVG: make picture.

    tools/picture.py OUT.svg SHOWN-AS COMMAND [ARG...]

It runs the command on a pseudo-terminal, answers its question with y, follows colours and cursor as a terminal would, and
draws the screen as it stands at the end below a prompt with SHOWN-AS.
"""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from html import escape

WIDTH, HEIGHT = 100, 60     # cells of the terminal
CELL, LINE, EDGE = 8.4, 20, 18
COLOURS = {"31": "#f7768e", "32": "#9ece6a", "33": "#e0af68", "34": "#7aa2f7", "35": "#bb9af7", "36": "#7dcfff",
           "91": "#f7768e", "92": "#9ece6a", "93": "#e0af68", "94": "#7aa2f7", "95": "#bb9af7", "96": "#7dcfff"}
TOKEN = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|.", re.S)


def run(command):
    """Returns what the command writes to its terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="")
        for name in ("CI", "NO_COLOR", "GITHUB_ACTIONS"):
            os.environ.pop(name, None)
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    out, answered = b"", False
    while True:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:             # Linux's way to say that the other side is closed
            chunk = b""
        if not chunk:
            break
        out += chunk
        if not answered and re.search(rb"\? .*\[y/N\]|\(y/N\)|y/n", out, re.I):
            answered = True
            os.write(terminal, b"y\n")
    if status := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        sys.exit(f"{command[0]} failed with {status}:\n" + out.decode())
    return out.decode()


def screen(text):
    """Returns the terminal's lines, each a list of (character, style)."""
    lines, row, column, style = [[]], 0, 0, ""
    for token in TOKEN.finditer(text):
        arguments, verb, c = token.group(1), token.group(2), token.group(0)
        n = int(arguments) if arguments and arguments.isdigit() else 1
        if verb == "m":
            style = restyled(style, arguments)
        elif verb == "A":
            row = max(0, row - n)
        elif verb == "B":
            row += n
        elif verb == "G":
            column = n - 1
        elif verb == "K":
            lines[row][column:] = []
        elif verb == "J":
            lines[row][column:] = []
            del lines[row + 1:]
        elif c == "\r":
            column = 0
        elif c == "\n":
            row += 1
        elif c >= " " and verb is None and not c.startswith("\x1b"):
            if column == WIDTH:     # as every terminal, it goes on in the next line
                row, column = row + 1, 0
                lines.extend([] for _ in range(row + 1 - len(lines)))
            line = lines[row]
            line.extend([(" ", "")] * (column + 1 - len(line)))
            line[column] = (c, style)
            column += 1
        while row >= len(lines):
            lines.append([])
    return lines


def restyled(style, arguments):
    for code in (arguments or "0").split(";"):
        if code == "0":
            style = ""
        elif code == "1":
            style += ' font-weight="bold"'
        elif code == "2":
            style += ' opacity="0.6"'
        elif code in COLOURS:
            style += f' fill="{COLOURS[code]}"'
        elif code in ("22", "39"):
            style = re.sub(r' (font-weight|opacity)="[^"]*"' if code == "22" else r' fill="[^"]*"', "", style)
    return style


def runs(line):
    """Yields (column, text, style) for each stretch of one style without a gap: so columns stand where they are, in any font."""
    start = 0
    for i in range(1, len(line) + 1):
        if i == len(line) or line[i][1] != line[start][1]:
            for words in re.finditer(r"\S+(?: \S+)*", "".join(c for c, _ in line[start:i])):
                yield start + words.start(), words.group(), line[start][1]
            start = i


def draw(lines):
    while lines and not lines[-1]:
        lines.pop()
    width, height = WIDTH * CELL + 2 * EDGE, len(lines) * LINE + 2 * EDGE
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" width="{width:g}" height="{height}" '
           f'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14" fill="#c0caf5">')
    yield f'<rect width="{width:g}" height="{height}" rx="8" fill="#1a1b26"/>'
    for i, line in enumerate(lines):
        for column, text, style in runs(line):
            yield (f'<text x="{EDGE + column * CELL:g}" y="{EDGE + i * LINE + 14}" textLength="{len(text) * CELL:g}" '
                   f'xml:space="preserve"{style}>{escape(text)}</text>')
    yield "</svg>"


def main():
    out, shown, command = sys.argv[1], sys.argv[2], sys.argv[3:]
    lines = screen("\x1b[2m$\x1b[0m \x1b[1m" + shown + "\x1b[0m\r\n" + run(command))
    with open(out, "w", encoding="utf-8") as f:
        f.write("\n".join(draw(lines)) + "\n")


if __name__ == "__main__":
    main()
