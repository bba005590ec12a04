"""A process that dies at a chosen call of the file system: the source of it, for programs that tests write and run."""

from __future__ import annotations

DYING = """
def die_at(deadly):
    calls = 0

    def deadly_after(name):
        real = getattr(os, name)

        def call(*given, **named):
            nonlocal calls
            calls += 1
            if calls == deadly:
                if name == "write":
                    real(given[0], bytes(given[1])[: len(given[1]) // 2])
                os._exit(9)
            return real(*given, **named)

        setattr(os, name, call)

    for name in ("mkdir", "open", "write", "fsync", "close", "link", "unlink", "replace", "rename"):
        deadly_after(name)
"""
