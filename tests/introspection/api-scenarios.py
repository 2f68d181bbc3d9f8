# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a Python program can do with the library."""

import gc
import json
import os
import signal
import threading
import weakref

import scenario
from scenario import Dpdk, Gio, GLib

# Dpdk.Error as it is with and without an override of the class GLib.Error
DOMAIN = GLib.quark_to_string(Dpdk.Error.quark())


def expect_dpdk_error(code, function, *arguments):
    return scenario.expect_error(Dpdk.Error.quark(), code, function, *arguments)


def start_eal():
    return Dpdk.Eal.new(scenario.EAL_ARGS)


def touch_all(thing):
    """Reads every property, and calls every getter without arguments; they have to agree."""
    names = set()
    for pspec in thing.list_properties():
        if pspec.owner_type.name.startswith('Dpdk'):
            names.add(pspec.name)
            value = thing.get_property(pspec.name)
            getter = (getattr(thing, 'get_' + pspec.name.replace('-', '_'), None) or
                      getattr(thing, 'is_' + pspec.name.replace('-', '_')))
            assert getter() == value, f'{thing} {pspec.name}: {getter()} is not {value}'
    for name in dir(type(thing)):
        info = getattr(type(thing), name)
        if (name.startswith(('get_', 'is_', 'to_')) and type(info).__name__ == 'FunctionInfo' and
                info.get_namespace() == 'Dpdk' and info.is_method() and
                not info.get_arguments()):
            getattr(thing, name)()
            names.add(name)
    return names


def errors_of_a_configuration():
    assert DOMAIN == 'dpdk-error-quark', DOMAIN
    new = Dpdk.Config.new_from_data
    message = expect_dpdk_error(Dpdk.Error.CONFIG_SYNTAX, new, '{', -1)
    assert message
    message = expect_dpdk_error(Dpdk.Error.CONFIG_UNKNOWN_KEY, new,
                                '{"dpdk_cores": [0],\n "dpdk_corse": 1}', -1)
    assert 'dpdk_corse' in message and '2' in message, message
    message = expect_dpdk_error(Dpdk.Error.CONFIG_MISSING_KEY, new, '{}', -1)
    assert 'dpdk_cores' in message, message
    message = expect_dpdk_error(Dpdk.Error.CONFIG_INVALID_VALUE, new, '{"dpdk_cores": "all"}', -1)
    assert 'all' in message, message
    with open('bad.json', 'w', encoding='utf-8') as file:
        file.write('{"dpdk_cores": [0], "devices": 7}')
    message = expect_dpdk_error(Dpdk.Error.CONFIG_INVALID_VALUE, Dpdk.Config.new_from_file,
                                'bad.json')
    assert 'bad.json' in message and 'devices' in message, message
    os.unlink('bad.json')
    os.environ['DPDK_ENV_CONFIG'] = 'missing.json'
    try:
        Dpdk.Runtime.new()
        raise AssertionError('a missing configuration was found')
    except GLib.Error as error:
        assert 'missing.json' in error.message, error.message


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


def interface_addresses():
    new = Dpdk.InterfaceAddress.new_from_string
    address = new('198.18.0.2/24')
    assert str(address) == address.to_string() == '198.18.0.2/24'
    assert repr(address) == '<Dpdk.InterfaceAddress 198.18.0.2/24>'
    assert address.get_prefix_length() == 24
    assert address.get_address().to_string() == '198.18.0.2'
    assert Gio.InetAddress.new_from_string('198.18.0.77') in address
    assert Gio.InetAddress.new_from_string('198.18.1.77') not in address
    assert Gio.InetAddress.new_from_string('fd00::1') not in address
    assert address == new('198.18.0.2/24') and address != new('198.18.0.2/25')
    assert address != '198.18.0.2/24'
    assert len({address, new('198.18.0.2/24'), new('fd00::2/64')}) == 2
    assert Dpdk.InterfaceAddress.new(Gio.InetAddress.new_from_string('fd00::2'),
                                     64).to_string() == 'fd00::2/64'
    expect_dpdk_error(Dpdk.Error.INVALID_ARGUMENT, new, '198.18.0.2')
    expect_dpdk_error(Dpdk.Error.INVALID_ARGUMENT, new, '198.18.0.0/24')


