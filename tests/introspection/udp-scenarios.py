#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""UDP sockets from Python."""

import socket
import threading

import scenario
from scenario import Dpdk, Gio, GLib

KERNEL = '198.18.0.1'
WAIT_US = scenario.DEADLINE_S * 1000 * 1000


def address_of(host, port):
    return Gio.InetSocketAddress.new_from_string(host, port)


def bind(runtime, host=scenario.ADDRESS, port=scenario.PORT):
    bound = Dpdk.UdpSocket.new(runtime, Gio.SocketFamily.IPV4)
    assert bound.bind(address_of(host, port))
    return bound


def open_peer():
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer.settimeout(scenario.DEADLINE_S)
    peer.bind((KERNEL, 0))
    return peer


def expect_io_error(code, function, *arguments):
    return scenario.expect_error(Gio.io_error_quark(), code, function, *arguments)


def expect_dpdk_error(code, function, *arguments):
    return scenario.expect_error(Dpdk.Error.quark(), code, function, *arguments)


def exchange_with_the_kernel():
    runtime = scenario.start_default()
    ours = bind(runtime)
    peer = open_peer()
    host, port = peer.getsockname()

    for size in (0, 1, 1400, 60000):
        data = bytes(range(256)) * (size // 256) + bytes(size % 256)
        peer.sendto(data, (scenario.ADDRESS, scenario.PORT))
        received, sender = ours.receive_bytes(WAIT_US, None)
        assert received.get_data() in (data, None) and received.get_size() == size
        assert (sender.get_address().to_string(), sender.get_port()) == (host, port)
        assert ours.send_bytes(sender, received, WAIT_US, None)
        assert peer.recv(65536) == data

    assert ours.connect(address_of(host, port)) and ours.is_connected()
    assert ours.get_remote_address().get_port() == port
    assert ours.send_bytes(None, GLib.Bytes.new(b'to the peer'), -1, None)
    assert peer.recv(100) == b'to the peer'
    statistics = ours.get_statistics()
    assert (statistics.received, statistics.sent) == (4, 5), statistics
    assert statistics.receive_dropped == statistics.send_dropped == 0

    peer.close()
    assert ours.send_bytes(None, GLib.Bytes.new(b'nobody'), -1, None)
    message = expect_io_error(Gio.IOErrorEnum.CONNECTION_REFUSED, ours.receive_bytes, WAIT_US, None)
    assert KERNEL in message, message


def source_in_the_main_context():
    runtime = scenario.start_default()
    ours = bind(runtime)
    peer = open_peer()
    seen = []

    # PyGObject gives the callback of a source none of its arguments
    def on_ready(*_):
        condition = ours.condition_check(GLib.IOCondition.IN)
        seen.append(condition)
        if condition & GLib.IOCondition.HUP:
            return False
        while ours.condition_check(GLib.IOCondition.IN) & GLib.IOCondition.IN:
            data, sender = ours.receive_bytes(0, None)
            ours.send_bytes(sender, data, 0, None)
        return True

    source = ours.create_source(GLib.IOCondition.IN, None)
    source.set_callback(on_ready)
    source.attach(None)
    for number in range(20):
        peer.sendto(b'%u' % number, (scenario.ADDRESS, scenario.PORT))
    answers = []
    thread = threading.Thread(target=lambda: answers.extend(peer.recv(100) for _ in range(20)))
    thread.start()
    scenario.iterate_until(lambda: len(answers) == 20)
    thread.join()
    # the kernel may send what it has at once before what waited for our address
    assert sorted(answers, key=int) == [b'%u' % number for number in range(20)], answers
    ours.close()
    scenario.iterate_until(lambda: source.is_destroyed())
    assert seen[0] == GLib.IOCondition.IN and seen[-1] == GLib.IOCondition.HUP, seen


def on_the_worker():
    runtime = scenario.start_default()
    ours = bind(runtime)
    peer = open_peer()
    failures = []
    n_wanted = 10

    expect_dpdk_error(Dpdk.Error.WRONG_WORKER, ours.try_receive_bytes)
    expect_dpdk_error(Dpdk.Error.WRONG_WORKER, ours.set_readable_callback, lambda *_: None)

    def on_readable(source, *_):
        while True:
            try:
                data, sender = source.try_receive_bytes()
                source.send_bytes(sender, data, 0, None)
            except GLib.Error as error:
                if not error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.WOULD_BLOCK):
                    failures.append(error)
                return

    def start(*_):
        try:
            expect_dpdk_error(Dpdk.Error.WOULD_DEADLOCK, ours.receive_bytes, -1, None)
            ours.set_readable_callback(on_readable)
        except Exception as error:
            failures.append(error)

    assert ours.get_worker().invoke(start)
    for number in range(n_wanted):
        peer.sendto(b'%u' % number, (scenario.ADDRESS, scenario.PORT))
        assert peer.recv(100) == b'%u' % number
    assert not failures, failures


