/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what an endpoint is bound and connected to: runs on the worker, but for what asks it to */
#include "dpdk-socket-native-private.h"
#include "dpdk-udp-endpoint-internal.h"

#include <lwip/netif.h>

/* an ephemeral port may be taken by another worker at the same moment */
#define MAX_BIND_ATTEMPTS 8

typedef struct {
  DpdkUdpEndpoint *self;
  ip_addr_t ip;
  guint16 port;
  err_t native;
} Call;

static DpdkStackUdpBinding
make_binding (DpdkUdpEndpoint *self, const ip_addr_t *ip, guint16 port, gboolean may_share)
{
  DpdkStackUdpBinding binding = {
    .worker = dpdk_worker_core_get_index (self->core),
    .port = port,
    .may_share = may_share,
    .family = IP_IS_ANY_TYPE_VAL (*ip) ? DPDK_STACK_FAMILY_ANY
              : IP_IS_V6 (ip)          ? DPDK_STACK_FAMILY_V6
                                       : DPDK_STACK_FAMILY_V4,
  };

  if (IP_IS_V6_VAL (*ip))
    memcpy (binding.address, ip_2_ip6 (ip)->addr, 16);
  else if (IP_IS_V4_VAL (*ip))
    memcpy (binding.address, &ip_2_ip4 (ip)->addr, 4);
  return binding;
}

/* FALSE if another worker has the port */
static gboolean
register_binding (DpdkUdpEndpoint *self, struct udp_pcb *pcb, gboolean may_share)
{
  DpdkStackUdpBinding binding = make_binding (self, &pcb->local_ip, pcb->local_port, may_share);
  gboolean success;

  g_mutex_lock (&self->lock);
  /* one that was closed only sends what it still has */
  success = self->is_closed || dpdk_stack_udp_ports_add (
                                   dpdk_worker_core_get_shared (self->core)->udp_ports, &binding);
  if (success)
    {
      self->binding = binding;
      self->has_binding = !self->is_closed;
      self->local_ip = pcb->local_ip;
      self->local_port = pcb->local_port;
      self->has_local = TRUE;
    }
  g_mutex_unlock (&self->lock);
  return success;
}

static err_t
bind_now (DpdkUdpEndpoint *self, const ip_addr_t *ip, guint16 port)
{
  DpdkUdpOptions options;
  struct udp_pcb *pcb;
  err_t native = ERR_USE;

  if (self->pcb != NULL)
    return ERR_ISCONN;
  if (self->is_removed)
    return ERR_CLSD;
  dpdk_udp_endpoint_get_options (self, &options);
  pcb = udp_new_ip_type (IP_GET_TYPE (ip));
  if (pcb == NULL)
    return ERR_MEM;
  if (options.may_share)
    ip_set_option (pcb, SOF_REUSEADDR);
  for (guint i = 0; i < (port == 0 ? MAX_BIND_ATTEMPTS : 1); i++)
    {
      native = udp_bind (pcb, ip, port);
      if (native != ERR_OK)
        break;
      if (register_binding (self, pcb, options.may_share))
        {
          self->pcb = pcb;
          self->bound_ip = pcb->local_ip;
          udp_recv (pcb, dpdk_udp_endpoint_on_received, self);
          udp_err (pcb, dpdk_udp_endpoint_on_network_error);
          return ERR_OK;
        }
      native = ERR_USE;
    }
  udp_remove (pcb);
  return native;
}

/* whoever sends or connects without having bound has any address and any port */
err_t
dpdk_udp_endpoint_ensure_bound (DpdkUdpEndpoint *self)
{
  DpdkUdpOptions options;

  if (self->pcb != NULL)
    return ERR_OK;
  dpdk_udp_endpoint_get_options (self, &options);
  if (self->family == G_SOCKET_FAMILY_IPV4)
    return bind_now (self, IP4_ADDR_ANY, 0);
  return bind_now (self, options.v6_only ? IP6_ADDR_ANY : IP_ANY_TYPE, 0);
}