def configurations():
    with open('good.json', 'w', encoding='utf-8') as file:
        json.dump({'dpdk_cores': [0], 'eal_args': ['--log-level=lib.eal:info'],
                   'tcp': {'congestion_control': 'new-reno', 'rto_min': 300}, 'devices': [
            {'vdev': 'net_ring0', 'mac': '02:00:00:00:00:05',
             'addresses': ['198.18.0.2/24', 'fd00::2/64'], 'gateway_v4': '198.18.0.1',
             'gateway_v6': 'fd00::1', 'mtu': 1400, 'original_name': 'eth7'},
            {'pci_address': '0000:28:00.0', 'role': 'kernel'}]}, file)
    config = Dpdk.Config.new_from_file('good.json')
    os.unlink('good.json')
    assert config.get_path().endswith('good.json')
    assert config.get_cores() == [0], config.get_cores()
    assert config.get_eal_args() == ['--log-level=lib.eal:info']
    assert not config.get_is_default()
    options = config.dup_tcp_options()
    assert options.get_congestion_control() == Dpdk.CongestionControl.NEW_RENO
    assert options.get_rto_min() == 300
    options.set_timestamps(True)
    assert not config.dup_tcp_options().get_timestamps()
    assert {'ack-delay', 'congestion-control', 'ecn', 'keepalive', 'keepalive-count', 'keepalive-idle',
            'keepalive-interval', 'receive-buffer-size', 'rto-min', 'send-buffer-size',
            'timestamps', 'user-timeout'} <= touch_all(options)
    assert Dpdk.Config.new_default().get_is_default()
    first, second = config.get_devices()
    assert first.get_vdev() == 'net_ring0' and first.get_pci_address() is None
    assert first.get_mac() == '02:00:00:00:00:05'
    assert [str(address) for address in first.get_addresses()] == ['198.18.0.2/24', 'fd00::2/64']
    assert first.get_gateway_v4().to_string() == '198.18.0.1'
    assert first.get_gateway_v6().to_string() == 'fd00::1'
    assert first.get_mtu() == 1400
    assert first.get_original_name() == 'eth7'
    assert first.get_role() == Dpdk.DeviceRole.DPDK
    assert second.get_role() == Dpdk.DeviceRole.KERNEL
    assert second.get_pci_address() == '0000:28:00.0'
    touch_all(config)
    touch_all(first)
    touch_all(second)


def ports():
    eal = start_eal()
    pool = Dpdk.Mempool.new(eal, 1023, 32, 2048, -1)
    port = Dpdk.Port.new(eal, 'net_ring0')
    expect_dpdk_error(Dpdk.Error.INVALID_ARGUMENT, port.start)
    expect_dpdk_error(Dpdk.Error.INVALID_ARGUMENT, port.set_mac, 'ff:ff:ff:ff:ff:ff')
    assert port.set_mac('02:00:00:00:00:09') and port.get_mac() == '02:00:00:00:00:09'
    assert port.get_mempool() is None
    assert port.configure(pool, 1, 128) and port.start() and port.is_started()
    assert port.get_mempool() is pool and port.get_eal() is eal
    succeeded, statistics = port.get_statistics()
    assert succeeded and statistics.rx_packets == statistics.tx_packets == 0
    assert {'eal', 'devargs', 'driver', 'id', 'mempool', 'n-queues', 'max-queues', 'mac',
            'mtu'} <= touch_all(port)
    assert port.stop() and port.close() and port.close()
    expect_dpdk_error(Dpdk.Error.CLOSED, port.start)
    touch_all(eal)


