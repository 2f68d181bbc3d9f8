# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a Python program can do with ports."""

import gc
import threading

import scenario
from scenario import Dpdk, GLib, expect_dpdk_error, start_eal, touch_all


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


if __name__ == '__main__':
    scenario.run_named(scenario.collect(globals(), 'open_loop'))
