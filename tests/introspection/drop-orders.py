# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drops everything that a program holds, in the order of the argument, from the collector's thread.

Each object is part of a cycle, so that only the garbage collector can drop it. A small letter lets
it run on the main thread, a capital on a thread of its own.
"""

import gc
import sys
import threading

import scenario
from scenario import Dpdk

CONTENT = b'a packet'


class Holder:
    """A cycle of its own."""

    def __init__(self, held):
        self.held = held
        self.cycle = self


class RegisteredThread:
    """Holds a handle of its own, which it releases when it is told to end."""

    def __init__(self, eal):
        self.is_ready = threading.Event()
        self.must_end = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(eal,), daemon=True)
        self.thread.start()
        assert self.is_ready.wait(scenario.DEADLINE_S)

    def run(self, eal):
        lcore = Dpdk.Lcore.register(eal)
        del eal
        assert Dpdk.Lcore.get_role() == Dpdk.LcoreRole.REGISTERED
        self.is_ready.set()
        self.must_end.wait()
        del lcore

    def end(self):
        self.must_end.set()
        self.thread.join()


def make_world():
    eal = Dpdk.Eal.new(scenario.EAL_ARGS)
    runtime = scenario.start_ring()
    port = runtime.dup_port(0)
    pool = port.get_mempool()
    packet = pool.acquire()
    packet.append(CONTENT)
    return {'e': Holder(eal), 'r': Holder(runtime), 'p': Holder(port), 'm': Holder(pool),
            'k': Holder(packet), 'b': Holder(packet.to_bytes()),
            'w': Holder(runtime.dup_worker(0)), 't': Holder(RegisteredThread(eal))}


def main(order):
    gc.disable()
    holders = make_world()
    for letter in order:
        if letter.lower() == 'b':
            assert holders['b'].held.get_data() == CONTENT
        if letter.lower() == 'k':
            assert bytes(holders['k'].held) == CONTENT
        assert Dpdk.Eal.get_process_state() == Dpdk.EalState.UP
        if letter.lower() == 't':
            holders['t'].held.end()
        del holders[letter.lower()]
        if letter.isupper():
            thread = threading.Thread(target=gc.collect)
            thread.start()
            thread.join()
        else:
            gc.collect()
    assert not holders
    scenario.iterate_until(lambda: Dpdk.Eal.get_process_state() == Dpdk.EalState.DEAD)


scenario.enter_namespace()
main(sys.argv[1])
