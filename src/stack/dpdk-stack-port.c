/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what lwIP needs from its surroundings: memory, time, chance */
#include "dpdk-siphash.h"
#include "dpdk-stack-private.h"

#include "dpdk-lwip-port.h"

#include <lwip/ip_addr.h>
#include <lwip/sys.h>
#include <rte_cycles.h>
#include <string.h>
#include <sys/random.h>

void *
dpdk_lwip_malloc (size_t size)
{
  return dpdk_slab_allocate (dpdk_stack_current->slab, size);
}

void *
dpdk_lwip_calloc (size_t count, size_t size)
{
  gsize total;
  void *memory;

  if (!g_size_checked_mul (&total, count, size))
    return NULL;
  memory = dpdk_slab_allocate (dpdk_stack_current->slab, total);
  if (memory != NULL)
    memset (memory, 0, total);
  return memory;
}

void
dpdk_lwip_free (void *memory)
{
  dpdk_slab_release (dpdk_stack_current->slab, memory);
}

u32_t
sys_now (void)
{
  return dpdk_stack_current->now_ms;
}

static void
fill_random (void *data, gsize size)
{
  char *at = data;

  while (size > 0)
    {
      ssize_t n = getrandom (at, size, 0);

      if (n > 0)
        {
          at += n;
          size -= (gsize) n;
        }
    }
}

uint32_t
dpdk_lwip_random (void)
{
  DpdkStack *stack = dpdk_stack_current;
  uint32_t value;

  if (stack->random_left < sizeof value)
    {
      fill_random (stack->random, sizeof stack->random);
      stack->random_left = sizeof stack->random;
    }
  stack->random_left -= sizeof value;
  memcpy (&value, stack->random + stack->random_left, sizeof value);
  return value;
}

/* RFC 6528: a keyed hash of the connection, plus a clock of 4 microseconds */
uint32_t
dpdk_lwip_isn (const struct ip_addr *local_ip, uint16_t local_port, const struct ip_addr *remote_ip,
               uint16_t remote_port)
{
  DpdkStack *stack = dpdk_stack_current;
  struct {
    guint32 local[4];
    guint32 remote[4];
    guint16 ports[2];
  } tuple = { .ports = { local_port, remote_port } };

  if (stack->isn_key[0] == 0)
    fill_random (stack->isn_key, sizeof stack->isn_key);
  if (IP_IS_V6_VAL (*local_ip))
    {
      memcpy (tuple.local, ip_2_ip6 (local_ip)->addr, sizeof tuple.local);
      memcpy (tuple.remote, ip_2_ip6 (remote_ip)->addr, sizeof tuple.remote);
    }
  else
    {
      tuple.local[0] = ip_2_ip4 (local_ip)->addr;
      tuple.remote[0] = ip_2_ip4 (remote_ip)->addr;
    }
  return (uint32_t) dpdk_siphash (stack->isn_key, &tuple, sizeof tuple) +
         (uint32_t) (rte_rdtsc () / (rte_get_tsc_hz () / 250000));
}

int
dpdk_lwip_memory_level (void)
{
  return (int) dpdk_stack_get_memory_level (dpdk_stack_current);
}

void
dpdk_lwip_assert_failed (const char *message, const char *file, int line)
{
  g_warning ("lwIP: %s (%s:%d)", message, file, line);
}
