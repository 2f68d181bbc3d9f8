/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the example tcp-echo in both roles, and ourselves as our own peer */
#include "net-dns.h"
#include "net-kernel.h"
#include "net-program.h"

#include <signal.h>
#include <string.h>

#define PORT 7
#define N_CLIENTS 20
#define MEBIBYTE (1024 * 1024)

static const NetFamily families[] = NET_FAMILIES;

typedef struct {
  int fd;
  guint64 offset;
  guint64 size;
} Sender;

static gpointer
send_and_finish (gpointer data)
{
  Sender *self = data;

  net_kernel_write_pattern (self->fd, self->offset, self->size);
  net_kernel_finish (self->fd);
  return NULL;
}

static gpointer
client_thread (gpointer data)
{
  Sender *self = data;
  GThread *thread = g_thread_new ("send", send_and_finish, self);

  g_assert_cmpuint (net_kernel_read_pattern_to_end (self->fd, self->offset), ==, self->size);
  g_thread_join (thread);
  net_kernel_close (self->fd);
  return NULL;
}

static void
test_example_server (void)
{
  DpdkTestProcess *server = net_program_start ("tcp-echo", "server");
  g_autofree char *output = NULL;
  GThread *threads[N_CLIENTS];
  Sender senders[N_CLIENTS];

  net_program_wait_for_output (server, "listening on " NET_OUR_V4);
  net_program_wait_for_output (server, "listening on [" NET_OUR_V6 "]");
  net_kernel_up_default ();
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      senders[i] = (Sender){ .offset = i * 12345, .size = 1 + i * i * 4321 };
      senders[i].fd = net_kernel_connect (families[i % 2].ours, PORT);
      threads[i] = g_thread_new ("client", client_thread, &senders[i]);
    }
  for (guint i = 0; i < N_CLIENTS; i++)
    g_thread_join (threads[i]);
  output = net_program_stop (server, SIGINT);
}

static void
test_example_client (void)
{
  const gsize size = 4 * MEBIBYTE;
  g_autofree char *input_path = NULL;
  g_autofree char *input = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("dpdk-net-XXXXXX", &input_path, &error);

  g_assert_no_error (error);
  net_kernel_close (fd);
  input = g_malloc (size);
  for (gsize at = 0; at < size; at += NET_PATTERN_SIZE)
    memcpy (input + at, net_pattern (at), NET_PATTERN_SIZE);
  g_file_set_contents (input_path, input, (gssize) size, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      /* the address has no interface yet */
      NetKernelServer *server =
          net_kernel_server_new (i == 0 ? "0.0.0.0" : "::", net_kernel_serve_echo, NULL);
      g_autofree char *arguments =
          g_strdup_printf ("client %s %u < '%s'", families[i].kernels,
                           net_kernel_server_get_port (server), input_path);
      DpdkTestProcess *client = net_program_start ("tcp-echo", arguments);
      g_autofree char *output = NULL;
      gsize output_size;

      /* one address: with it, the client may be done at once */
      net_kernel_up (NET_INTERFACE, i == 0 ? NET_KERNEL_V4 "/24" : NET_KERNEL_V6 "/64", NULL);
      output = net_program_wait (client, &output_size);
      g_assert_cmpmem (output, output_size, input, size);
      net_kernel_server_free (server);
    }
  net_run ("rm '%s'", input_path);
}

static void
test_example_client_text (void)
{
  NetKernelServer *server = net_kernel_server_new ("0.0.0.0", net_kernel_serve_echo, NULL);
  g_autofree char *arguments = g_strdup_printf ("client " NET_KERNEL_V4 " %u hello to you",
                                                net_kernel_server_get_port (server));
  DpdkTestProcess *client = net_program_start ("tcp-echo", arguments);
  g_autofree char *output = NULL;

  net_kernel_up (NET_INTERFACE, NET_KERNEL_V4 "/24", NULL);
  output = net_program_wait (client, NULL);
  g_assert_cmpstr (output, ==, "hello to you");
  net_kernel_server_free (server);
}

