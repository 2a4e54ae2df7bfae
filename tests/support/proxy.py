"""A TCP proxy in front of a database, that can fall silent: it takes what it is sent, acknowledges, and passes nothing on."""

from __future__ import annotations

import selectors
import socket
import threading


class Proxy:
    """`with Proxy("/tmp/…/.s.PGSQL.5432") as proxy:` listens on `proxy.port`."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._mute: set[socket.socket] = set()
        self._silent = self._closed = False

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *error) -> None:
        self._closed = True
        for one in [self._listener, *(end for pair in self._pairs for end in pair)]:
            one.close()

    def forget(self) -> None:
        """As a firewall that lost its state: what is connected now hears nothing any more; who comes anew does."""
        self._mute |= {end for pair in self._pairs for end in pair}

    def fall_silent(self) -> None:
        """For all, and for whoever comes."""
        self._silent = True

    def speak_again(self) -> None:
        self._silent = False

    def _run(self) -> None:
        with selectors.DefaultSelector() as chosen:
            chosen.register(self._listener, selectors.EVENT_READ)
            while not self._closed:
                for key, _ in chosen.select(0.05):
                    if key.fileobj is self._listener:
                        client, _ = self._listener.accept()
                        server = socket.socket(socket.AF_UNIX)
                        server.connect(self._target)
                        self._pairs.append((client, server))
                        chosen.register(client, selectors.EVENT_READ, server)
                        chosen.register(server, selectors.EVENT_READ, client)
                    else:
                        self._pass_on(chosen, key)

    def _pass_on(self, chosen: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        source, target = key.fileobj, key.data
        try:
            if sent := source.recv(65536):
                if not self._silent and source not in self._mute:
                    target.sendall(sent)
                return
        except OSError:
            pass
        chosen.unregister(source)
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
