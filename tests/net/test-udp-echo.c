/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the example "udp-echo", as server and as client */
#include "net-kernel.h"
#include "net-program.h"
#include "net-udp.h"

#include <signal.h>

static const NetFamily families[] = NET_FAMILIES;

static void
test_server (void)
{
  DpdkTestProcess *server = net_program_start ("udp-echo", "server --port 7007");
  g_autofree guint8 *buffer = g_malloc (NET_UDP_MAX);
  g_autofree char *output = NULL;

  net_program_wait_for_output (server, "serving port 7007");
  net_kernel_up_default ();
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      int fd = net_kernel_udp_open (families[i].kernels, 0);

      for (guint j = 0; j < 100; j++)
        {
          g_autoptr (GSocketAddress) from = NULL;
          gsize n;

          net_kernel_udp_send (fd, families[i].ours, 7007, net_pattern (j), j * 500);
          n = net_kernel_udp_receive (fd, buffer, NET_UDP_MAX, &from);
          g_assert_cmpmem (buffer, n, net_pattern (j), j * 500);
          net_udp_assert_from (from, families[i].ours, 7007);
        }
      net_kernel_close (fd);
    }
  output = net_program_stop (server, SIGTERM);
}

/* one client, which may ask before the kernel has its address */
static void
run_client (const NetFamily *family, guint16 port, const char *arguments, const char *expected)
{
  g_autofree char *all =
      g_strdup_printf ("client --attempts 50 %s %u %s", family->kernels, port, arguments);
  DpdkTestProcess *client = net_program_start ("udp-echo", all);
  g_autofree char *output = NULL;

  net_kernel_up_default ();
  output = net_program_wait (client, NULL);
  g_assert_cmpstr (output, ==, expected);
}

static void
test_client (void)
{
  guint16 port = 0;
  NetUdpEcho *echo = net_udp_echo_new (&port);
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("dpdk-net-XXXXXX", &path, &error);
  g_autofree char *from_file = g_strdup_printf ("< '%s'", path);

  g_assert_no_error (error);
  net_kernel_close (fd);
  g_file_set_contents (path, "one\n\nthree\n", -1, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      run_client (&families[i], port, "hello to you", "hello to you");
      run_client (&families[i], port, from_file, "one\n\nthree\n");
    }
  net_run ("rm '%s'", path);
  net_udp_echo_free (echo);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/udp-echo/server", DPDK_TEST_FLAGS_NETWORK, test_server);
  dpdk_test_add_func ("/net/udp-echo/client", DPDK_TEST_FLAGS_NETWORK, test_client);
  return g_test_run ();
}
