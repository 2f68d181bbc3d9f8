# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a Python program can do with sockets of TCP."""

import scenario
from scenario import Dpdk, Gio, GLib, touch_all


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


if __name__ == '__main__':
    scenario.run_named(scenario.collect(globals()))
