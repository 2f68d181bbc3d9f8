/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TLS over our connections, with a peer behind the kernel's that breaks it off */
#include "net-kernel.h"
#include "net-tls.h"

#include <sys/socket.h>

/* the header of a record of 16 KiB of application data, and the beginning of it */
static const guint8 truncated_record[] = { 0x17, 0x03, 0x03, 0x40, 0x00, 1, 2, 3, 4, 5 };
/* a whole one, which nobody has encrypted */
static const guint8 forged_record[] = { 0x17, 0x03, 0x03, 0x00, 0x20, [36] = 0 };
/* of a ClientHello and of a ServerHello that go on after it */
static const guint8 hello_of_client[] = { 0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc };
static const guint8 hello_of_server[] = { 0x16, 0x03, 0x03, 0x00, 0x7a, 0x02, 0x00, 0x00, 0x76 };
static const guint8 garbage[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

typedef enum {
  END_FIN,
  END_RESET,
  END_RUNTIME,
} End;

typedef struct {
  gboolean we_serve;
  const void *data;
  gsize size;
  End end;
} Case;

typedef struct {
  const Case *row;
  DpdkRuntime *runtime;
  int fd;
} Peer;

static void
end_peer (Peer *self)
{
  g_autoptr (GError) error = NULL;

  switch (self->row->end)
    {
    case END_FIN:
      net_kernel_finish (self->fd);
      break;
    case END_RESET:
      net_kernel_reset (self->fd);
      self->fd = -1;
      break;
    case END_RUNTIME:
    default:
      dpdk_runtime_shutdown (self->runtime, 20000, &error);
      g_assert_no_error (error);
    }
}

static void
clear_peer (Peer *self)
{
  if (self->fd >= 0)
    net_kernel_close (self->fd);
}

/* waits for the first words of a client, and breaks off in the middle of its own */
static gpointer
break_off_handshake_thread (gpointer data)
{
  Peer *self = data;
  guint8 buffer[64];

  if (!self->row->we_serve)
    net_kernel_read (self->fd, buffer, sizeof buffer);
  if (self->row->size > 0)
    net_kernel_write (self->fd, self->row->data, self->row->size);
  if (self->row->size > 0)
    net_kernel_wait_acknowledged (self->fd);
  end_peer (self);
  return NULL;
}

/* gives our end, or without a runtime one of the kernel's: what its error is decides what ours must be */
static GIOStream *
connect_peer (Peer *peer)
{
  GIOStream *stream;

  if (peer->runtime != NULL)
    {
      DpdkTcpListener *listener = net_listen (peer->runtime, NET_OUR_V4, 0);

      peer->fd = net_kernel_connect (NET_OUR_V4, net_listener_get_port (listener));
      stream = G_IO_STREAM (net_accept (listener));
      net_release (listener);
    }
  else
    {
      guint16 port = 0;
      int listener = net_kernel_listen ("127.0.0.1", 1, &port);

      peer->fd = net_kernel_connect ("127.0.0.1", port);
      stream = net_kernel_stream_new (net_kernel_accept (listener));
      net_kernel_close (listener);
    }
  return stream;
}

static GIOStream *
wrap (GIOStream *base, gboolean serve)
{
  return serve ? net_tls_server_new (base) : net_tls_client_new (base, NET_TLS_NAME);
}

static GError *
fail_handshake (DpdkRuntime *runtime, const Case *row)
{
  Peer peer = { .row = row, .runtime = runtime };
  GIOStream *base = connect_peer (&peer);
  GIOStream *stream = wrap (base, row->we_serve);
  GThread *thread = g_thread_new ("peer", break_off_handshake_thread, &peer);
  GError *error = NULL;

  g_assert_false (g_tls_connection_handshake (G_TLS_CONNECTION (stream), NULL, &error));
  g_assert_nonnull (error);
  g_thread_join (thread);
  g_io_stream_close (stream, NULL, NULL);
  net_release_later (stream);
  net_release_later (base);
  clear_peer (&peer);
  return error;
}

static void
run_cases (const Case *cases, guint n, GError *(*fail) (DpdkRuntime *runtime, const Case *row))
{
  DpdkRuntime *runtime = net_start ();

  net_run ("ip link set lo up");
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) ours = fail (runtime, &cases[i]);
      g_autoptr (GError) kernels = NULL;

      if (cases[i].end == END_RUNTIME)
        {
          g_assert_error (ours, G_IO_ERROR, G_IO_ERROR_CLOSED);
          continue;
        }
      kernels = fail (NULL, &cases[i]);
      g_printerr ("# case %u: %s; with the kernel's sockets: %s\n", i, ours->message,
                  kernels->message);
      g_assert_error (ours, kernels->domain, kernels->code);
    }
  net_stop (runtime);
}

