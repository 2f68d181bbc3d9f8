# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a Python program can do with packets and their pools."""

import gc
import threading

import scenario
from scenario import Dpdk, Gio, GLib, expect_dpdk_error, start_eal, touch_all


def packets():
    eal = start_eal()
    pool = Dpdk.Mempool.new(eal, 63, 0, 2048, -1)
    packet = pool.acquire()
    assert len(packet) == 0 and packet
    assert packet.append(b'some ') and packet.append(bytes(3))
    assert packet.get_length() == len(packet) == 8
    assert bytes(packet) == b'some \0\0\0', bytes(packet)
    assert packet.dup_mempool() is pool
    expect_dpdk_error(Dpdk.Error.NO_MEMORY, packet.append, bytes(4096))
    assert len(packet) == 8
    assert pool.get_in_use() == 1
    many = [pool.acquire() for _ in range(62)]
    expect_dpdk_error(Dpdk.Error.NO_MEMORY, pool.acquire)
    del many
    # a reference is the same packet, a copy another one
    same = packet.ref()
    expect_dpdk_error(Dpdk.Error.BUSY, packet.append, b'!')
    copy = packet.copy(None)
    assert copy.append(b'!') and bytes(copy) == b'some \0\0\0!'
    del packet
    assert bytes(same) == b'some \0\0\0'
    del same, copy
    gc.collect()
    assert pool.get_in_use() == 0, pool.get_in_use()
    assert pool.get_available() == 63
    assert {'eal', 'name', 'capacity', 'cache-size', 'data-size', 'available',
            'in-use'} <= touch_all(pool)


def packet_data():
    eal = start_eal()
    pool = Dpdk.Mempool.new(eal, 63, 0, 256, -1)
    packet = Dpdk.Packet.new_from_data(pool, b'payload')
    assert packet.prepend(b'a header, ') and packet.append(b', a trailer')
    assert packet.trim(11) and packet.adj(2)
    assert packet.write(0, b'HEADER')
    assert bytes(packet) == b'HEADER, payload', bytes(packet)
    expect_dpdk_error(Dpdk.Error.INVALID_ARGUMENT, packet.trim, 100)
    expect_dpdk_error(Dpdk.Error.INVALID_ARGUMENT, packet.write, 10, b'too long')
    assert packet.get_headroom() > 0 and packet.get_tailroom() > 0

    # a view holds the packet, which does not change meanwhile
    view = packet.to_bytes()
    assert not packet.is_writable()
    expect_dpdk_error(Dpdk.Error.BUSY, packet.append, b'!')
    clone = packet.clone(None)
    del packet
    gc.collect()
    assert view.get_data() == bytes(clone) == b'HEADER, payload'
    del view
    gc.collect()
    assert clone.is_writable()

    # several segments, which foreign memory may be too
    large = Dpdk.Packet.new_from_data(pool, bytes(range(256)) * 3)
    assert large.get_n_segments() == 3
    assert [part.get_data() for part in large] == [bytes(range(256))] * 3
    assert large.get_segment_data(2) == list(range(256)) or \
        bytes(large.get_segment_data(2)) == bytes(range(256))
    foreign = Dpdk.Packet.new_from_bytes(pool, GLib.Bytes.new(b'constant'))
    assert not foreign.is_writable()
    assert clone.append_clone(foreign) and clone.append_clone(large)
    assert bytes(clone) == b'HEADER, payloadconstant' + bytes(range(256)) * 3
    del large, foreign
    gc.collect()
    assert len(clone) == 23 + 768

    succeeded, tci = clone.get_vlan()
    assert not succeeded and tci == 0
    assert clone.get_rss_hash() == (False, 0) and clone.get_timestamp() == (False, 0)
    assert clone.get_ip_checksum_state() == Dpdk.ChecksumState.UNKNOWN
    assert clone.classify() and clone.get_l3() == Dpdk.PacketL3.UNKNOWN
    assert clone.request_vlan(5)
    expect_dpdk_error(Dpdk.Error.INVALID_ARGUMENT, clone.request_offloads,
                      Dpdk.PacketOffloads.TCP_CHECKSUM, 0)
    assert clone.get_requested_offloads() == (Dpdk.PacketOffloads.NONE, 0)
    del clone
    gc.collect()
    assert pool.get_in_use() == 0, pool.get_in_use()


