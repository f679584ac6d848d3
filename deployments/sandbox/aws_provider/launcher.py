"""The program that terraform starts. It passes its environment to the warm server and waits until its child ends.

This file is not imported: `install.py` copies it into the mirror and fills in the constants. It runs with -I -S and
imports built-in modules only, because terraform starts it two to four times per command.
"""

import _signal  # type: ignore[import-not-found]
import _socket
import posix
import sys

PYTHON = "@PYTHON@"
PROJECT = "@PROJECT@"
SOCKET_LINK = "@SOCKET_LINK@"


def _quoted(text: bytes) -> str:
    # Write JSON by hand, because importing json takes longer than everything else here.
    escaped = "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\u{ord(c):04x}" for c in _utf16(text))
    return f'"{escaped}"'


def _utf16(text: bytes) -> str:
    # surrogateescape preserves bytes that are not UTF-8. JSON needs two surrogates for characters beyond the BMP.
    decoded = text.decode("utf-8", "surrogateescape")
    pairs = (
        c if ord(c) < 0x10000 else chr(0xD7C0 + (ord(c) >> 10)) + chr(0xDC00 + (ord(c) & 0x3FF)) for c in decoded
    )
    return "".join(pairs)


def _message() -> bytes:
    pairs = ",".join(f"{_quoted(name)}:{_quoted(value)}" for name, value in posix.environ.items())
    text = f'{{"folder":{_quoted(posix.getcwdb())},"environment":{{{pairs}}}}}'
    return text.encode()


def _fds(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, sys.byteorder) for number in numbers)


def main() -> None:
    """Act as the provider: through the server, or in this process if no server responds."""
    # Ctrl-C reaches the whole process group, but terraform ends its plugins itself, as with HashiCorp's go-plugin.
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect(posix.readlink(SOCKET_LINK))
    except OSError:
        environment = {**posix.environ, b"PYTHONPATH": PROJECT.encode()}
        module = "deployments.sandbox.aws_provider.plugin"
        posix.execve(PYTHON, [PYTHON, "-P", "-m", module], environment)
    message = _message()
    size = len(message).to_bytes(8, "big")
    connection.sendmsg([size], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, _fds(1, 2))])
    while message:
        message = message[connection.send(message) :]
    connection.recv(1)


main()
