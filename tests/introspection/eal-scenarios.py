# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a Python program can do with the EAL."""

import gc
import os
import threading

import scenario
from scenario import Dpdk, Gio, GLib, expect_dpdk_error, start_eal


def errors_of_the_eal():
    expect_dpdk_error(Dpdk.Error.INVALID_ARGUMENT, Dpdk.Eal.new, ['--no-such-argument'])
    assert Dpdk.Eal.get_process_state() == Dpdk.EalState.NEVER
    assert Dpdk.Eal.dup_current() is None
    eal = start_eal()
    assert Dpdk.Eal.get_process_state() == Dpdk.EalState.UP
    assert Dpdk.Eal.new([]) is eal
    expect_dpdk_error(Dpdk.Error.EXISTS, Dpdk.Eal.new, ['--no-huge', '-m', '32'])
    message = expect_dpdk_error(Dpdk.Error.NO_DEVICE, Dpdk.Port.new, eal, 'net_nonsense0')
    assert 'net_nonsense0' in message, message
    pool = Dpdk.Mempool.new(eal, 63, 0, 2048, -1)
    message = expect_dpdk_error(Dpdk.Error.TIMED_OUT, eal.shutdown, 0)
    assert 'DpdkMempool' in message, message
    del pool
    assert eal.shutdown(10000)
    assert eal.get_state() == Dpdk.EalState.DEAD
    expect_dpdk_error(Dpdk.Error.EAL_DEAD, Dpdk.Mempool.new, eal, 63, 0, 2048, -1)


def state_is_notified():
    context = GLib.MainContext.default()
    eal = start_eal()
    states = []
    eal.connect('notify::state', lambda eal, _pspec: states.append(
        (eal.props.state, threading.get_ident())))
    pool = Dpdk.Mempool.new(eal, 63, 0, 2048, -1)
    expect_dpdk_error(Dpdk.Error.TIMED_OUT, eal.shutdown, 0)
    assert not states
    scenario.iterate_until(lambda: len(states) == 1)
    del pool
    scenario.iterate_until(lambda: len(states) == 2)
    assert not context.iteration(False)
    here = threading.get_ident()
    assert states == [(Dpdk.EalState.CLOSING, here), (Dpdk.EalState.DEAD, here)], states


def shutdown_without_blocking():
    eal = start_eal()
    pool = Dpdk.Mempool.new(eal, 63, 0, 2048, -1)
    results = []

    def shut_down(timeout_ms, cancellable=None):
        results.clear()
        eal.shutdown_async(timeout_ms, cancellable, lambda _eal, result: results.append(result))
        assert not results
        if cancellable is not None:
            cancellable.cancel()

    shut_down(1)
    scenario.iterate_until(lambda: results)
    message = expect_dpdk_error(Dpdk.Error.TIMED_OUT, eal.shutdown_finish, results[0])
    assert f'1 DpdkMempool ({pool.get_name()})' in message, message
    assert eal.get_state() == Dpdk.EalState.CLOSING
    expect_dpdk_error(Dpdk.Error.EAL_DEAD, Dpdk.Mempool.new, eal, 63, 0, 2048, -1)
    shut_down(scenario.DEADLINE_S * 1000, Gio.Cancellable())
    scenario.iterate_until(lambda: results)
    scenario.expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED, eal.shutdown_finish,
                          results[0])
    shut_down(scenario.DEADLINE_S * 1000)
    del pool
    scenario.iterate_until(lambda: results)
    assert eal.shutdown_finish(results[0])
    assert eal.get_state() == Dpdk.EalState.DEAD


def dependants():
    eal = start_eal()
    assert eal.dup_dependants() == []
    pool = Dpdk.Mempool.new(eal, 63, 0, 2048, -1)
    port = Dpdk.Port.new(eal, 'net_null0')
    packets = [pool.acquire() for _ in range(3)]
    lcore = Dpdk.Lcore.register(eal)
    found = {dependant.get_object_type(): dependant for dependant in eal.dup_dependants()}
    assert set(found) == {Dpdk.Mempool.__gtype__, Dpdk.Port.__gtype__, Dpdk.Packet.__gtype__,
                          Dpdk.Lcore.__gtype__}, found
    assert found[Dpdk.Port.__gtype__].get_name() == 'net_null0'
    assert found[Dpdk.Mempool.__gtype__].get_name() == pool.get_name()
    assert found[Dpdk.Packet.__gtype__].get_name() is None
    assert found[Dpdk.Packet.__gtype__].get_count() == 3
    assert found[Dpdk.Packet.__gtype__].to_string() == '3 references on packets'
    del packets, port, pool, lcore
    gc.collect()
    assert eal.shutdown(10000)
    assert found[Dpdk.Port.__gtype__].to_string() == '1 DpdkPort (net_null0)'


