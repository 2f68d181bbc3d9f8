/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What our lwIP asks of the program that links it: a clock that the tests set, random numbers that
 * repeat, and memory that is counted and may fail. */

#include "lwip-fixture.h"

guint32 clock_ms;
gint allocations;
gint allocations_left = -1;
gint allocations_fail_every;
gint failed_assertions;
guint32 fixed_isn;
gint memory_level;
_Thread_local guint64 random_state;
_Thread_local guint ports_modulus = 1;
_Thread_local gboolean route_by_gateway;
static gint allocations_count;

u32_t
sys_now (void)
{
  return clock_ms;
}

uint32_t
dpdk_lwip_random (void)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t) (random_state >> 16);
}

uint32_t
dpdk_lwip_isn (const struct ip_addr *local_ip, uint16_t local_port, const struct ip_addr *remote_ip,
               uint16_t remote_port)
{
  return fixed_isn != 0 ? fixed_isn : dpdk_lwip_random ();
}

int
dpdk_lwip_memory_level (void)
{
  return memory_level;
}

int
dpdk_lwip_port_is_ours (uint16_t port)
{
  return port % ports_modulus == 0;
}

int
dpdk_lwip_udp_port_is_ours (uint16_t port)
{
  return dpdk_lwip_port_is_ours (port);
}

const ip6_addr_t *
dpdk_lwip_gateway_v6 (struct netif *netif, const ip6_addr_t *destination)
{
  static _Thread_local ip6_addr_t gateway;

  if (!route_by_gateway)
    return NULL;
  /* the other stack */
  stack_link_local (2u - netif->hwaddr[5], &gateway);
  ip6_addr_assign_zone (&gateway, IP6_UNICAST, netif);
  return &gateway;
}

uint8_t
dpdk_lwip_zone (const struct netif *netif)
{
  return netif_get_index (netif);
}

int
dpdk_lwip_is_on_link (struct netif *netif, const ip6_addr_t *destination)
{
  return !route_by_gateway && ip6_addr_netcmp_zoneless (netif_ip6_addr (netif, 1), destination);
}

static gboolean
may_allocate (void)
{
  gint left = g_atomic_int_get (&allocations_left);

  if (left == 0)
    return FALSE;
  if (left > 0)
    g_atomic_int_add (&allocations_left, -1);
  if (g_atomic_int_get (&allocations_fail_every) != 0 &&
      g_atomic_int_add (&allocations_count, 1) % allocations_fail_every == 0)
    return FALSE;
  g_atomic_int_inc (&allocations);
  return TRUE;
}

void *
dpdk_lwip_malloc (size_t size)
{
  return may_allocate () ? malloc (size) : NULL;
}

void *
dpdk_lwip_calloc (size_t count, size_t size)
{
  return may_allocate () ? calloc (count, size) : NULL;
}

void
dpdk_lwip_free (void *mem)
{
  if (mem != NULL)
    g_atomic_int_add (&allocations, -1);
  free (mem);
}

void
dpdk_lwip_assert_failed (const char *message, const char *file, int line)
{
  g_test_message ("%s:%d: %s", file, line, message);
  g_atomic_int_inc (&failed_assertions);
}
