# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a Python program can do with sockets of TCP."""

import socket as kernel_socket
import struct
import threading

from gi.repository import GObject

import scenario
from scenario import Dpdk, Gio, GLib, expect_dpdk_error, touch_all

KERNEL = '198.18.0.1'


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


def expect_io_error(code, function, *arguments):
    return scenario.expect_error(Gio.io_error_quark(), code, function, *arguments)


def open_pair(runtime):
    """A connection of ours to a server of the kernel, and its end there."""
    server = kernel_socket.create_server((KERNEL, 0))
    server.settimeout(scenario.DEADLINE_S)
    ours = Dpdk.TcpSocket.new(runtime, Gio.SocketFamily.IPV4)
    connection = ours.connect(address_of(KERNEL, server.getsockname()[1]), None)
    peer, _ = server.accept()
    peer.settimeout(scenario.DEADLINE_S)
    server.close()
    return connection, peer


def address_of(host, port):
    return Gio.InetSocketAddress.new_from_string(host, port)


def options_of_a_socket():
    runtime = scenario.start_default()
    ours = Dpdk.TcpSocket.new(runtime, Gio.SocketFamily.IPV4)
    assert ours.get_family() == Gio.SocketFamily.IPV4
    assert ours.get_core_id() == runtime.dup_worker(0).get_core()
    assert (ours.get_ttl(), ours.get_traffic_class(), ours.get_linger()) == (64, 0, -1)
    notified = []
    # connect() of a socket is something else
    GObject.Object.connect(ours, 'notify', lambda source, pspec: notified.append(pspec.name))
    ours.props.ttl = 5
    ours.props.traffic_class = 0xb9
    ours.props.linger = 0
    ours.set_connect_timeout(300)
    assert notified == ['ttl', 'traffic-class', 'linger', 'connect-timeout'], notified
    assert (ours.get_ttl(), ours.get_traffic_class(), ours.get_linger()) == (5, 0xb8, 0)
    # another thread's change is told in the main context
    thread = threading.Thread(target=ours.set_ttl, args=(6,))
    thread.start()
    thread.join()
    scenario.iterate_until(lambda: len(notified) == 5)
    message = expect_io_error(Gio.IOErrorEnum.TIMED_OUT, ours.connect,
                              address_of('198.18.0.77', 80), None)
    assert '198.18.0.77:80' in message, message
    expect_io_error(Gio.IOErrorEnum.TIMED_OUT, ours.take_error)
    assert ours.take_error()
    other = Dpdk.TcpSocket.new(runtime, Gio.SocketFamily.IPV6)
    message = expect_io_error(Gio.IOErrorEnum.INVALID_ARGUMENT, other.connect,
                              address_of(KERNEL, 80), None)
    assert 'IPv6' in message, message


def data_of_a_connection():
    runtime = scenario.start_default()
    connection, peer = open_pair(runtime)
    ours = connection.get_socket()
    peer.sendall(b'first, second')
    assert connection.condition_wait(GLib.IOCondition.IN, -1, None)
    assert connection.peek_bytes(5, None).get_data() == b'first'
    assert connection.peek_bytes(0, None).get_size() == 0
    results = []
    connection.peek_bytes_async(5, GLib.PRIORITY_DEFAULT, None,
                                lambda source, result: results.append(
                                    source.peek_bytes_finish(result).get_data()))
    scenario.iterate_until(lambda: results)
    assert results == [b'first'], results
    assert connection.read_bytes(5, None).get_data() == b'first'
    connection.get_output_stream().write_all(b'answer', None)
    assert peer.recv(100) == b'answer'
    succeeded, info = ours.get_info()
    assert succeeded and info.state == Dpdk.TcpState.ESTABLISHED
    assert (info.bytes_sent, info.bytes_received) == (6, 13), info
    assert connection.condition_check(GLib.IOCondition.OUT) == GLib.IOCondition.OUT
    assert connection.read_bytes(100, None).get_data() == b', second'
    calls = []
    source = connection.create_source(GLib.IOCondition.IN, None)
    source.set_callback(lambda *_: calls.append(connection.condition_check(GLib.IOCondition.IN)))
    source.attach(None)
    peer.sendall(b'more')
    scenario.iterate_until(lambda: calls)
    assert calls == [GLib.IOCondition.IN] and source.is_destroyed(), calls
    assert connection.read_bytes(100, None).get_data() == b'more'
    # linger 0 resets
    ours.set_linger(0)
    connection.close(None)
    try:
        peer.recv(1)
        raise AssertionError('the connection was not reset')
    except ConnectionResetError:
        pass
    assert connection.condition_check(0) & GLib.IOCondition.HUP


def listeners():
    runtime = scenario.start_default()
    both = Dpdk.TcpListener.new(runtime, address_of('::', scenario.PORT), 16)
    assert not both.get_ipv6_only() and both.props.ttl == 64
    both.set_ttl(9)
    client = kernel_socket.create_connection((scenario.ADDRESS, scenario.PORT),
                                             timeout=scenario.DEADLINE_S)
    connection = both.accept(None)
    assert connection.get_socket().get_ttl() == 9
    assert connection.get_local_address().get_address().to_string() == scenario.ADDRESS
    client.close()
    touch_all(both)
    both.close()
    only = Dpdk.TcpListener.new_with_flags(runtime, address_of('::', scenario.PORT), 16,
                                           Dpdk.TcpListenerFlags.IPV6_ONLY)
    assert only.get_ipv6_only()