/* the first questions may be lost, as the kernel has its address only after the program has started */
static void
test_example_client_name (void)
{
  NetKernelServer *server = net_kernel_server_new ("0.0.0.0", net_kernel_serve_echo, NULL);
  NetDns *dns = net_dns_new ("0.0.0.0");
  g_autoptr (GString) arguments = g_string_new ("client");
  g_autofree char *output = NULL;
  DpdkTestProcess *client;

  net_dns_add (dns, "echo.test", "A", NET_KERNEL_V4);
  for (guint i = 0; i < 5; i++)
    g_string_append (arguments, " --name-server " NET_KERNEL_V4);
  g_string_append_printf (arguments, " echo.test %u by name", net_kernel_server_get_port (server));
  client = net_program_start ("tcp-echo", arguments->str);
  net_kernel_up (NET_INTERFACE, NET_KERNEL_V4 "/24", NULL);
  output = net_program_wait (client, NULL);
  g_assert_cmpstr (output, ==, "by name");
  net_dns_free (dns);
  net_kernel_server_free (server);
}

typedef struct {
  DpdkTcpConnection *connection;
  guint64 size;
} Writer;

static gpointer
write_and_finish (gpointer data)
{
  Writer *self = data;
  g_autoptr (GError) error = NULL;

  net_write_pattern (self->connection, 3, self->size);
  dpdk_tcp_connection_shutdown (self->connection, FALSE, TRUE, &error);
  g_assert_no_error (error);
  return NULL;
}

static void
assert_equal_addresses (GSocketAddress *a, GSocketAddress *b)
{
  g_autofree char *name_of_a = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (a));
  g_autofree char *name_of_b = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (b));

  g_assert_cmpstr (name_of_a, ==, name_of_b);
  g_object_unref (a);
  g_object_unref (b);
}

/* packets to our own address do not leave the stack */
static void
test_own_address (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    for (guint round = 0; round < 10; round++)
      {
        DpdkTcpListener *listener = net_listen (runtime, families[i].ours, 0);
        guint16 port = net_listener_get_port (listener);
        DpdkTcpConnection *client = net_connect (runtime, families[i].ours, port);
        DpdkTcpConnection *server = net_accept (listener);
        Writer upstream = { client, MEBIBYTE }, downstream = { server, 2 * MEBIBYTE };
        GThread *thread;

        assert_equal_addresses (dpdk_tcp_connection_get_local_address (client, NULL),
                                dpdk_tcp_connection_get_remote_address (server, NULL));
        assert_equal_addresses (dpdk_tcp_connection_get_local_address (server, NULL),
                                dpdk_tcp_connection_get_remote_address (client, NULL));
        thread = g_thread_new ("upstream", write_and_finish, &upstream);
        net_read_pattern (server, 3, MEBIBYTE);
        net_assert_at_end (server);
        g_thread_join (thread);
        thread = g_thread_new ("downstream", write_and_finish, &downstream);
        net_read_pattern (client, 3, 2 * MEBIBYTE);
        net_assert_at_end (client);
        g_thread_join (thread);
        net_close (client);
        net_release (client);
        net_close (server);
        net_release (server);
        net_release (listener);
      }
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/echo/example-server", DPDK_TEST_FLAGS_NETWORK, test_example_server);
  dpdk_test_add_func ("/net/echo/example-client", DPDK_TEST_FLAGS_NETWORK, test_example_client);
  dpdk_test_add_func ("/net/echo/example-client-text", DPDK_TEST_FLAGS_NETWORK,
                      test_example_client_text);
  dpdk_test_add_func ("/net/echo/example-client-name", DPDK_TEST_FLAGS_NETWORK,
                      test_example_client_name);
  dpdk_test_add_func ("/net/echo/own-address", DPDK_TEST_FLAGS_NETWORK, test_own_address);
  return g_test_run ();
}
