/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what lwIP asks of the program: the library's slabs, a clock, and as little as possible else */
#include "dpdk-lwip-port.h"
#include "dpdk-slab.h"

#include <lwip/netif.h>
#include <lwip/sys.h>
#include <rte_cycles.h>
#include <rte_random.h>

static _Thread_local DpdkSlab *slab;

static DpdkSlab *
get_slab (void)
{
  if (G_UNLIKELY (slab == NULL))
    slab = dpdk_slab_new (dpdk_stack_budget_new (0, 1));
  return slab;
}

void *
dpdk_lwip_malloc (size_t size)
{
  return dpdk_slab_allocate (get_slab (), size);
}

void *
dpdk_lwip_calloc (size_t count, size_t size)
{
  void *memory = dpdk_lwip_malloc (count * size);

  if (memory != NULL)
    memset (memory, 0, count * size);
  return memory;
}

void
dpdk_lwip_free (void *memory)
{
  dpdk_slab_release (get_slab (), memory);
}

u32_t
sys_now (void)
{
  return (u32_t) (rte_rdtsc () / (rte_get_tsc_hz () / 1000));
}

uint32_t
dpdk_lwip_random (void)
{
  return (uint32_t) rte_rand ();
}

int
dpdk_lwip_memory_level (void)
{
  return 0;
}

uint32_t
dpdk_lwip_isn (const struct ip_addr *local_ip, uint16_t local_port, const struct ip_addr *remote_ip,
               uint16_t remote_port)
{
  return dpdk_lwip_random ();
}

int
dpdk_lwip_port_is_ours (uint16_t port)
{
  return 1;
}

int
dpdk_lwip_udp_port_is_ours (uint16_t port)
{
  return 1;
}

const ip6_addr_t *
dpdk_lwip_gateway_v6 (struct netif *netif, const ip6_addr_t *destination)
{
  return NULL;
}

uint8_t
dpdk_lwip_zone (const struct netif *netif)
{
  return netif_get_index (netif);
}

int
dpdk_lwip_is_on_link (struct netif *netif, const ip6_addr_t *destination)
{
  return 0;
}

void
dpdk_lwip_assert_failed (const char *message, const char *file, int line)
{
  g_error ("lwIP: %s (%s:%d)", message, file, line);
}