def registered_threads():
    eal = start_eal()
    pool = Dpdk.Mempool.new(eal, 63, 8, 2048, -1)
    kept = []

    def run():
        assert Dpdk.Lcore.get_role() == Dpdk.LcoreRole.EXTERNAL
        lcore = Dpdk.Lcore.register(eal)
        assert Dpdk.Lcore.get_role() == Dpdk.LcoreRole.REGISTERED
        assert Dpdk.Lcore.get_current().get_id() == lcore.get_id() > 0
        message = expect_dpdk_error(Dpdk.Error.EXISTS, Dpdk.Lcore.register, eal)
        assert f'is lcore {lcore.get_id()} already' in message, message
        assert bytes(pool.acquire()) == b''
        kept.append(lcore)

    # a thread that says nothing is unregistered when it ends, or there would not be numbers enough
    for _ in range(200):
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    # for Python a thread has ended a little earlier
    scenario.iterate_until(lambda: not any(lcore.is_registered() for lcore in kept))
    assert len([pool.acquire() for _ in range(63)]) == 63

    lcore = Dpdk.Lcore.register(eal)
    # a handle is good for its own thread only
    errors = []
    thread = threading.Thread(target=lambda: errors.append(
        expect_dpdk_error(Dpdk.Error.WRONG_ROLE, pool.acquire_cached, lcore)))
    thread.start()
    thread.join()
    assert 'dpdk_mempool_acquire_cached' in errors[0] and 'not registered' in errors[0], errors
    assert lcore.unregister() and not lcore.is_registered()
    assert Dpdk.Lcore.get_current() is None
    # dropping the handle is enough
    lcore = Dpdk.Lcore.register(eal)
    del lcore
    gc.collect()
    assert Dpdk.Lcore.get_role() == Dpdk.LcoreRole.EXTERNAL
    kept.clear()
    del pool
    assert eal.shutdown(10000)


def eal_builder():
    builder = Dpdk.EalBuilder.new()
    builder.set_memory_mode(Dpdk.MemoryMode.NO_HUGEPAGES)
    builder.set_numa_limit(0, 64)
    message = expect_dpdk_error(Dpdk.Error.INVALID_ARGUMENT, builder.build)
    assert 'NUMA node 0' in message, message
    builder.set_numa_limit(0, 0)
    builder.set_memory(64)
    builder.set_file_prefix(f'python_{os.getpid()}')
    builder.set_iova_mode(Dpdk.IovaMode.VA)
    builder.add_args(['--no-hpet'])
    eal = builder.build()
    assert {'--no-huge', '-m64', '--iova-mode=va', '--no-hpet'} <= set(eal.get_args())
    assert builder.build() is eal
    assert eal.shutdown(10000)


def second_eal_after_the_first():
    with scenario.start_ring() as runtime:
        assert runtime.is_running()
    del runtime
    gc.collect()
    assert Dpdk.Eal.get_process_state() == Dpdk.EalState.DEAD
    message = expect_dpdk_error(Dpdk.Error.EAL_DEAD, scenario.start_ring)
    assert 'twice' in message, message


def second_runtime_while_the_eal_lives():
    first = scenario.start_ring()
    eal = first.dup_eal()
    assert first.shutdown(10000)
    assert not first.is_running()
    assert first.dup_eal() is None and first.dup_worker(0) is None and first.dup_port(0) is None
    second = scenario.start_ring(scenario.RING.replace('net_ring0', 'net_ring1'))
    assert second.is_running()
    assert second.dup_eal() is eal


if __name__ == '__main__':
    scenario.run_named(scenario.collect(globals()))
