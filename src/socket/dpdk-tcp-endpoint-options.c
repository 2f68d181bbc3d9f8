/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what can be chosen for a connection, and what has come of it */
#include "dpdk-socket-native-private.h"
#include "dpdk-socket-private.h"
#include "dpdk-tcp-endpoint-internal.h"

typedef struct {
  DpdkTcpEndpoint *self;
  const DpdkStackTcpOptions *options;
  err_t native;
} SetOptions;

static void
set_options_on_worker (gpointer data)
{
  SetOptions *set = data;
  DpdkTcpEndpoint *self = set->self;

  set->native = self->pcb != NULL ? dpdk_stack_tcp_options_apply (set->options, self->pcb) : ERR_OK;
  if (set->native != ERR_OK)
    return;
  dpdk_tcp_endpoint_lock (self);
  dpdk_tcp_endpoint_set_options_locked (self, set->options);
  /* there may be room for more now */
  dpdk_tcp_endpoint_notify_locked (self);
  dpdk_tcp_endpoint_unlock (self);
  dpdk_tcp_endpoint_kick (self);
}

gboolean
dpdk_tcp_endpoint_set_options (DpdkTcpEndpoint *self, const DpdkStackTcpOptions *options,
                               GError **error)
{
  SetOptions set = { .self = self, .options = options };

  if (dpdk_tcp_endpoint_is_closed (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The DpdkTcpSocket is closed");
      return FALSE;
    }
  if (!dpdk_worker_core_call (self->core, set_options_on_worker, &set, error))
    return FALSE;
  if (set.native == ERR_OK)
    return TRUE;
  g_set_error (
      error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
      "The DpdkTcpSocket cannot change to timestamps %s, ECN %s, a receive buffer of %u and a send "
      "buffer of %u bytes: since it was opened timestamps and ECN are as they are, the receive "
      "buffer can only grow as far as the window scale allows, and the send buffer keeps "
      "what is in it (lwIP error %d)",
      options->timestamps ? "on" : "off", options->ecn ? "on" : "off", options->receive_buffer_size,
      options->send_buffer_size, set.native);
  return FALSE;
}

void
dpdk_tcp_endpoint_get_options (DpdkTcpEndpoint *self, DpdkStackTcpOptions *options)
{
  dpdk_tcp_endpoint_lock (self);
  *options = *dpdk_tcp_endpoint_get_options_locked (self);
  dpdk_tcp_endpoint_unlock (self);
}

typedef struct {
  DpdkTcpEndpoint *self;
  DpdkTcpInfo *info;
  gboolean is_open;
} GetInfo;

static void
get_info_on_worker (gpointer data)
{
  GetInfo *get = data;
  DpdkTcpEndpoint *self = get->self;

  get->is_open = self->pcb != NULL && self->pcb->state != CLOSED;
  if (!get->is_open)
    return;
  dpdk_stack_tcp_get_info (self->pcb, get->info);
  dpdk_tcp_endpoint_lock (self);
  get->info->bytes_received = self->n_received;
  get->info->bytes_sent = self->n_acknowledged + (guint64) get->info->bytes_unacknowledged;
  if (self->extra != NULL)
    {
      get->info->bytes_received += (guint64) self->extra->n_received << 32;
      get->info->bytes_sent += (guint64) self->extra->n_acknowledged << 32;
    }
  dpdk_tcp_endpoint_unlock (self);
}

gboolean
dpdk_tcp_endpoint_get_info (DpdkTcpEndpoint *self, DpdkTcpInfo *info, GError **error)
{
  GetInfo get = { .self = self, .info = info };

  if (!dpdk_worker_core_call (self->core, get_info_on_worker, &get, error))
    return FALSE;
  if (!get.is_open)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                         "The DpdkTcpSocket is not connected");
  return get.is_open;
}