def open_loop(eal, pool, name='net_ring0'):
    """A started port that receives what it sends."""
    port = Dpdk.Port.new(eal, name)
    assert port.configure(pool, 1, 128) and port.start()
    return port


def port_life():
    eal = start_eal()
    pool = Dpdk.Mempool.new(eal, 1023, 0, 2048, -1)
    port = Dpdk.Port.new(eal, 'net_null0')
    message = expect_dpdk_error(Dpdk.Error.EXISTS, Dpdk.Port.new, eal, 'net_null0')
    assert 'net_null0' in message, message
    config = Dpdk.PortConfig.new(None)
    message = expect_dpdk_error(Dpdk.Error.INVALID_ARGUMENT, port.configure_with, config)
    assert 'net_null0' in message and 'no mempool' in message, message
    config.set_property('mempool', pool)
    config.props.n_rx_queues, config.props.n_tx_queues = 2, 3
    config.props.rx_offloads = Dpdk.RxOffload.TCP_LRO
    assert port.configure_with(config)
    assert (port.get_n_rx_queues(), port.get_n_tx_queues(), port.get_n_queues()) == (2, 3, 2)
    assert port.get_rx_offloads() == Dpdk.RxOffload.NONE
    seen = []
    port.connect('notify::started', lambda *_: seen.append(
        (port.is_started(), threading.get_ident())))
    here = threading.get_ident()
    for started in (True, False, True):
        assert port.start() if started else port.stop()
        assert port.is_started() == started
        scenario.iterate_until(lambda started=started: seen and seen[-1] == (started, here))
    expect_dpdk_error(Dpdk.Error.BUSY, port.configure, pool, 1, 128)
    assert port.reset() and port.is_started()
    info = port.dup_info()
    assert (info.driver, info.bus, info.device) == ('net_null', 'vdev', 'net_null0')
    assert info.min_mtu <= port.get_mtu() <= info.max_mtu
    assert info.max_rx_queues >= 2
    touch_all(port)
    touch_all(config)
    assert port.close() and not port.is_started()
    scenario.iterate_until(lambda: seen[-1] == (False, here))
    message = expect_dpdk_error(Dpdk.Error.CLOSED, port.set_mtu, 1400)
    assert 'net_null0' in message, message
    # the device can be opened again while somebody still holds the old port
    assert open_loop(eal, pool, 'net_null0').is_started()


def port_packets():
    eal = start_eal()
    pool = Dpdk.Mempool.new(eal, 1023, 0, 2048, -1)
    port = Dpdk.Port.new(eal, 'net_ring0')
    expect_dpdk_error(Dpdk.Error.CLOSED, port.receive, 0, 1)
    assert port.configure(pool, 1, 128) and port.start()
    assert port.receive(0, 10) == []
    assert port.send_bytes(0, b'a frame')
    received = port.receive(0, 10)
    assert [bytes(packet) for packet in received] == [b'a frame'], received
    packets = [Dpdk.Packet.new_from_data(pool, bytes([number])) for number in range(100)]
    assert port.send(0, packets) == (True, 100)
    # what was sent still is the caller's
    assert bytes(packets[99]) == bytes([99])
    received = port.receive(0, 60) + port.receive(0, 60)
    assert [bytes(packet) for packet in received] == [bytes([number]) for number in range(100)]
    message = expect_dpdk_error(Dpdk.Error.INVALID_ARGUMENT, port.receive, 1, 1)
    assert 'net_ring0' in message and 'queue 1' in message, message
    message = expect_dpdk_error(Dpdk.Error.INVALID_ARGUMENT, port.send, 7, packets)
    assert 'queue 7' in message, message
    expect_dpdk_error(Dpdk.Error.NO_MEMORY, port.send_bytes, 0, bytes(4000))
    del packets, received
    gc.collect()
    assert pool.get_in_use() == 0, pool.get_in_use()
    # packets outlive the port
    assert port.send_bytes(0, b'a frame')
    received = port.receive(0, 1)
    assert port.close()
    expect_dpdk_error(Dpdk.Error.CLOSED, port.send_bytes, 0, b'a frame')
    del port, pool
    gc.collect()
    assert bytes(received[0]) == b'a frame'


