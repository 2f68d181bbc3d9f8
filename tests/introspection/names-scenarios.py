#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names from Python: the resolver, the client that connects by name, and listening on a name."""

import socket
import struct
import threading

import scenario
from scenario import Dpdk, Gio, GLib

KERNEL = '198.18.0.1'
# by name and type
RECORDS = {
    ('host.test', 1): socket.inet_aton(KERNEL),
    ('ours.test', 1): socket.inet_aton(scenario.ADDRESS),
    ('zone.test', 16): b'\x05hello',
    ('1.0.18.198.in-addr.arpa', 12): b'\x04host\x04test\x00',
}
ECHO_PORT = 7007


def read_name(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += message[at] + 1
    return '.'.join(labels), at + 1


def answer(question):
    name, end = read_name(question)
    kind, = struct.unpack_from('>H', question, end)
    data = RECORDS.get((name, kind))
    known = any(name == known for known, _ in RECORDS)
    header = question[:2] + struct.pack('>HHHHH', 0x8180 if known else 0x8183, 1,
                                        1 if data else 0, 0, 0)
    record = struct.pack('>HHHIH', 0xc00c, kind, 1, 60, len(data)) + data if data else b''
    return header + question[12:end + 4] + record


def serve_names():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((KERNEL, 53))

    def serve():
        while True:
            question, client = server.recvfrom(4096)
            server.sendto(answer(question), client)

    threading.Thread(target=serve, daemon=True).start()


def serve_echo():
    server = socket.create_server((KERNEL, ECHO_PORT))

    def serve():
        while True:
            connection, _ = server.accept()
            with connection:
                while data := connection.recv(4096):
                    connection.sendall(data)

    threading.Thread(target=serve, daemon=True).start()


def start():
    runtime = scenario.start_default()
    serve_names()
    resolver = Dpdk.Resolver.new(runtime, [KERNEL])
    resolver.set_attempt_timeout(scenario.DEADLINE_S * 1000)
    return runtime, resolver


def names_of(addresses):
    return [address.to_string() for address in addresses]


def resolver():
    runtime, names = start()
    assert names.dup_name_servers() == [KERNEL] == names.props.name_servers
    names.props.attempts = 3
    assert names.get_attempts() == 3
    assert names_of(names.lookup_by_name('host.test', None)) == [KERNEL]
    assert names.lookup_by_address(Gio.InetAddress.new_from_string(KERNEL), None) == 'host.test'
    records = names.lookup_records('zone.test', Gio.ResolverRecordType.TXT, None)
    assert [record.unpack() for record in records] == [(['hello'],)], records
    message = scenario.expect_error(Gio.resolver_error_quark(), Gio.ResolverError.NOT_FOUND,
                                    names.lookup_by_name, 'nobody.test', None)
    assert 'nobody.test' in message, message
    message = scenario.expect_error(Dpdk.Error.quark(), Dpdk.Error.INVALID_ARGUMENT,
                                    Dpdk.Resolver.new, runtime, ['host.test'])
    assert 'host.test' in message, message
    scenario.expect_error(Dpdk.Error.quark(), Dpdk.Error.INVALID_ARGUMENT,
                          Dpdk.Resolver.new, runtime, None)


def default_resolver():
    runtime, names = start()
    Gio.Resolver.set_default(names)
    enumerator = Gio.NetworkAddress.new('host.test', 80).enumerate()
    address = enumerator.next(None)
    assert address.get_address().to_string() == KERNEL and address.get_port() == 80
    assert enumerator.next(None) is None
    # it stays what it is, and holds nothing
    assert runtime.shutdown(10000)
    scenario.expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.CLOSED,
                          names.lookup_by_name, 'host.test', None)


def exchange(connection):
    connection.get_output_stream().write_all(b'by name', None)
    data = connection.get_input_stream().read_bytes(100, None).get_data()
    assert data == b'by name', data
    assert connection.close(None)


def client():
    runtime, names = start()
    serve_echo()
    connector = Dpdk.TcpClient.new(runtime)
    assert connector.dup_runtime() is runtime and connector.get_resolver() is None
    connector.props.resolver = names
    connector.props.timeout = scenario.DEADLINE_S * 1000
    exchange(connector.connect_to_host('host.test', ECHO_PORT, None))
    exchange(connector.connect_to_host(f'{KERNEL}:{ECHO_PORT}', 1, None))
    exchange(connector.connect_to_uri(f'http://host.test:{ECHO_PORT}/', 80, None))
    message = scenario.expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.CONNECTION_REFUSED,
                                    connector.connect_to_host, 'host.test', 9, None)
    assert 'host.test:9' in message and KERNEL in message, message


def client_async():
    runtime, names = start()
    serve_echo()
    connector = Dpdk.TcpClient(runtime=runtime, resolver=names)
    done = []

    def on_connected(source, result):
        done.append(source.connect_to_host_finish(result))

    connector.connect_to_host_async('host.test', ECHO_PORT, None, on_connected)
    scenario.iterate_until(lambda: done)
    exchange(done[0])

    cancellable = Gio.Cancellable()
    errors = []

    def on_cancelled(source, result):
        try:
            source.connect_to_host_finish(result)
        except GLib.Error as error:
            errors.append(error)

    connector.connect_to_host_async('host.test', ECHO_PORT, cancellable, on_cancelled)
    cancellable.cancel()
    scenario.iterate_until(lambda: errors)
    assert errors[0].matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), errors


def listener():
    runtime, names = start()
    bound = Dpdk.TcpListener.new_for_host(runtime, 'ours.test', scenario.PORT, 16, names, None)
    assert bound.get_local_address().get_port() == scenario.PORT
    with socket.create_connection((scenario.ADDRESS, scenario.PORT), scenario.DEADLINE_S):
        connection = bound.accept(None)
        assert connection.is_connected()
    message = scenario.expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_ARGUMENT,
                                    Dpdk.TcpListener.new_for_host, runtime, 'host.test', 1, 16,
                                    names, None)
    assert KERNEL in message, message


SCENARIOS = {function.__name__: function for function in (
    resolver, default_resolver, client, client_async, listener)}

if __name__ == '__main__':
    scenario.run_named(SCENARIOS)