gboolean
dpdk_tcp_endpoint_take_error (DpdkTcpEndpoint *self, GError **error)
{
  gboolean is_failed, has_reason;

  dpdk_tcp_endpoint_lock (self);
  has_reason = self->extra != NULL && self->extra->reason != NULL;
  /* what has come of our own close is no failure */
  is_failed = self->error != ERR_OK && (self->error != ERR_CLSD || has_reason);
  if (is_failed)
    {
      dpdk_tcp_endpoint_set_error_locked (self, error);
      self->error = ERR_CLSD;
      self->error_is_of_connect = FALSE;
      if (has_reason)
        dpdk_tcp_endpoint_set_reason_locked (self, NULL);
    }
  dpdk_tcp_endpoint_unlock (self);
  return !is_failed;
}

static guint8 *
find_ip_option (DpdkTcpEndpoint *self, guint option)
{
  return option == DPDK_IP_OPTION_TTL ? &self->ttl : &self->traffic_class;
}

guint8
dpdk_tcp_endpoint_get_ip_option (DpdkTcpEndpoint *self, guint option)
{
  guint8 value;

  dpdk_tcp_endpoint_lock (self);
  value = *find_ip_option (self, option);
  dpdk_tcp_endpoint_unlock (self);
  return value;
}

gboolean
dpdk_tcp_endpoint_set_ip_option (DpdkTcpEndpoint *self, guint option, guint8 value)
{
  gboolean has_changed;

  value = dpdk_ip_option_mask_for_tcp (option, value);
  dpdk_tcp_endpoint_lock (self);
  has_changed = *find_ip_option (self, option) != value;
  *find_ip_option (self, option) = value;
  dpdk_tcp_endpoint_unlock (self);
  if (has_changed)
    dpdk_tcp_endpoint_kick (self);
  return has_changed;
}

gint
dpdk_tcp_endpoint_get_linger (DpdkTcpEndpoint *self)
{
  gint linger;

  dpdk_tcp_endpoint_lock (self);
  linger = self->extra != NULL ? self->extra->linger : -1;
  dpdk_tcp_endpoint_unlock (self);
  return linger;
}

gboolean
dpdk_tcp_endpoint_set_linger (DpdkTcpEndpoint *self, gint linger)
{
  DpdkTcpExtra *extra;
  gboolean has_changed;

  dpdk_tcp_endpoint_lock (self);
  extra = dpdk_tcp_endpoint_get_extra_locked (self);
  has_changed = extra->linger != linger;
  extra->linger = linger;
  dpdk_tcp_endpoint_unlock (self);
  return has_changed;
}

guint
dpdk_tcp_endpoint_get_connect_timeout (DpdkTcpEndpoint *self)
{
  guint connect_timeout;

  dpdk_tcp_endpoint_lock (self);
  connect_timeout = self->extra != NULL ? self->extra->connect_timeout : 0;
  dpdk_tcp_endpoint_unlock (self);
  return connect_timeout;
}

gboolean
dpdk_tcp_endpoint_set_connect_timeout (DpdkTcpEndpoint *self, guint connect_timeout)
{
  DpdkTcpExtra *extra;
  gboolean has_changed;

  dpdk_tcp_endpoint_lock (self);
  extra = dpdk_tcp_endpoint_get_extra_locked (self);
  has_changed = extra->connect_timeout != connect_timeout;
  extra->connect_timeout = connect_timeout;
  dpdk_tcp_endpoint_unlock (self);
  return has_changed;
}

void
dpdk_tcp_endpoint_set_family (DpdkTcpEndpoint *self, GSocketFamily family)
{
  dpdk_tcp_endpoint_lock (self);
  self->is_v6 = family == G_SOCKET_FAMILY_IPV6;
  dpdk_tcp_endpoint_unlock (self);
}

GSocketFamily
dpdk_tcp_endpoint_get_family (DpdkTcpEndpoint *self)
{
  gboolean is_v6;

  dpdk_tcp_endpoint_lock (self);
  is_v6 = self->is_v6;
  dpdk_tcp_endpoint_unlock (self);
  return is_v6 ? G_SOCKET_FAMILY_IPV6 : G_SOCKET_FAMILY_IPV4;
}