def port_statistics():
    eal = start_eal()
    pool = Dpdk.Mempool.new(eal, 1023, 0, 2048, -1)
    port = open_loop(eal, pool)
    for _ in range(10):
        assert port.send_bytes(0, bytes(60))
    assert len(port.receive(0, 4)) == 4
    succeeded, statistics = port.get_statistics()
    assert succeeded and (statistics.tx_packets, statistics.rx_packets) == (10, 4)
    succeeded, statistics = port.get_queue_statistics(0)
    assert succeeded and (statistics.tx_packets, statistics.rx_packets) == (10, 4)
    message = expect_dpdk_error(Dpdk.Error.INVALID_ARGUMENT, port.get_queue_statistics, 1)
    assert 'net_ring0' in message and 'queue 1' in message, message
    extended = port.dup_extended_statistics().unpack()
    assert extended['tx_good_packets'] == 10 and extended['rx_good_packets'] == 4, extended
    assert port.reset_statistics()
    succeeded, statistics = port.get_statistics()
    assert succeeded and statistics.tx_packets == statistics.rx_packets == 0


def port_list():
    eal = start_eal()
    ports = [Dpdk.Port.new(eal, 'net_null0')]
    model = Dpdk.PortList.new()
    assert model.get_item_type() == Dpdk.Port.__gtype__
    assert model.get_n_items() == 1 and model.get_item(0) is ports[0]
    changes = []
    model.connect('items-changed', lambda _model, *change: changes.append(
        (change, threading.get_ident())))
    for number in (1, 2):
        ports.append(Dpdk.Port.new(eal, f'net_null{number}'))
        scenario.iterate_until(lambda number=number: len(changes) == number)
    here = threading.get_ident()
    assert changes == [((1, 0, 1), here), ((2, 0, 1), here)], changes
    assert [model.get_item(number) for number in range(4)] == ports + [None]
    thread = threading.Thread(target=ports[1].close)
    thread.start()
    thread.join()
    # nothing changes behind the back of the thread
    assert model.get_n_items() == 3
    scenario.iterate_until(lambda: model.get_n_items() == 2)
    assert changes[2:] == [((1, 1, 0), here)], changes
    # it holds none of them
    del ports
    gc.collect()
    scenario.iterate_until(lambda: model.get_n_items() == 0)


def port_link_is_notified():
    scenario.enter_namespace()
    eal = start_eal()
    pool = Dpdk.Mempool.new(eal, 1023, 0, 2048, -1)
    port = open_loop(eal, pool, 'net_tap0,iface=dpdk0')
    scenario.iterate_until(port.is_link_up)
    assert port.get_link_speed() > 0
    while GLib.MainContext.default().iteration(False):
        pass
    seen = []
    port.connect('notify::link-up', lambda *_: seen.append(
        (port.props.link_up, threading.get_ident())))
    here = threading.get_ident()
    for number, state in enumerate(('down', 'up', 'down', 'up'), 1):
        scenario.ip('link', 'set', 'dpdk0', state)
        scenario.iterate_until(lambda number=number: len(seen) == number)
        assert seen[-1] == (state == 'up', here), seen
    assert port.stop()
    scenario.iterate_until(lambda: len(seen) == 5)
    assert not port.is_link_up() and port.get_link_speed() == 0