def waiting_for_packets():
    eal = start_eal()
    pool = Dpdk.Mempool.new(eal, 3, 0, 256, -1)
    packets = pool.acquire_bulk(3)
    assert len(packets) == 3
    expect_dpdk_error(Dpdk.Error.NO_MEMORY, pool.acquire_bulk, 1)
    order = []

    def on_acquired(source, result, number):
        try:
            packet = source.acquire_finish(result)
            assert packet.append(b'mine')
            order.append((number, bytes(packet)))
        except GLib.Error as error:
            assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), error
            order.append((number, None))

    cancellable = Gio.Cancellable()
    pool.acquire_async(cancellable, on_acquired, 0)
    for number in range(1, 4):
        pool.acquire_async(None, on_acquired, number)
    cancellable.cancel()
    scenario.iterate_until(lambda: order)
    assert order == [(0, None)], order
    del packets
    gc.collect()
    scenario.iterate_until(lambda: len(order) == 4)
    assert order[1:] == [(1, b'mine'), (2, b'mine'), (3, b'mine')], order
    packet = pool.acquire_sync(None)
    assert len(packet) == 0
    del packet
    gc.collect()
    statistics = pool.get_statistics()
    assert (statistics.capacity, statistics.in_use, statistics.available) == (3, 0, 3)
    assert (statistics.acquired, statistics.failed, statistics.high_water) == (7, 1, 3)
    assert statistics.acquired - statistics.reused == 3
    assert pool.warmup()
    lcore = Dpdk.Lcore.register(eal)
    assert len(pool.acquire_cached(lcore)) == 0
    assert lcore.unregister()
    expect_dpdk_error(Dpdk.Error.WRONG_ROLE, pool.acquire_cached, lcore)


def packet_caches():
    eal = start_eal()
    pool = Dpdk.Mempool.new(eal, 63, 0, 256, -1)
    cache = Dpdk.PacketCache.new(pool)
    made = []

    def make(source, key, packet, *data):
        assert source is cache and data == ('more',), data
        made.append(key.get_data())
        return packet.append(b'content of ' + key.get_data())

    key = GLib.Bytes.new(b'a key')
    first = cache.get_or_create(key, make, 'more')
    second = cache.get_or_create(GLib.Bytes.new(b'a key'), make, 'more')
    assert made == [b'a key']
    assert bytes(first) == bytes(second) == b'content of a key'
    assert (cache.get_hits(), cache.get_misses(), cache.get_live()) == (1, 1, 1)
    assert cache.lookup(GLib.Bytes.new(b'another')) is None
    assert cache.release(first)
    assert cache.get_live() == 1
    assert cache.release(second)
    assert cache.get_live() == 0
    expect_dpdk_error(Dpdk.Error.INVALID_ARGUMENT, cache.release, second)
    del first, second
    gc.collect()
    assert pool.get_in_use() == 0, pool.get_in_use()
    message = expect_dpdk_error(Dpdk.Error.FAILED, cache.get_or_create, key, lambda *_: False)
    assert 'without an error' in message, message
    assert {'mempool', 'hits', 'misses', 'live'} <= touch_all(cache)


def packet_outlives_everything():
    eal = start_eal()
    pool = Dpdk.Mempool.new(eal, 63, 0, 2048, -1)
    packet = pool.acquire()
    packet.append(b'still here')
    del eal, pool
    gc.collect()
    assert Dpdk.Eal.get_process_state() == Dpdk.EalState.UP
    assert bytes(packet) == b'still here'
    thread = threading.Thread(target=lambda: holder.clear())
    holder = [packet]
    del packet
    thread.start()
    thread.join()
    deadline = GLib.get_monotonic_time() + scenario.DEADLINE_S * 1000000
    while Dpdk.Eal.get_process_state() != Dpdk.EalState.DEAD:
        assert GLib.get_monotonic_time() < deadline, 'the EAL has not ended'


if __name__ == '__main__':
    scenario.run_named(scenario.collect(globals()))
