"""A TCP relay on a port of its own: an outage is closing it, recovery opening it again."""

import selectors
import socket
import threading

from .ports import free_port


class Relay:
    def __init__(self, target_port):
        self.target = ("127.0.0.1", target_port)
        self.port = free_port()
        self._listener = None
        self._stop = None
        self._thread = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}"

    def open(self):
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self._stop, theirs = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, args=(self._listener, theirs), daemon=True)
        self._thread.start()
        return self

    def close(self):
        """Refuses new connections and drops those that stand."""
        if self._thread is None:
            return
        self._stop.close()
        self._thread.join()
        self._thread = None

    def _serve(self, listener, stop):
        with selectors.DefaultSelector() as ready:
            ready.register(listener, selectors.EVENT_READ)
            ready.register(stop, selectors.EVENT_READ)
            try:
                while self._turn(ready, listener, stop):
                    pass
            finally:
                for key in list(ready.get_map().values()):
                    key.fileobj.close()

    def _turn(self, ready, listener, stop):
        for key, _ in ready.select():
            if key.fileobj is stop:
                return False
            if key.fileobj is listener:
                self._accept(ready, listener)
            elif key.fileobj.fileno() >= 0:
                self._pass_on(ready, key.fileobj, key.data)
        return True

    def _accept(self, ready, listener):
        near, _ = listener.accept()
        try:
            far = socket.create_connection(self.target)
        except OSError:
            near.close()
            return
        ready.register(near, selectors.EVENT_READ, far)
        ready.register(far, selectors.EVENT_READ, near)

    def _pass_on(self, ready, source, sink):
        try:
            data = source.recv(65536)
            if data:
                sink.sendall(data)
                return
        except OSError:
            pass
        for end in (source, sink):
            ready.unregister(end)
            end.close()