def source_of_a_listener():
    """The connections of a listener, announced by a source of a main context."""
    runtime = scenario.start_default()
    listener = scenario.listen(runtime)
    cancellable = Gio.Cancellable()
    accepted = []
    calls = []

    # PyGObject gives the callback of a source none of its arguments
    def on_ready(*_):
        calls.append(cancellable.is_cancelled())
        try:
            while True:
                accepted.append(listener.accept_nonblocking())
        except GLib.Error as error:
            assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.WOULD_BLOCK), error
        return not cancellable.is_cancelled()

    expect_io_error(Gio.IOErrorEnum.WOULD_BLOCK, listener.accept_nonblocking)
    source = listener.create_source(cancellable)
    source.set_callback(on_ready)
    source.attach(None)
    clients = []
    for number in range(3):
        clients.append(kernel_socket.create_connection((scenario.ADDRESS, scenario.PORT),
                                                       timeout=scenario.DEADLINE_S))
        scenario.iterate_until(lambda: len(accepted) == number + 1)
    for client, connection in zip(clients, accepted):
        client.sendall(b'question')
        assert connection.read_bytes(100, None).get_data() == b'question'
        client.close()
    assert not any(calls), calls
    cancellable.cancel()
    scenario.iterate_until(lambda: source.is_destroyed())
    assert calls[-1], calls
    listener.close()
    expect_io_error(Gio.IOErrorEnum.CLOSED, listener.accept_nonblocking)


def addresses_and_state():
    """As properties, which other objects can be bound to."""

    class Light(GObject.Object):
        on = GObject.Property(type=bool, default=False)

    runtime = scenario.start_default()
    ours = Dpdk.TcpSocket.new(runtime, Gio.SocketFamily.IPV4)
    light = Light()
    notified = []
    results = []

    assert ours.props.local_address is None and ours.props.remote_address is None
    ours.bind_property('connected', light, 'on', GObject.BindingFlags.SYNC_CREATE)
    GObject.Object.connect(ours, 'notify', lambda source, pspec: notified.append(pspec.name))
    expect_io_error(Gio.IOErrorEnum.INVALID_ARGUMENT, ours.bind_to_host, KERNEL, 0, None, None)

    def on_bound(source, result):
        results.append(source.bind_to_host_finish(result))

    ours.bind_to_host_async(scenario.ADDRESS, 7777, None, None, on_bound)
    scenario.iterate_until(lambda: results)
    assert results == [True]
    assert ours.props.local_address.to_string() == f'{scenario.ADDRESS}:7777'
    server = kernel_socket.create_server((KERNEL, 0))
    remote = address_of(KERNEL, server.getsockname()[1])
    connection = ours.connect(remote, None)
    peer, address = server.accept()
    server.close()
    assert address == (scenario.ADDRESS, 7777), address
    assert light.on and connection.props.connected
    for thing in ours, connection:
        assert thing.props.local_address.to_string() == f'{scenario.ADDRESS}:7777'
        assert thing.props.remote_address.to_string() == remote.to_string()
    assert notified == ['local-address', 'remote-address', 'local-address',
                        'connected'], notified
    # the end that the peer makes of it is told in the main context
    peer.setsockopt(kernel_socket.SOL_SOCKET, kernel_socket.SO_LINGER,
                    struct.pack('ii', 1, 0))
    peer.close()
    scenario.iterate_until(lambda: not light.on)
    assert not connection.props.connected and notified[-1] == 'connected'
    touch_all(ours)
    touch_all(connection)
    listener = scenario.listen(runtime)
    assert listener.props.local_address.to_string() == f'{scenario.ADDRESS}:{scenario.PORT}'


def on_the_worker():
    """Accepting and connecting without a main context."""
    runtime = scenario.start_default()
    worker = runtime.dup_worker(0)
    listener = scenario.listen(runtime)
    done = threading.Event()
    accepted = []
    connected = []

    def on_accepted(source, accepted_socket):
        accepted.append((source is listener, Dpdk.Worker.dup_current() is worker,
                         Dpdk.TcpConnection.new(accepted_socket)))
        done.set()

    expect_dpdk_error(Dpdk.Error.WRONG_WORKER, listener.set_accept_callback, on_accepted)
    worker.invoke(lambda *_: listener.set_accept_callback(on_accepted))
    client = scenario.start_client()
    assert done.wait(scenario.DEADLINE_S)
    is_listener, is_worker, connection = accepted[0]
    assert is_listener and is_worker
    line = connection.read_bytes(100, None).get_data()
    connection.get_output_stream().write_all(b'got: ' + line, None)
    connection.close(None)
    assert scenario.finish_client(client) == 'got: hello from the kernel\n'

    done.clear()
    server = kernel_socket.create_server((KERNEL, 0))

    def on_connected(ours, error):
        connected.append((error, ours.is_connected()))
        done.set()

    def begin(*_):
        ours = Dpdk.TcpSocket.new(runtime, Gio.SocketFamily.IPV4)
        ours.begin_connect(address_of(KERNEL, server.getsockname()[1]), on_connected)

    worker.invoke(begin)
    assert done.wait(scenario.DEADLINE_S)
    assert connected == [(None, True)], connected
    server.close()


if __name__ == '__main__':
    scenario.run_named(scenario.collect(globals(), 'address_of', 'expect_io_error', 'open_pair'))
