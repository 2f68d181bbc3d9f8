/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lwip-fixture.h"

#include <lwip/dns.h>

static void
init_with_little_memory (Stack *stack, gpointer data)
{
  guint failures = 0;

  for (gint left = 0;; left++)
    {
      err_t err;
      g_atomic_int_set (&allocations_left, left);
      err = lwip_init_checked ();
      g_atomic_int_set (&allocations_left, -1);
      if (err == ERR_OK)
        break;
      g_assert_cmpint (err, ==, ERR_MEM);
      g_assert_cmpint (g_atomic_int_get (&allocations), ==, 0);
      failures++;
    }
  lwip_fini ();
  lwip_fini ();
  g_assert_cmpint (g_atomic_int_get (&allocations), ==, 0);
  g_assert_cmpuint (failures, >=, 10);
}

static void
test_init (void)
{
  World *world = world_new (1);

  world_start (world);
  stack_run (&world->stacks[0], stack_down, NULL);
  stack_run (&world->stacks[1], stack_down, NULL);
  stack_run (&world->stacks[0], init_with_little_memory, NULL);
  stack_run (&world->stacks[0], stack_up, NULL);
  stack_run (&world->stacks[1], stack_up, NULL);
  world_free (world);
}

static void
dns_found (const char *name, const ip_addr_t *addr, void *arg)
{
  guint *calls = arg;

  g_assert_null (addr);
  (*calls)++;
}

static void
never_called (void *arg)
{
  g_assert_not_reached ();
}

static void
leave_things_open (Stack *stack, gpointer data)
{
  ip_addr_t address = IPADDR4_INIT_BYTES (10, 0, 0, 99), result;
  ip4_addr_t group;
  ip6_addr_t group6;
  ip4_addr_t neighbor;
  struct pbuf *p;

  /* a question that nobody answers, packets for neighbors that are not there, groups */
  dns_setserver (0, &address);
  g_assert_cmpint (dns_gethostbyname ("example.test", &result, dns_found, data), ==,
                   ERR_INPROGRESS);
  IP4_ADDR (&group, 239, 1, 2, 3);
  igmp_joingroup_netif (&stack->netif, &group);
  IP6_ADDR (&group6, PP_HTONL (0xff050000), 0, 0, PP_HTONL (0x99));
  mld6_joingroup_netif (&stack->netif, &group6);
  for (u8_t i = 0; i < 200; i++)
    {
      p = pbuf_alloc (PBUF_IP, 10, PBUF_RAM);
      IP4_ADDR (&neighbor, 10, 0, 0, (u8_t) (i + 30));
      ip4_output (p, NULL, &neighbor, 64, 0, 99);
      pbuf_free (p);
    }
  for (guint i = 0; i < 300; i++)
    {
      p = pbuf_alloc (PBUF_IP, 10, PBUF_RAM);
      stack_ip6 (1000 + i / 3, &group6);
      ip6_output (p, ip_2_ip6 (&stack->netif.ip6_addr[1]), &group6, 64, 0, 99);
      pbuf_free (p);
    }
  /* to oneself, and not yet polled */
  p = pbuf_alloc (PBUF_IP, 10, PBUF_RAM);
  ip4_output (p, NULL, netif_ip4_addr (&stack->netif), 64, 0, 99);
  pbuf_free (p);
  sys_timeout (1000, never_called, NULL);
}

static void
test_fini (void)
{
  World *world = world_new (5);
  guint calls = 0;

  world_start (world);
  for (guint round = 0; round < 4; round++)
    {
      Connect connect = { .bytes = 50000, .ipv6 = round % 2, .count = 20 };
      Datagram datagram = { .len = 30000, .ipv6 = round % 2 };

      stack_run (&world->stacks[0], server_listen, NULL);
      stack_run (&world->stacks[1], client_connect, &connect);
      stack_run (&world->stacks[1], udp_send_one, &datagram);
      world->loss = round > 1 ? 0.2 : 0;
      world_run (world, 5 + round * 7);
      stack_run (&world->stacks[0], leave_things_open, &calls);
      world_run (world, round);
      for (guint i = 0; i < 2; i++)
        {
          stack_run (&world->stacks[i], stack_down, NULL);
          g_queue_clear_full (&world->stacks[i].in, g_free);
          g_queue_clear_full (&world->stacks[i].out, g_free);
        }
      g_assert_cmpint (g_atomic_int_get (&allocations), ==, 0);
      g_assert_cmpuint (calls, ==, round + 1);
      for (guint i = 0; i < 2; i++)
        stack_run (&world->stacks[i], stack_up, NULL);
    }
  world->loss = 0;
  {
    Connect connect = { .bytes = 50000 };
    stack_run (&world->stacks[0], server_listen, NULL);
    transfer (world, &connect, 5000);
  }
  world_free (world);
}

/* byte by byte, as RFC 1071 has it */
static guint16
checksum_reference (const guint8 *data, guint len)
{
  guint64 sum = 0;

  for (guint i = 0; i < len; i++)
    sum += (guint64) data[i] << (i % 2 == (G_BYTE_ORDER == G_BIG_ENDIAN) ? 0 : 8);
  while (sum >> 16 != 0)
    sum = (sum & 0xffff) + (sum >> 16);
  return (guint16) sum;
}

static void
test_checksum (void)
{
  g_autofree guint8 *buffer = g_malloc (66000);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint i = 0; i < 66000; i++)
    buffer[i] = (guint8) g_rand_int (rand);
  for (guint offset = 0; offset < 17; offset++)
    for (guint len = 0; len < 600; len++)
      g_assert_cmphex (dpdk_lwip_checksum (buffer + offset, (int) len), ==,
                       checksum_reference (buffer + offset, len));
  for (guint i = 0; i < 5000; i++)
    {
      guint offset = (guint) g_rand_int_range (rand, 0, 64);
      guint len = (guint) g_rand_int_range (rand, 0, 65536);
      /* the end of the buffer is the end of the allocation */
      if (i % 2)
        offset = 66000 - len;
      g_assert_cmphex (dpdk_lwip_checksum (buffer + offset, (int) len), ==,
                       checksum_reference (buffer + offset, len));
    }
  memset (buffer, 0xff, 66000);
  for (guint len = 0; len < 65536; len += 13)
    g_assert_cmphex (dpdk_lwip_checksum (buffer, (int) len), ==, checksum_reference (buffer, len));
  memset (buffer, 0, 66000);
  g_assert_cmphex (dpdk_lwip_checksum (buffer, 1500), ==, 0);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/checksum", test_checksum);
  g_test_add_func ("/lwip/init", test_init);
  g_test_add_func ("/lwip/fini", test_fini);
  return g_test_run ();
}