def workers():
    runtime = scenario.start_ring()
    eal = runtime.dup_eal()
    worker = runtime.dup_worker(0)
    assert runtime.get_n_workers() == runtime.get_n_ports() == 1
    assert runtime.dup_worker(1) is None and runtime.dup_port(1) is None
    assert Dpdk.Worker.dup_current() is None
    assert worker.get_statistics().rx_packets >= 0
    counters = worker.dup_stack_counters()
    assert counters.get_value(Dpdk.StackCounter.TCP_CONNECTIONS) == 0
    assert counters.copy().get_value(Dpdk.StackCounter.TCP_RETRANSMITTED) == 0
    assert worker.get_core() == 0 and worker.get_idle_policy() == Dpdk.IdlePolicy.ADAPTIVE

    main = threading.get_ident()
    done = threading.Event()
    seen = []

    def run(called, *data):
        seen.append((called is worker, Dpdk.Worker.dup_current() is worker, data,
                     threading.get_ident() != main,
                     GLib.MainContext.get_thread_default() is not None))
        for function, arguments, call in (
                (runtime.shutdown, (1000,), 'dpdk_runtime_shutdown'),
                (runtime.run, (), 'dpdk_runtime_run'),
                (eal.shutdown, (1000,), 'dpdk_eal_shutdown'),
                (Dpdk.Port.new, (eal, 'net_null0'), 'opening a port'),
                (Dpdk.Mempool.new, (eal, 63, 0, 2048, -1), 'creating a mempool')):
            message = expect_dpdk_error(Dpdk.Error.WOULD_DEADLOCK, function, *arguments)
            assert call in message and 'on the thread of a worker' in message, message
        assert Dpdk.Lcore.get_role() == Dpdk.LcoreRole.WORKER
        expect_dpdk_error(Dpdk.Error.WRONG_ROLE, Dpdk.Lcore.get_current().unregister)
        done.set()

    assert worker.invoke(run, 'one', 2)
    assert done.wait(scenario.DEADLINE_S)
    assert seen == [(True, True, ('one', 2), True, True)], seen

    order = []
    last = threading.Event()
    for number in range(1000):
        worker.invoke(lambda _worker, n: order.append(n), number)
    worker.invoke(lambda *_: last.set())
    assert last.wait(scenario.DEADLINE_S)
    assert order == list(range(1000))

    ran = threading.Event()
    source = GLib.idle_source_new()
    source.set_callback(lambda *_: ran.set())
    source.attach(worker.get_main_context())
    assert ran.wait(scenario.DEADLINE_S)

    touch_all(worker)
    touch_all(runtime)
    runtime.shutdown(10000)
    expect_dpdk_error(Dpdk.Error.CLOSED, worker.invoke, lambda *_: None)
    assert not worker.is_running()


def closures_are_freed():
    """What was invoked does not live on in the library."""
    runtime = scenario.start_ring()

    class Canary:
        pass

    gone = threading.Event()
    canary = Canary()
    weakref.finalize(canary, gone.set)
    runtime.dup_worker(0).invoke(lambda _worker, _canary: None, canary)
    del canary
    assert gone.wait(scenario.DEADLINE_S)