static gboolean
has_link_local (const ip_addr_t *ip)
{
  struct netif *netif;

  NETIF_FOREACH (netif)
  for (gint i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
    if (ip6_addr_isvalid (netif_ip6_addr_state (netif, i)) &&
        ip6_addr_cmp_zoneless (ip_2_ip6 (ip), netif_ip6_addr (netif, i)) &&
        (!ip6_addr_has_zone (ip_2_ip6 (ip)) || ip6_addr_test_zone (ip_2_ip6 (ip), netif)))
      return TRUE;
  return FALSE;
}

static void
bind_on_worker (gpointer data)
{
  Call *call = data;

  if (IP_IS_V6_VAL (call->ip) && ip6_addr_islinklocal (ip_2_ip6 (&call->ip)) &&
      !has_link_local (&call->ip))
    call->native = ERR_VAL;
  else
    call->native = bind_now (call->self, &call->ip, call->port);
}

/* the address that a datagram would have, and the interface that it would leave by */
struct netif *
dpdk_udp_endpoint_find_route (DpdkUdpEndpoint *self, const ip_addr_t *to, gint multicast_interface,
                              ip_addr_t *source)
{
  DpdkStack *stack = dpdk_worker_core_get_stack (self->core);
  const ip_addr_t *local = &self->pcb->local_ip;
  gboolean is_bound = !ip_addr_isany (local) && !ip_addr_ismulticast (local);
  gboolean is_for_all = ip_addr_ismulticast (to);
  const ip_addr_t *selected;
  struct netif *netif;

  if (IP_IS_V4_VAL (*to))
    is_for_all = is_for_all || ip4_addr_cmp (ip_2_ip4 (to), IP4_ADDR_BROADCAST);
  else
    is_for_all =
        is_for_all || (ip6_addr_islinklocal (ip_2_ip6 (to)) && !ip6_addr_has_zone (ip_2_ip6 (to)));
  if (is_for_all && !(IP_IS_V6_VAL (*to) && ip6_addr_has_zone (ip_2_ip6 (to))))
    netif = dpdk_stack_get_multicast_netif (stack, multicast_interface);
  else
    netif = ip_route (local, to);
  if (netif == NULL)
    return NULL;
  if (is_bound)
    *source = *local;
  else if (IP_IS_V4_VAL (*to))
    ip_addr_copy (*source, *netif_ip_addr4 (netif));
  else
    {
      selected = ip6_select_source_address (netif, ip_2_ip6 (to));
      if (selected == NULL)
        return NULL;
      ip_addr_copy (*source, *selected);
    }
  return netif;
}

static err_t
connect_now (DpdkUdpEndpoint *self, const ip_addr_t *ip, guint16 port)
{
  err_t native = dpdk_udp_endpoint_ensure_bound (self);
  ip_addr_t local_before, source;
  DpdkUdpOptions options;

  if (native != ERR_OK)
    return native;
  dpdk_udp_endpoint_get_options (self, &options);
  local_before = self->pcb->local_ip;
  /* another connect may lead to another interface */
  self->pcb->local_ip = self->bound_ip;
  if (dpdk_udp_endpoint_find_route (self, ip, options.multicast_interface, &source) == NULL)
    native = ERR_RTE;
  else if (IP_GET_TYPE (&source) != IP_GET_TYPE (ip))
    native = ERR_VAL;
  else
    {
      self->pcb->local_ip = source;
      native = udp_connect (self->pcb, ip, port);
    }
  if (native != ERR_OK)
    {
      self->pcb->local_ip = local_before;
      return native;
    }
  g_mutex_lock (&self->lock);
  self->has_remote = TRUE;
  self->remote_ip = self->pcb->remote_ip;
  self->remote_port = self->pcb->remote_port;
  self->local_ip = self->pcb->local_ip;
  self->has_error = FALSE;
  g_mutex_unlock (&self->lock);
  return ERR_OK;
}

static void
connect_on_worker (gpointer data)
{
  Call *call = data;

  call->native = connect_now (call->self, &call->ip, call->port);
}

static void
disconnect_on_worker (gpointer data)
{
  Call *call = data;
  DpdkUdpEndpoint *self = call->self;

  if (self->pcb == NULL || !udp_is_flag_set (self->pcb, UDP_FLAGS_CONNECTED))
    return;
  self->pcb->local_ip = self->bound_ip;
  udp_disconnect (self->pcb);
  g_mutex_lock (&self->lock);
  self->has_remote = FALSE;
  self->has_error = FALSE;
  self->local_ip = self->bound_ip;
  g_mutex_unlock (&self->lock);
}

static gboolean
check_call (const Call *call, const char *what, GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autofree char *name = NULL;

  if (call->native == ERR_OK)
    return TRUE;
  address = dpdk_native_address_to_gio (&call->ip, call->port);
  name = dpdk_socket_address_to_string (address);
  g_set_error (error, G_IO_ERROR, dpdk_io_error_from_native (call->native, FALSE),
               "Cannot %s %s: %s (lwIP error %d)", what, name,
               call->native == ERR_ISCONN ? "bound already"
                                          : dpdk_native_error_to_string (call->native, FALSE),
               call->native);
  return FALSE;
}

GSocketAddress *
dpdk_udp_endpoint_normalize (DpdkUdpEndpoint *self, GSocketAddress *address, GError **error)
{
  ip_addr_t ip;
  guint16 port;

  if (!dpdk_udp_endpoint_convert_address (self, address, &ip, &port, error))
    return NULL;
  return dpdk_native_address_to_gio (&ip, port);
}

gboolean
dpdk_udp_endpoint_bind (DpdkUdpEndpoint *self, GSocketAddress *address, GError **error)
{
  Call call = { .self = self };
  DpdkUdpOptions options;

  if (!dpdk_udp_endpoint_convert_address (self, address, &call.ip, &call.port, error))
    return FALSE;
  dpdk_udp_endpoint_get_options (self, &options);
  if (IP_IS_V6_VAL (call.ip) && ip_addr_isany (&call.ip) && !options.v6_only)
    call.ip = *IP_ANY_TYPE;
  return dpdk_worker_core_call (self->core, bind_on_worker, &call, error) &&
         check_call (&call, "bind to", error);
}

gboolean
dpdk_udp_endpoint_connect (DpdkUdpEndpoint *self, GSocketAddress *address, GError **error)
{
  Call call = { .self = self };
  DpdkUdpOptions options;

  dpdk_udp_endpoint_get_options (self, &options);
  return dpdk_udp_endpoint_convert_address (self, address, &call.ip, &call.port, error) &&
         dpdk_udp_endpoint_check_destination (self, &options, &call.ip, call.port, 0, FALSE,
                                              error) &&
         dpdk_worker_core_call (self->core, connect_on_worker, &call, error) &&
         check_call (&call, "connect to", error);
}

gboolean
dpdk_udp_endpoint_disconnect (DpdkUdpEndpoint *self, GError **error)
{
  Call call = { .self = self };

  return dpdk_worker_core_call (self->core, disconnect_on_worker, &call, error);
}
