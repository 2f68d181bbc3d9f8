/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-test-end-private.h"

#include <sched.h>

/* addresses for tests between networks: RFC 2544, RFC 4193 */
static const struct {
  const char *mac;
  const char *v4;
  const char *v6;
} ends[] = {
  { "02:00:00:00:00:0a", "198.18.1.1", "fde7:f17d:24:1::1" },
  { "02:00:00:00:00:0b", "198.18.1.2", "fde7:f17d:24:1::2" },
};

/* the @index-th core that this process may use, and then from the first one on again */
static int
get_core (int index)
{
  cpu_set_t allowed;

  CPU_ZERO (&allowed);
  if (sched_getaffinity (0, sizeof allowed, &allowed) != 0 || CPU_COUNT (&allowed) == 0)
    return 0;
  index %= CPU_COUNT (&allowed);
  for (int core = 0; core < CPU_SETSIZE; core++)
    if (CPU_ISSET (core, &allowed) && index-- == 0)
      return core;
  return 0;
}

const char *
dpdk_test_end_get_address (guint end, GSocketFamily family)
{
  return family == G_SOCKET_FAMILY_IPV6 ? ends[end].v6 : ends[end].v4;
}

DpdkRuntime *
dpdk_test_end_build_runtime (guint end, const char *devargs, DpdkPort *port, GError **error)
{
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  g_autoptr (DpdkConfig) config = NULL;
  g_autofree char *json = g_strdup_printf (
      "{ \"dpdk_cores\": [%d], \"devices\": [ { \"vdev\": \"%s\", \"mac\": \"%s\", "
      "\"addresses\": [\"%s/24\", \"%s/64\"] } ] }",
      get_core ((int) end), devargs, ends[end].mac, ends[end].v4, ends[end].v6);

  config = dpdk_config_new_from_data (json, -1, error);
  if (config == NULL)
    return NULL;
  dpdk_runtime_builder_set_config (builder, config);
  if (port != NULL)
    dpdk_runtime_builder_add_port (builder, port);
  /* other tests run beside this one */
  dpdk_runtime_builder_set_idle_policy (builder, DPDK_IDLE_POLICY_ADAPTIVE);
  return dpdk_runtime_builder_build (builder, error);
}