static void
test_handshake (void)
{
  const Case cases[] = {
    { FALSE, NULL, 0, END_FIN },
    { FALSE, hello_of_server, sizeof hello_of_server, END_FIN },
    { FALSE, garbage, sizeof garbage, END_FIN },
    { FALSE, NULL, 0, END_RESET },
    { FALSE, hello_of_server, sizeof hello_of_server, END_RESET },
    { TRUE, NULL, 0, END_FIN },
    { TRUE, hello_of_client, sizeof hello_of_client, END_FIN },
    { TRUE, garbage, sizeof garbage, END_FIN },
    { TRUE, NULL, 0, END_RESET },
    { TRUE, hello_of_client, sizeof hello_of_client, END_RESET },
    /* the last one, because it ends the runtime */
    { TRUE, hello_of_client, sizeof hello_of_client, END_RUNTIME },
  };

  run_cases (cases, G_N_ELEMENTS (cases), fail_handshake);
}

/* the peer's end of a connection that works until it says something that the library has not said */
static gpointer
break_off_record_thread (gpointer data)
{
  Peer *self = data;
  g_autoptr (GIOStream) base = net_kernel_stream_new (self->fd);
  g_autoptr (GIOStream) stream = wrap (base, !self->row->we_serve);
  /* breaks the connection, which is a reset, and leaves the descriptor */
  const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

  net_tls_handshake (stream);
  net_stream_write_pattern (stream, 0, 10000);
  net_stream_read_pattern (stream, 0, 10);
  if (self->row->size > 0)
    {
      net_kernel_write (self->fd, self->row->data, self->row->size);
      net_kernel_wait_acknowledged (self->fd);
    }
  if (self->row->end == END_RESET)
    g_assert_cmpint (connect (self->fd, &nobody, sizeof nobody), ==, 0);
  else
    end_peer (self);
  self->fd = -1;
  return NULL;
}

static GError *
fail_record (DpdkRuntime *runtime, const Case *row)
{
  Peer peer = { .row = row, .runtime = runtime };
  GIOStream *base = connect_peer (&peer);
  GIOStream *stream = wrap (base, row->we_serve);
  GThread *thread = g_thread_new ("peer", break_off_record_thread, &peer);
  GError *error = NULL;
  guint8 byte;

  net_tls_handshake (stream);
  net_stream_read_pattern (stream, 0, 10000);
  net_stream_write_pattern (stream, 0, 10);
  g_assert_cmpint (
      g_input_stream_read (g_io_stream_get_input_stream (stream), &byte, 1, NULL, &error), ==, -1);
  g_thread_join (thread);
  g_io_stream_close (stream, NULL, NULL);
  net_release_later (stream);
  net_release_later (base);
  return error;
}

static void
test_record (void)
{
  const Case cases[] = {
    { FALSE, NULL, 0, END_FIN },
    { TRUE, NULL, 0, END_FIN },
    { FALSE, truncated_record, sizeof truncated_record, END_FIN },
    { TRUE, truncated_record, sizeof truncated_record, END_FIN },
    { FALSE, NULL, 0, END_RESET },
    { TRUE, NULL, 0, END_RESET },
    { FALSE, truncated_record, sizeof truncated_record, END_RESET },
    { TRUE, truncated_record, sizeof truncated_record, END_RESET },
    { FALSE, forged_record, sizeof forged_record, END_FIN },
    { TRUE, forged_record, sizeof forged_record, END_FIN },
    /* the last one, because it ends the runtime */
    { TRUE, truncated_record, sizeof truncated_record, END_RUNTIME },
  };

  run_cases (cases, G_N_ELEMENTS (cases), fail_record);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  if (net_tls_is_missing ())
    return 0;
  dpdk_test_add_func ("/net/tls-failures/handshake", DPDK_TEST_FLAGS_NETWORK, test_handshake);
  dpdk_test_add_func ("/net/tls-failures/record", DPDK_TEST_FLAGS_NETWORK, test_record);
  return g_test_run ();
}
