# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ways out of a Python program. What it holds stays in "kept", until the interpreter drops it."""

import gc
import os
import signal
import sys
import threading
import time

import scenario
from scenario import Dpdk, Gio, GLib

TWO_WORKERS = '''{
  "dpdk_cores": [0, 1],
  "devices": [{"vdev": "net_ring0", "addresses": ["198.18.0.2/24"]},
              {"vdev": "net_ring1", "addresses": ["198.18.1.2/24"]}]
}'''

kept = []


def flood(worker, *_):
    """Keeps the worker calling into Python, from its own thread, until it ends."""
    try:
        worker.invoke(flood)
    except GLib.Error:
        pass


def start_flood(runtime):
    for index in range(runtime.get_n_workers()):
        runtime.dup_worker(index).invoke(flood)


def serve_and_shut_down():
    runtime = scenario.start_default()
    scenario.serve_one(runtime)
    runtime.shutdown(10000)
    assert not runtime.is_running()


def serve_and_fall_off():
    runtime = scenario.start_default()
    kept.extend((runtime, scenario.serve_one(runtime), runtime.dup_worker(0), runtime.dup_port(0),
                 runtime.dup_eal()))


def fall_off_with_pending_operations():
    runtime = scenario.start_default()
    listener = scenario.listen(runtime)
    client = scenario.start_client()
    connection = listener.accept(None)
    never = Gio.InetSocketAddress.new_from_string('198.18.0.77', 1)
    socket = Dpdk.TcpSocket.new(runtime, Gio.SocketFamily.IPV4)

    def on_done(source, result):
        kept.append((source, result))

    for _ in range(3):
        listener.accept_async(None, on_done)
    socket.connect_async(never, None, on_done)
    stream = connection.get_input_stream()
    stream.read_bytes(4096, None)
    stream.read_bytes_async(1, GLib.PRIORITY_DEFAULT, None, on_done)
    kept.extend((runtime, listener, connection, socket, stream, client, on_done))
    # the client ends because the connection does
    client.stdout.close()


def fall_off_with_pending_operations_on_a_worker():
    runtime = scenario.start_ring()
    done = threading.Event()
    results = []

    def on_accepted(listener, result):
        try:
            listener.accept_finish(result)
        except GLib.Error as error:
            results.append(error)

    def begin(worker, *_):
        listener = scenario.listen(runtime)
        listener.accept_async(None, on_accepted)
        kept.append(listener)
        done.set()

    runtime.dup_worker(0).invoke(begin)
    assert done.wait(scenario.DEADLINE_S)
    kept.extend((runtime, results))


def fall_off_while_called():
    runtime = scenario.start_ring()
    start_flood(runtime)
    kept.append(runtime)


def fall_off_while_two_workers_call():
    runtime = scenario.start_ring(TWO_WORKERS)
    start_flood(runtime)
    kept.append(runtime)


def fall_off_with_attributes():
    """A wrapper with attributes is told when C drops its last reference, on the thread of C."""
    runtime = scenario.start_ring()
    objects = [runtime, runtime.dup_eal(), runtime.dup_worker(0), runtime.dup_port(0),
               runtime.dup_port(0).get_mempool(), scenario.listen(runtime), runtime.get_config()]
    for thing in objects:
        thing.note = f'about {thing}'
    kept.extend(objects)


def fall_off_with_a_cycle():
    runtime = scenario.start_ring()
    listener = scenario.listen(runtime)
    runtime.listener = listener
    listener.runtime = runtime
    listener.connect('incoming', lambda *_: runtime)
    gc.disable()


def fall_off_after_dropping_all():
    runtime = scenario.start_ring()
    start_flood(runtime)
    del runtime


def fall_off_during_shutdown():
    runtime = scenario.start_ring()
    start_flood(runtime)
    runtime.shutdown_async(10000, None, lambda *_: None)
    kept.append(runtime)


def fall_off_with_a_daemon_thread():
    runtime = scenario.start_ring()
    running = threading.Event()
    GLib.idle_add(running.set)
    GLib.timeout_add(1, lambda: True)
    threading.Thread(target=runtime.run, daemon=True).start()
    assert running.wait(scenario.DEADLINE_S)
    kept.append(runtime)


def drop_in_another_thread():
    runtime = scenario.start_ring()
    holder = [runtime, scenario.listen(runtime), runtime.dup_worker(0), runtime.dup_port(0)]
    holder.append(holder)
    del runtime

    def collect(things):
        del things
        gc.collect()

    thread = threading.Thread(target=collect, args=(holder,))
    del holder
    thread.start()
    thread.join()


def drop_on_the_worker():
    runtime = scenario.start_ring()
    holder = [runtime, scenario.listen(runtime)]
    worker = runtime.dup_worker(0)
    dropped = threading.Event()
    del runtime

    def drop(_worker, *_):
        holder.clear()
        gc.collect()
        dropped.set()

    worker.invoke(drop)
    assert dropped.wait(scenario.DEADLINE_S)
    del worker


def exit_in_a_callback():
    runtime = scenario.start_default()
    listener = scenario.listen(runtime)
    listener.connect('incoming', lambda *_: sys.exit(3))
    kept.extend((runtime, listener, scenario.start_client()))
    runtime.run()


def exit_on_the_worker():
    runtime = scenario.start_ring()
    kept.append(runtime)
    runtime.dup_worker(0).invoke(lambda *_: sys.exit(4))
    runtime.run()


def exit_on_one_of_two_workers():
    runtime = scenario.start_ring(TWO_WORKERS)
    kept.append(runtime)
    start_flood(runtime)
    runtime.dup_worker(1).invoke(lambda *_: sys.exit(4))
    while True:
        time.sleep(scenario.DEADLINE_S)


def exit_in_a_thread():
    """Ends the thread only, as Python has it."""
    runtime = scenario.start_ring()
    thread = threading.Thread(target=lambda: sys.exit(9))
    thread.start()
    thread.join()
    kept.append(runtime)


def raise_in_main():
    kept.append(scenario.start_ring())
    start_flood(kept[0])
    raise RuntimeError('as wanted')


def raise_in_a_callback():
    runtime = scenario.start_ring()
    kept.append(runtime)

    def fail(*_):
        GLib.idle_add(runtime.quit)
        raise RuntimeError('as wanted')

    runtime.dup_worker(0).invoke(fail)
    runtime.run()


def stop_by_signal():
    runtime = scenario.start_ring()
    kept.append(runtime)
    GLib.idle_add(lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert runtime.run()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(scenario.DEADLINE_S)
    except KeyboardInterrupt:
        sys.exit(5)


def leave_with():
    with scenario.start_ring() as runtime:
        start_flood(runtime)
        kept.append(runtime)
    assert not runtime.is_running()


def exit_while_a_callback_sleeps():
    runtime = scenario.start_ring()
    begun = threading.Event()

    def sleep(*_):
        begun.set()
        # not a wait for anything: the exit has to wait for this
        time.sleep(0.05)
        kept.append('slept')

    kept.append(runtime)
    runtime.dup_worker(0).invoke(sleep)
    assert begun.wait(scenario.DEADLINE_S)


def fork_and_exit():
    runtime = scenario.start_default()
    child = os.fork()
    if child == 0:
        del runtime
        sys.exit(6)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 6, status
    # the parent is none the worse for it
    kept.append(scenario.serve_one(runtime))
    sys.exit(6)


SCENARIOS = {name: function for name, function in list(globals().items())
             if callable(function) and function.__module__ == __name__
             and name not in ('flood', 'start_flood')}

if __name__ == '__main__':
    scenario.run_named(SCENARIOS)
