/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-pair.h"

#include <sched.h>

static const char *const hosts[] = { "198.18.1.1", "198.18.1.2" };

/* the cores that this process may use, in turn */
static guint
get_core (guint end)
{
  cpu_set_t allowed;
  guint n;

  g_assert_cmpint (sched_getaffinity (0, sizeof allowed, &allowed), ==, 0);
  n = end % (guint) CPU_COUNT (&allowed);
  for (guint core = 0;; core++)
    if (CPU_ISSET (core, &allowed) && n-- == 0)
      return core;
}

static DpdkRuntime *
build (NetPair *self, guint end, guint64 budget)
{
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  DpdkPort *port = dpdk_test_link_get_port (self->link, end);
  g_autofree char *json =
      g_strdup_printf ("{\"dpdk_cores\": [%u], \"devices\": [{\"vdev\": \"%s\", "
                       "\"mac\": \"02:00:00:00:00:0%u\", \"addresses\": [\"%s/24\"]}]}",
                       get_core (end), dpdk_port_get_devargs (port), end + 1, hosts[end]);
  g_autoptr (GError) error = NULL;
  DpdkRuntime *runtime;

  dpdk_runtime_builder_add_port (builder, port);
  dpdk_runtime_builder_set_memory_budget (builder, budget);
  runtime = net_build_with (builder, json, &error);
  g_assert_no_error (error);
  return runtime;
}

void
net_pair_start (NetPair *self, guint64 budget_0, guint64 budget_1)
{
  g_autoptr (GError) error = NULL;

  self->eal = dpdk_eal_new (NULL, &error);
  g_assert_no_error (error);
  self->link = dpdk_test_link_new (self->eal, 1, &error);
  g_assert_no_error (error);
  for (guint end = 0; end < 2; end++)
    {
      self->runtimes[end] = build (self, end, end == 0 ? budget_0 : budget_1);
      self->workers[end] = dpdk_runtime_dup_worker (self->runtimes[end], 0);
    }
}

void
net_pair_stop (NetPair *self)
{
  for (guint end = 0; end < 2; end++)
    {
      DPDK_TEST_WAIT_UNTIL (net_pair_get_counter (self, end, DPDK_STACK_COUNTER_MEMORY_USED) == 0);
      g_assert_cmpuint (net_pair_get_counter (self, end, DPDK_STACK_COUNTER_TCP_CONNECTIONS), ==,
                        0);
    }
  net_pair_end (self);
}

void
net_pair_end (NetPair *self)
{
  g_autoptr (GError) error = NULL;

  for (guint end = 0; end < 2; end++)
    {
      dpdk_runtime_shutdown (self->runtimes[end], 10000, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (net_pair_get_counter (self, end, DPDK_STACK_COUNTER_MEMORY_USED), ==, 0);
      net_release (self->workers[end]);
      net_release (self->runtimes[end]);
    }
  net_release (self->link);
  g_clear_object (&self->eal);
  dpdk_test_assert_eal_dead ();
}

const char *
net_pair_get_host (guint end)
{
  return hosts[end];
}

guint64
net_pair_get_counter (NetPair *self, guint end, DpdkStackCounter counter)
{
  g_autoptr (DpdkStackCounters) counters = dpdk_worker_dup_stack_counters (self->workers[end]);

  return dpdk_stack_counters_get_value (counters, counter);
}

void
net_pair_connect (NetPair *self, DpdkTcpListener *listener, DpdkTcpConnection **clients,
                  DpdkTcpConnection **servers, guint n)
{
  guint16 port = net_listener_get_port (listener);

  for (guint i = 0; i < n; i++)
    {
      clients[i] = net_connect (self->runtimes[0], hosts[1], port);
      servers[i] = net_accept (listener);
    }
}

void
net_pair_abort (DpdkTcpConnection **connections, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      dpdk_tcp_connection_abort (connections[i]);
      net_release (g_steal_pointer (&connections[i]));
    }
}

gsize
net_try_write_pattern (DpdkTcpConnection *connection, guint64 offset, gsize size)
{
  GPollableOutputStream *output =
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (connection)));
  g_autoptr (GError) error = NULL;
  gsize done = 0;

  while (done < size)
    {
      gssize n = g_pollable_output_stream_write_nonblocking (
          output, net_pattern (offset + done), MIN (size - done, NET_PATTERN_SIZE), NULL, &error);

      if (n < 0)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
          break;
        }
      done += (gsize) n;
    }
  return done;
}

gsize
net_try_read_pattern (DpdkTcpConnection *connection, guint64 offset, gsize size)
{
  GPollableInputStream *input =
      G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  g_autoptr (GError) error = NULL;
  gsize done = 0;
  guint8 buffer[16384];

  while (done < size)
    {
      gssize n = g_pollable_input_stream_read_nonblocking (
          input, buffer, MIN (size - done, sizeof buffer), NULL, &error);

      if (n < 0)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
          break;
        }
      g_assert_cmpint (n, >, 0);
      g_assert_cmpmem (buffer, n, net_pattern (offset + done), n);
      done += (gsize) n;
    }
  return done;
}
