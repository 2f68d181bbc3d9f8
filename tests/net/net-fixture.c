/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-fixture.h"

#include <net/if.h>
#include <string.h>

#define SHUTDOWN_MS 10000
#define PATTERN_PERIOD 65521

static char *
run (int *wait_status, const char *command, va_list arguments)
{
  g_autofree char *line = g_strdup_vprintf (command, arguments);
  const char *argv[] = { "/bin/sh", "-c", line, NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *errors = NULL;
  char *output = NULL;
  gboolean success;

  success = g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, &errors,
                          wait_status, &error);
  g_assert_no_error (error);
  g_assert_true (success);
  if (errors[0] != '\0')
    g_printerr ("# %s: %s", line, errors);
  return output;
}

char *
net_run_for_output (int *wait_status, const char *command, ...)
{
  va_list arguments;
  char *output;

  va_start (arguments, command);
  output = run (wait_status, command, arguments);
  va_end (arguments);
  return output;
}

void
net_run (const char *command, ...)
{
  g_autofree char *output = NULL;
  va_list arguments;
  int wait_status;

  va_start (arguments, command);
  output = run (&wait_status, command, arguments);
  va_end (arguments);
  if (wait_status != 0)
    g_error ("%s: wait status %d: %s", command, wait_status, output);
}

DpdkRuntime *
net_build_with (DpdkRuntimeBuilder *builder, const char *json, GError **error)
{
  g_autoptr (DpdkConfig) config = NULL;
  g_autoptr (GError) config_error = NULL;

  config = json != NULL ? dpdk_config_new_from_data (json, -1, &config_error)
                        : dpdk_config_new_default ();
  g_assert_no_error (config_error);
  dpdk_runtime_builder_set_config (builder, config);
  /* two cores, and other tests beside us */
  dpdk_runtime_builder_set_idle_policy (builder, DPDK_IDLE_POLICY_ADAPTIVE);
  return dpdk_runtime_builder_build (builder, error);
}

DpdkRuntime *
net_start_with (const char *json)
{
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  g_autoptr (GError) error = NULL;
  DpdkRuntime *runtime = net_build_with (builder, json, &error);

  g_assert_no_error (error);
  g_assert_true (DPDK_IS_RUNTIME (runtime));
  return runtime;
}

DpdkRuntime *
net_start (void)
{
  DpdkRuntime *runtime = net_start_with (NULL);

  net_kernel_up_default ();
  return runtime;
}

/* gives the kernel's end its addresses, "ADDRESS/LENGTH" */
void
net_kernel_up (const char *interface, ...)
{
  const char *address;
  va_list addresses;

  DPDK_TEST_WAIT_UNTIL (if_nametoindex (interface) != 0);
  /* where the default is BBR, it takes what a full tap drops for the doing of a policer, and sends a
     segment in a third of a second from then on */
  net_run ("echo reno >/proc/sys/net/ipv4/tcp_congestion_control");
  net_run ("ip link set %s up", interface);
  va_start (addresses, interface);
  while ((address = va_arg (addresses, const char *)) != NULL)
    net_run ("ip addr add %s dev %s %s", address, interface,
             strchr (address, ':') != NULL ? "nodad" : "");
  va_end (addresses);
}

void
net_kernel_up_default (void)
{
  net_kernel_up (NET_INTERFACE, NET_KERNEL_V4 "/24", NET_KERNEL_V6 "/64", NULL);
}

void
net_stop (DpdkRuntime *runtime)
{
  g_autoptr (GError) error = NULL;

  dpdk_runtime_shutdown (runtime, SHUTDOWN_MS, &error);
  g_assert_no_error (error);
  g_assert_false (dpdk_runtime_is_running (runtime));
  g_assert_finalize_object (runtime);
  /* nothing else may hold the EAL: not a socket, not a port, not a pool */
  dpdk_test_assert_eal_dead ();
}

GSocketAddress *
net_address (const char *host, guint16 port)
{
  GSocketAddress *address = g_inet_socket_address_new_from_string (host, port);

  g_assert_nonnull (address);
  return address;
}

