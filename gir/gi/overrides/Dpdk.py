# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Python needs on top of the introspection data of Dpdk-1.0.

The interpreter ends before the exit hooks of C run, and a thread of the library that calls into it
after that crashes. So the workers are stopped by an exit hook of Python, which runs before anything
is torn down, whatever the program still references.
"""

import atexit
import signal
import threading

from ..module import get_introspection_module
from ..overrides import override

Dpdk = get_introspection_module('Dpdk')

__all__ = []

# how long the end of a "with" statement waits
_SHUTDOWN_TIMEOUT_MS = 10000

# registered before any hook of the program, so it runs after them
atexit.register(Dpdk.Eal.prepare_exit)


def _let_worker_exit():
    """Lets sys.exit() in a callback on a worker end the process.

    Python otherwise waits for the main thread to end first, which it may never do.
    """
    if Dpdk.Worker.dup_current() is None:
        return
    locks = getattr(threading, '_shutdown_locks', None)
    lock = getattr(threading.main_thread(), '_tstate_lock', None)
    if locks is not None and lock is not None:
        locks.discard(lock)


# Python has no public hook before that wait
if hasattr(threading, '_register_atexit'):
    threading._register_atexit(_let_worker_exit)


class Runtime(Dpdk.Runtime):
    """A runtime that "with" shuts down."""

    def __enter__(self):
        return self

    def __exit__(self, exception_type, exception, traceback):
        self.shutdown(_SHUTDOWN_TIMEOUT_MS)

    def run(self):
        """Runs until SIGINT, SIGTERM or quit(); Python's own handlers are back afterwards."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        is_main = threading.current_thread() is threading.main_thread()
        handlers = [signal.getsignal(number) for number in numbers] if is_main else []
        try:
            return super().run()
        finally:
            for number, handler in zip(numbers, handlers):
                if handler is not None:
                    signal.signal(number, handler)


Runtime = override(Runtime)
__all__.append('Runtime')


class Packet(Dpdk.Packet):
    """A packet that has a length, bytes() of which is a copy, and whose segments can be listed."""

    def __len__(self):
        return self.get_length()

    def __bool__(self):
        return True

    def __bytes__(self):
        return self.to_bytes().get_data() or b''

    def __iter__(self):
        """The data of each segment, as GLib.Bytes that hold the packet."""
        return (self.get_segment_bytes(index) for index in range(self.get_n_segments()))


Packet = override(Packet)
__all__.append('Packet')


class InterfaceAddress(Dpdk.InterfaceAddress):
    """An address that can be printed, and compared; "in" is for addresses of its subnet."""

    def __str__(self):
        return self.to_string()

    def __repr__(self):
        return f'<Dpdk.InterfaceAddress {self.to_string()}>'

    def __eq__(self, other):
        if not isinstance(other, Dpdk.InterfaceAddress):
            return NotImplemented
        return self.to_string() == other.to_string()

    def __hash__(self):
        return hash(self.to_string())

    def __contains__(self, address):
        return self.contains(address)


InterfaceAddress = override(InterfaceAddress)
__all__.append('InterfaceAddress')