def properties_and_errors():
    runtime = scenario.start_default()
    ours = bind(runtime)
    group = Gio.InetAddress.new_from_string('239.1.2.3')
    notified = []

    ours.connect_after('notify', lambda _source, pspec: notified.append(pspec.name))
    for name, value in (('reuse-address', True), ('broadcast', True), ('ttl', 3),
                        ('traffic-class', 4), ('multicast-ttl', 5), ('multicast-loopback', False),
                        ('receive-buffer-size', 6), ('send-buffer-size', 7)):
        ours.set_property(name, value)
        assert ours.get_property(name) == value, name
        assert notified.pop() == name
        ours.set_property(name, value)
        assert not notified, name
    assert ours.get_family() == Gio.SocketFamily.IPV4
    assert ours.props.multicast_port is None
    assert ours.set_multicast_port(runtime.dup_port(0))
    assert ours.get_multicast_port() is runtime.dup_port(0)
    peer = address_of('198.18.0.1', 7)
    assert ours.props.local_address.to_string() == f'{scenario.ADDRESS}:{scenario.PORT}'
    assert ours.props.remote_address is None and not ours.props.connected
    assert Dpdk.UdpSocket.connect(ours, peer)
    assert notified[-3:] == ['local-address', 'remote-address', 'connected'], notified
    assert ours.props.remote_address.to_string() == peer.to_string() and ours.props.connected
    assert Dpdk.UdpSocket.disconnect(ours)
    assert ours.props.remote_address is None and not ours.props.connected
    other = Dpdk.UdpSocket.new(runtime, Gio.SocketFamily.IPV4)
    assert other.bind_to_host(f'{scenario.ADDRESS}:7778', 0, None, None)
    assert other.props.local_address.to_string() == f'{scenario.ADDRESS}:7778'
    assert ours.join_group(group, None) and ours.leave_group(group, None)
    expect_io_error(Gio.IOErrorEnum.NOT_FOUND, ours.leave_group, group, None)

    message = expect_io_error(Gio.IOErrorEnum.ADDRESS_IN_USE, Dpdk.UdpSocket.new(
        runtime, Gio.SocketFamily.IPV4).bind, address_of(scenario.ADDRESS, scenario.PORT))
    assert f'{scenario.ADDRESS}:{scenario.PORT}' in message, message
    expect_io_error(Gio.IOErrorEnum.NOT_SUPPORTED, Dpdk.UdpSocket.new, runtime,
                    Gio.SocketFamily.UNIX)
    expect_io_error(Gio.IOErrorEnum.WOULD_BLOCK, ours.receive_bytes, 0, None)
    expect_io_error(Gio.IOErrorEnum.TIMED_OUT, ours.receive_bytes, 1000, None)
    message = expect_io_error(Gio.IOErrorEnum.NOT_CONNECTED, ours.send_bytes, None,
                              GLib.Bytes.new(b'x'), 0, None)
    assert f'{scenario.ADDRESS}:{scenario.PORT}' in message, message
    runtime.shutdown(10000)
    message = expect_io_error(Gio.IOErrorEnum.CLOSED, ours.receive_bytes, -1, None)
    assert f'{scenario.ADDRESS}:{scenario.PORT}' in message, message
    assert ours.is_closed() and ours.get_ttl() == 3


SCENARIOS = {function.__name__: function for function in (
    exchange_with_the_kernel, source_in_the_main_context, on_the_worker, properties_and_errors)}

if __name__ == '__main__':
    scenario.run_named(SCENARIOS)