guint16
net_address_get_port (GSocketAddress *address)
{
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

DpdkTcpListener *
net_listen (DpdkRuntime *runtime, const char *host, guint16 port)
{
  g_autoptr (GSocketAddress) address = net_address (host, port);
  g_autoptr (GError) error = NULL;
  DpdkTcpListener *listener = dpdk_tcp_listener_new (runtime, address, 512, &error);

  g_assert_no_error (error);
  g_assert_true (DPDK_IS_TCP_LISTENER (listener));
  return listener;
}

guint16
net_listener_get_port (DpdkTcpListener *listener)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address =
      dpdk_socket_get_local_address (DPDK_SOCKET (listener), &error);

  g_assert_no_error (error);
  return net_address_get_port (address);
}

DpdkTcpConnection *
net_accept (DpdkTcpListener *listener)
{
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection = dpdk_tcp_listener_accept (listener, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (DPDK_IS_TCP_CONNECTION (connection));
  return connection;
}

DpdkTcpConnection *
net_connect (DpdkRuntime *runtime, const char *host, guint16 port)
{
  g_autoptr (GSocketAddress) address = net_address (host, port);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTcpSocket) socket = NULL;
  DpdkTcpConnection *connection;

  socket = dpdk_tcp_socket_new (runtime, g_socket_address_get_family (address), &error);
  g_assert_no_error (error);
  connection = dpdk_tcp_socket_connect (socket, address, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (DPDK_IS_TCP_CONNECTION (connection));
  return connection;
}

/* at least NET_PATTERN_SIZE bytes */
const guint8 *
net_pattern (guint64 offset)
{
  static gsize initialized;
  static guint8 pattern[PATTERN_PERIOD + NET_PATTERN_SIZE];

  if (g_once_init_enter (&initialized))
    {
      guint32 state = 1;

      for (guint i = 0; i < PATTERN_PERIOD; i++)
        {
          state = state * 1664525 + 1013904223;
          pattern[i] = (guint8) (state >> 24);
        }
      for (guint i = PATTERN_PERIOD; i < sizeof pattern; i++)
        pattern[i] = pattern[i - PATTERN_PERIOD];
      g_once_init_leave (&initialized, 1);
    }
  return pattern + offset % PATTERN_PERIOD;
}

void
net_stream_write_pattern (GIOStream *stream, guint64 offset, guint64 size)
{
  GOutputStream *output = g_io_stream_get_output_stream (stream);
  g_autoptr (GError) error = NULL;

  for (gsize n; size > 0; offset += n, size -= n)
    {
      n = MIN (size, NET_PATTERN_SIZE);
      g_output_stream_write_all (output, net_pattern (offset), n, NULL, NULL, &error);
      g_assert_no_error (error);
    }
}

void
net_stream_read_pattern (GIOStream *stream, guint64 offset, guint64 size)
{
  GInputStream *input = g_io_stream_get_input_stream (stream);
  g_autofree guint8 *buffer = g_malloc (NET_PATTERN_SIZE);
  g_autoptr (GError) error = NULL;

  while (size > 0)
    {
      gssize n = g_input_stream_read (input, buffer, MIN (size, NET_PATTERN_SIZE), NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (n, >, 0);
      g_assert_cmpmem (buffer, n, net_pattern (offset), n);
      offset += (guint64) n;
      size -= (guint64) n;
    }
}

void
net_write_pattern (DpdkTcpConnection *connection, guint64 offset, guint64 size)
{
  net_stream_write_pattern (G_IO_STREAM (connection), offset, size);
}

void
net_read_pattern (DpdkTcpConnection *connection, guint64 offset, guint64 size)
{
  net_stream_read_pattern (G_IO_STREAM (connection), offset, size);
}

void
net_assert_at_end (DpdkTcpConnection *connection)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  g_autoptr (GError) error = NULL;
  guint8 byte;
  gssize n = g_input_stream_read (input, &byte, 1, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (n, ==, 0);
}

void
net_close (DpdkTcpConnection *connection)
{
  g_autoptr (GError) error = NULL;

  g_io_stream_close (G_IO_STREAM (connection), NULL, &error);
  g_assert_no_error (error);
  g_assert_false (dpdk_tcp_connection_is_connected (connection));
}

void
net_release (gpointer object)
{
  g_assert_finalize_object (object);
}

static gboolean
is_gone (GWeakRef *ref)
{
  g_autoptr (GObject) object = g_weak_ref_get (ref);

  return object == NULL;
}

void
net_release_later (gpointer object)
{
  GWeakRef ref;

  g_weak_ref_init (&ref, object);
  g_object_unref (object);
  DPDK_TEST_WAIT_UNTIL (is_gone (&ref));
  g_weak_ref_clear (&ref);
}