def sockets():
    runtime = scenario.start_default()
    echo = scenario.Echo(runtime)
    client = scenario.start_client()
    scenario.iterate_until(lambda: echo.connection is not None)
    connection = echo.connection
    socket = connection.get_socket()
    assert connection.is_connected() and socket.is_connected()
    local = connection.get_local_address()
    remote = connection.get_remote_address()
    assert (local.get_address().to_string(), local.get_port()) == (scenario.ADDRESS, scenario.PORT)
    assert remote.get_address().to_string() == '198.18.0.1'
    assert socket.get_remote_address().get_port() == remote.get_port()
    socket.set_nodelay(True)
    assert socket.get_nodelay()
    options = socket.dup_options()
    options.set_congestion_control(Dpdk.CongestionControl.NEW_RENO)
    assert socket.set_options(options)
    succeeded, info = socket.get_info()
    assert succeeded and info.congestion_control == Dpdk.CongestionControl.NEW_RENO
    assert info.sack and not info.timestamps and info.mss > 1000
    options.set_timestamps(True)
    scenario.expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_ARGUMENT,
                          socket.set_options, options)
    assert {'worker', 'port', 'nodelay'} <= touch_all(socket), touch_all(socket)
    touch_all(connection)
    scenario.iterate_until(lambda: echo.is_done)
    assert scenario.finish_client(client) == 'echo: hello from the kernel\n'
    listener = echo.listener
    assert {'worker', 'port', 'backlog'} <= touch_all(listener)
    assert listener.get_backlog() == 16 and not listener.is_closed()
    assert listener.set_options(Dpdk.TcpOptions(timestamps=True, ack_delay=0))
    assert listener.dup_options().get_timestamps()
    counters = runtime.dup_worker(0).dup_stack_counters()
    assert counters.get_value(Dpdk.StackCounter.TCP_RECEIVED) > 0

    address = Gio.InetSocketAddress.new_from_string('198.18.0.99', 80)
    scenario.expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_ARGUMENT,
                          Dpdk.TcpListener.new, runtime, address, 16)
    address = Gio.InetSocketAddress.new_from_string(scenario.ADDRESS, scenario.PORT)
    scenario.expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.ADDRESS_IN_USE,
                          Dpdk.TcpListener.new, runtime, address, 16)

    refused = Dpdk.TcpSocket.new(runtime, Gio.SocketFamily.IPV4)
    results = []

    def on_done(source, result):
        finish = getattr(source, 'accept_finish', None) or source.connect_finish
        try:
            results.append(finish(result))
        except GLib.Error as error:
            results.append(error)

    refused.connect_async(Gio.InetSocketAddress.new_from_string('198.18.0.1', 9), None, on_done)
    scenario.iterate_until(lambda: results)
    assert results[0].matches(Gio.io_error_quark(), Gio.IOErrorEnum.CONNECTION_REFUSED), results

    cancellable = Gio.Cancellable()
    listener.accept_async(cancellable, on_done)
    cancellable.cancel()
    scenario.iterate_until(lambda: len(results) == 2)
    assert results[1].matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), results

    listener.accept_async(None, on_done)
    runtime.shutdown(10000)
    scenario.iterate_until(lambda: len(results) == 3)
    assert results[2].matches(Gio.io_error_quark(), Gio.IOErrorEnum.CLOSED), results
    assert listener.is_closed()
    # what is held stays valid
    touch_all(listener)
    touch_all(socket)


def incoming_signal():
    runtime = scenario.start_default()
    listener = scenario.listen(runtime)
    seen = []

    def on_incoming(source, connection):
        seen.append((source is listener, type(connection)))
        connection.get_output_stream().write_all(b'bye\n', None)

    listener.connect('incoming', on_incoming)
    client = scenario.start_client()
    scenario.iterate_until(lambda: seen)
    assert seen == [(True, Dpdk.TcpConnection)], seen
    client.communicate(timeout=scenario.DEADLINE_S)


def run_and_quit():
    runtime = scenario.start_ring()
    GLib.idle_add(runtime.quit)
    assert runtime.run()
    assert not runtime.is_running()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL

    done = []
    runtime.shutdown_async(1000, None, lambda source, result: done.append(
        source.shutdown_finish(result)))
    scenario.iterate_until(lambda: done)
    assert done == [True]


def collected_by_another_thread():
    """The collector of Python runs on any thread, with cycles through the objects."""
    runtime = scenario.start_ring()
    worker = runtime.dup_worker(0)
    gc.disable()
    for _ in range(50):
        listener = scenario.listen(runtime)
        listener.myself = listener
        del listener
        thread = threading.Thread(target=gc.collect)
        thread.start()
        thread.join()
    done = threading.Event()

    def collect(*_):
        gc.collect()
        done.set()

    listener = scenario.listen(runtime)
    listener.myself = listener
    del listener
    worker.invoke(collect)
    assert done.wait(scenario.DEADLINE_S)
    # the port is free again
    scenario.listen(runtime)


SCENARIOS = {name: function for name, function in list(globals().items())
             if callable(function) and getattr(function, '__module__', '') == __name__
             and name not in ('expect_dpdk_error', 'open_loop', 'start_eal', 'touch_all')}

if __name__ == '__main__':
    scenario.run_named(SCENARIOS)
