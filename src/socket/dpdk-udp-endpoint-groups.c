/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* membership in groups of receivers (RFC 1112, RFC 2710) */
#include "dpdk-socket-native-private.h"
#include "dpdk-udp-endpoint-internal.h"

typedef struct {
  gint interface;
  ip_addr_t ip;
} Membership;

typedef struct {
  DpdkUdpEndpoint *self;
  Membership membership;
  gboolean join;
  err_t native;
} Change;

static gint
find_membership (DpdkUdpEndpoint *self, const Membership *membership)
{
  for (guint i = 0; self->groups != NULL && i < self->groups->len; i++)
    {
      const Membership *candidate = &g_array_index (self->groups, Membership, i);

      if (candidate->interface == membership->interface &&
          ip_addr_cmp (&candidate->ip, &membership->ip))
        return (gint) i;
    }
  return -1;
}

static err_t
join (DpdkUdpEndpoint *self, const Membership *membership)
{
  err_t native;

  if (self->is_removed)
    return ERR_CLSD;
  if (find_membership (self, membership) >= 0)
    return ERR_USE;
  native = dpdk_stack_join_group (dpdk_worker_core_get_stack (self->core), membership->interface,
                                  &membership->ip);
  if (native != ERR_OK)
    return native;
  if (self->groups == NULL)
    self->groups = g_array_new (FALSE, FALSE, sizeof (Membership));
  g_array_append_vals (self->groups, membership, 1);
  return ERR_OK;
}

static err_t
leave (DpdkUdpEndpoint *self, const Membership *membership)
{
  gint i = find_membership (self, membership);

  if (i < 0)
    return ERR_VAL;
  g_array_remove_index (self->groups, (guint) i);
  return dpdk_stack_leave_group (dpdk_worker_core_get_stack (self->core), membership->interface,
                                 &membership->ip);
}

void
dpdk_udp_endpoint_leave_groups (DpdkUdpEndpoint *self, gint interface)
{
  for (guint i = self->groups != NULL ? self->groups->len : 0; i-- > 0;)
    {
      Membership membership = g_array_index (self->groups, Membership, i);

      if (interface < 0 || membership.interface == interface)
        leave (self, &membership);
    }
}

static void
change_on_worker (gpointer data)
{
  Change *change = data;

  change->native = change->join ? join (change->self, &change->membership)
                                : leave (change->self, &change->membership);
}

static GIOErrorEnum
get_error (const Change *change, const char **text)
{
  switch (change->native)
    {
    case ERR_USE:
      *text = "the socket is a member already";
      return G_IO_ERROR_ADDRESS_IN_USE;
    case ERR_VAL:
      *text = change->join ? "not a group that can be joined" : "the socket is not a member";
      return change->join ? G_IO_ERROR_INVALID_ARGUMENT : G_IO_ERROR_NOT_FOUND;
    default:
      *text = dpdk_native_error_to_string (change->native, FALSE);
      return dpdk_io_error_from_native (change->native, FALSE);
    }
}

gboolean
dpdk_udp_endpoint_change_group (DpdkUdpEndpoint *self, GInetAddress *group, gint interface,
                                gboolean join, GError **error)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (group, 0);
  g_autofree char *name = g_inet_address_to_string (group);
  Change change = { .self = self, .membership.interface = interface, .join = join };
  const char *text;
  GIOErrorEnum code;
  guint16 port;

  if (!dpdk_udp_endpoint_convert_address (self, address, &change.membership.ip, &port, error))
    return FALSE;
  if (!g_inet_address_get_is_multicast (group))
    change.native = ERR_VAL;
  else if (!dpdk_worker_core_call (self->core, change_on_worker, &change, error))
    return FALSE;
  if (change.native == ERR_OK)
    return TRUE;
  code = get_error (&change, &text);
  g_set_error (error, G_IO_ERROR, code, "Cannot %s the group %s: %s (lwIP error %d)",
               join ? "join" : "leave", name, text, change.native);
  return FALSE;
}
