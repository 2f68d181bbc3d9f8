# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a Python program can do with configurations, runtimes and workers."""

import gc
import json
import os
import signal
import threading
import weakref

import scenario
from scenario import Dpdk, Gio, GLib, expect_dpdk_error, touch_all


def errors_of_a_configuration():
    # as it is with and without an override of the class GLib.Error
    domain = GLib.quark_to_string(Dpdk.Error.quark())
    assert domain == 'dpdk-error-quark', domain
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


if __name__ == '__main__':
    scenario.run_named(scenario.collect(globals()))
