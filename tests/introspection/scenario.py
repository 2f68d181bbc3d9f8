# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the scenarios of the introspection tests share: a network namespace, a runtime, a client."""

import ctypes
import os
import subprocess
import sys
import time

import gi

gi.require_version('Dpdk', '1.0')
from gi.repository import Dpdk, Gio, GLib  # noqa: E402

CLONE_NEWNET = 0x40000000
ADDRESS = '198.18.0.2'
PORT = 7000
DEADLINE_S = 15
# hugepages come and go with the other tests of this machine
EAL_ARGS = ['--no-huge', '--no-shconf', '-m', '64']

# a device without a kernel's end, which is quicker to start
RING = '''{
  "dpdk_cores": [0],
  "devices": [{"vdev": "net_ring0", "addresses": ["198.18.0.2/24"]}]
}'''

# the kernel as the peer: sends a line, prints what comes back until the end
CLIENT = f'''
import socket
client = socket.create_connection(("{ADDRESS}", {PORT}), timeout={DEADLINE_S})
client.sendall(b"hello from the kernel\\n")
received = b""
while True:
    part = client.recv(65536)
    if not part:
        break
    received += part
print(received.decode(), end="")
'''


def enter_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), 'unshare')
    ip('link', 'set', 'lo', 'up')


def ip(*arguments):
    subprocess.run(('ip',) + arguments, check=True)


def configure_kernel():
    """The kernel's end of the embedded default, which must not have the MAC of ours."""
    ip('link', 'set', 'dpdk0', 'address', '02:00:00:00:00:01')
    ip('address', 'add', '198.18.0.1/24', 'dev', 'dpdk0')
    ip('link', 'set', 'dpdk0', 'up')


def start_default():
    """A runtime on the embedded default, whatever this machine has in /etc."""
    enter_namespace()
    builder = Dpdk.RuntimeBuilder.new()
    builder.set_config(Dpdk.Config.new_default())
    builder.add_eal_args(EAL_ARGS)
    runtime = builder.build()
    configure_kernel()
    return runtime


def start_ring(config=RING, idle_policy=Dpdk.IdlePolicy.ADAPTIVE):
    builder = Dpdk.RuntimeBuilder.new()
    builder.set_config(Dpdk.Config.new_from_data(config, -1))
    builder.add_eal_args(EAL_ARGS)
    builder.set_idle_policy(idle_policy)
    return builder.build()


def listen(runtime):
    address = Gio.InetSocketAddress.new_from_string(ADDRESS, PORT)
    return Dpdk.TcpListener.new(runtime, address, 16)


def start_client():
    # its errors are no errors of the scenario, which may end before it
    return subprocess.Popen((sys.executable, '-c', CLIENT), stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, encoding='utf-8')


def finish_client(client):
    output, _ = client.communicate(timeout=DEADLINE_S)
    assert client.returncode == 0, f'the client ended with {client.returncode}'
    return output


def iterate_until(condition):
    context = GLib.MainContext.default()
    deadline = time.monotonic() + DEADLINE_S
    # so that the deadline is seen
    tick = GLib.timeout_add(100, lambda: True)
    while not condition():
        assert time.monotonic() < deadline, 'nothing happened'
        context.iteration(True)
    GLib.source_remove(tick)


def expect_error(domain, code, function, *arguments):
    try:
        result = function(*arguments)
    except GLib.Error as error:
        assert error.matches(domain, code), f'{error.domain} {error.code}: {error.message}'
        return error.message
    raise AssertionError(f'{function} returned {result}')


def expect_dpdk_error(code, function, *arguments):
    return expect_error(Dpdk.Error.quark(), code, function, *arguments)


def start_eal():
    return Dpdk.Eal.new(EAL_ARGS)


def as_text(value):
    """Each address that is read is a new one."""
    return value.to_string() if isinstance(value, Gio.SocketAddress) else value


def touch_all(thing):
    """Reads every property, and calls every getter without arguments; they have to agree."""
    names = set()
    for pspec in thing.list_properties():
        if pspec.owner_type.name.startswith('Dpdk'):
            names.add(pspec.name)
            value = as_text(thing.get_property(pspec.name))
            getter = (getattr(thing, 'get_' + pspec.name.replace('-', '_'), None) or
                      getattr(thing, 'is_' + pspec.name.replace('-', '_')))
            if value is None and pspec.value_type == Gio.SocketAddress.__gtype__:
                # the getter says why there is none
                expect_error(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_CONNECTED, getter)
            else:
                got = as_text(getter())
                assert got == value, f'{thing} {pspec.name}: {got} is not {value}'
    for name in dir(type(thing)):
        info = getattr(type(thing), name)
        if (name.startswith(('get_', 'is_', 'to_')) and type(info).__name__ == 'FunctionInfo' and
                info.get_namespace() == 'Dpdk' and info.is_method() and
                not info.get_arguments()):
            getattr(thing, name)()
            names.add(name)
    return names


class Echo:
    """Serves one connection, each step an async call of GIO."""

    def __init__(self, runtime):
        self.listener = listen(runtime)
        self.connection = None
        self.is_done = False
        self.listener.accept_async(None, self.on_accepted)

    def on_accepted(self, listener, result):
        self.connection = listener.accept_finish(result)
        self.connection.get_input_stream().read_bytes_async(
            4096, GLib.PRIORITY_DEFAULT, None, self.on_read)

    def on_read(self, stream, result):
        data = stream.read_bytes_finish(result)
        self.connection.get_output_stream().write_bytes_async(
            GLib.Bytes.new(b'echo: ' + data.get_data()), GLib.PRIORITY_DEFAULT, None,
            self.on_written)

    def on_written(self, stream, result):
        stream.write_bytes_finish(result)
        self.connection.close_async(GLib.PRIORITY_DEFAULT, None, self.on_closed)

    def on_closed(self, connection, result):
        connection.close_finish(result)
        self.is_done = True


def serve_one(runtime):
    echo = Echo(runtime)
    client = start_client()
    iterate_until(lambda: echo.is_done)
    output = finish_client(client)
    assert output == 'echo: hello from the kernel\n', output
    return echo


def collect(names, *helpers):
    """The functions of a module, but for those that only help."""
    return {name: function for name, function in names.items()
            if callable(function) and getattr(function, '__module__', '') == names['__name__']
            and name not in helpers}


def run_named(scenarios):
    """Runs the scenario that the command line names, in an empty folder."""
    os.chdir(os.environ['DPDK_TEST_FOLDER'])
    os.environ.pop('DPDK_ENV_CONFIG', None)
    scenarios[sys.argv[1]]()
