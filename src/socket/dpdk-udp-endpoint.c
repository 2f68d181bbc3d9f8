/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what the sides of an endpoint share: its state, and waiting for it */
#include "dpdk-udp-endpoint-internal.h"

#include "dpdk-deadline-private.h"
#include "dpdk-lcore-private.h"
#include "dpdk-socket-native-private.h"

/* what Linux has */
#define DEFAULT_BUFFER_SIZE 212992
#define DEFAULT_TTL 64
#define DEFAULT_MULTICAST_TTL 1

DpdkUdpEndpoint *
dpdk_udp_endpoint_new (DpdkWorkerCore *core, GSocketFamily family)
{
  DpdkUdpEndpoint *self = g_new0 (DpdkUdpEndpoint, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->core = dpdk_worker_core_ref (core);
  self->family = family;
  self->options = (DpdkUdpOptions){
    .ttl = DEFAULT_TTL,
    .multicast_ttl = DEFAULT_MULTICAST_TTL,
    .multicast_loopback = TRUE,
    .multicast_interface = -1,
    .receive_buffer_size = DEFAULT_BUFFER_SIZE,
    .send_buffer_size = DEFAULT_BUFFER_SIZE,
  };
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

DpdkUdpEndpoint *
dpdk_udp_endpoint_ref (DpdkUdpEndpoint *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* the worker has taken back its buffers, because it holds a reference until then */
void
dpdk_udp_endpoint_unref (DpdkUdpEndpoint *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  dpdk_udp_outgoing_queue_clear (&self->sending);
  g_clear_pointer (&self->groups, g_array_unref);
  g_free (self->reason);
  dpdk_worker_core_unref (self->core);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

GSocketFamily
dpdk_udp_endpoint_get_family (DpdkUdpEndpoint *self)
{
  return self->family;
}

GIOCondition
dpdk_udp_endpoint_get_condition_locked (DpdkUdpEndpoint *self)
{
  GIOCondition condition = 0;

  if (self->is_closed)
    return G_IO_HUP;
  if (self->received.head != NULL || self->has_error)
    condition |= G_IO_IN;
  if (self->n_sending < self->options.send_buffer_size || self->has_error)
    condition |= G_IO_OUT;
  if (self->has_error)
    condition |= G_IO_ERR;
  return condition;
}

void
dpdk_udp_endpoint_notify_locked (DpdkUdpEndpoint *self)
{
  gconstpointer own_context = NULL;
  GIOCondition condition;

  if (self->n_waiters > 0)
    g_cond_broadcast (&self->changed);
  if (self->sources == NULL)
    return;
  /* the worker's own context looks by itself, in each turn */
  if (dpdk_worker_core_is_current (self->core))
    own_context = dpdk_worker_core_get_main_context (self->core);
  condition = dpdk_udp_endpoint_get_condition_locked (self);
  for (GList *l = self->sources; l != NULL; l = l->next)
    {
      DpdkUdpSource *source = l->data;

      if ((source->condition & condition) != 0 &&
          (source->context == NULL || source->context != own_context))
        g_source_set_ready_time (source->waker, 0);
    }
}

/* what an error calls it */
static char *
get_name_locked (DpdkUdpEndpoint *self)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autofree char *name = NULL;

  if (!self->has_local)
    return g_strdup ("The DpdkUdpSocket");
  address = dpdk_native_address_to_gio (&self->local_ip, self->local_port);
  name = dpdk_socket_address_to_string (address);
  return g_strdup_printf ("The DpdkUdpSocket %s", name);
}

void
dpdk_udp_endpoint_set_error (DpdkUdpEndpoint *self, GError **error, GIOErrorEnum code,
                             const char *text)
{
  g_autofree char *name = NULL;

  if (error == NULL)
    return;
  g_mutex_lock (&self->lock);
  name = get_name_locked (self);
  g_mutex_unlock (&self->lock);
  g_set_error (error, G_IO_ERROR, (gint) code, "%s %s", name, text);
}

gboolean
dpdk_udp_endpoint_check_locked (DpdkUdpEndpoint *self, GError **error)
{
  if (self->is_closed)
    {
      g_autofree char *name = get_name_locked (self);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "%s is closed%s%s", name,
                   self->reason != NULL ? ": " : "", self->reason != NULL ? self->reason : "");
      return FALSE;
    }
  if (self->has_error)
    {
      g_autoptr (GSocketAddress) address =
          dpdk_native_address_to_gio (&self->remote_ip, self->remote_port);
      g_autofree char *name = dpdk_socket_address_to_string (address);

      self->has_error = FALSE;
      g_set_error (error, G_IO_ERROR, self->error_code, "%s: %s", name, self->error_text);
      return FALSE;
    }
  return TRUE;
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  DpdkUdpEndpoint *self = user_data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

gboolean
dpdk_udp_endpoint_begin (DpdkUdpEndpoint *self, const char *call, gint64 timeout_us,
                         GCancellable *cancellable, DpdkUdpWaiting *waiting, GError **error)
{
  *waiting = (DpdkUdpWaiting){ 0 };
  if (timeout_us != 0 &&
      !dpdk_lcore_check_may_wait (
          call, "a timeout of 0, a source, or dpdk_udp_socket_set_readable_callback()", error))
    return FALSE;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (timeout_us != 0 && cancellable != NULL)
    {
      waiting->cancellable = cancellable;
      waiting->id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);
    }
  return TRUE;
}

void
dpdk_udp_endpoint_end (DpdkUdpWaiting *waiting)
{
  if (waiting->cancellable != NULL)
    g_cancellable_disconnect (waiting->cancellable, waiting->id);
}

gboolean
dpdk_udp_endpoint_wait_locked (DpdkUdpEndpoint *self, GIOCondition condition, gint64 deadline,
                               GCancellable *cancellable, GError **error)
{
  condition |= G_IO_ERR | G_IO_HUP;
  while ((dpdk_udp_endpoint_get_condition_locked (self) & condition) == 0)
    {
      gboolean in_time = TRUE;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      self->n_waiters++;
      if (deadline >= 0)
        in_time = g_cond_wait_until (&self->changed, &self->lock, deadline);
      else
        g_cond_wait (&self->changed, &self->lock);
      self->n_waiters--;
      if (!in_time && (dpdk_udp_endpoint_get_condition_locked (self) & condition) == 0)
        {
          g_autofree char *name = get_name_locked (self);

          g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "%s was not ready in time", name);
          return FALSE;
        }
    }
  return TRUE;
}

GIOCondition
dpdk_udp_endpoint_check (DpdkUdpEndpoint *self, GIOCondition condition)
{
  GIOCondition now;

  g_mutex_lock (&self->lock);
  now = dpdk_udp_endpoint_get_condition_locked (self);
  g_mutex_unlock (&self->lock);
  return now & (condition | G_IO_ERR | G_IO_HUP);
}

gboolean
dpdk_udp_endpoint_wait (DpdkUdpEndpoint *self, GIOCondition condition, gint64 timeout_us,
                        GCancellable *cancellable, GError **error)
{
  gint64 deadline = dpdk_deadline_from_timeout (timeout_us);
  DpdkUdpWaiting waiting;
  gboolean success;

  if (!dpdk_udp_endpoint_begin (self, "g_datagram_based_condition_wait", timeout_us, cancellable,
                                &waiting, error))
    return FALSE;
  g_mutex_lock (&self->lock);
  success = dpdk_udp_endpoint_wait_locked (self, condition, deadline, cancellable, error);
  if (success && self->is_closed)
    success = dpdk_udp_endpoint_check_locked (self, error);
  g_mutex_unlock (&self->lock);
  dpdk_udp_endpoint_end (&waiting);
  return success;
}

gboolean
dpdk_udp_endpoint_is_closed (DpdkUdpEndpoint *self)
{
  gboolean is_closed;

  g_mutex_lock (&self->lock);
  is_closed = self->is_closed;
  g_mutex_unlock (&self->lock);
  return is_closed;
}

gboolean
dpdk_udp_endpoint_is_connected (DpdkUdpEndpoint *self)
{
  gboolean is_connected;

  g_mutex_lock (&self->lock);
  is_connected = self->has_remote && !self->is_closed;
  g_mutex_unlock (&self->lock);
  return is_connected;
}

GSocketAddress *
dpdk_udp_endpoint_get_local_address (DpdkUdpEndpoint *self, GError **error)
{
  GSocketAddress *address = NULL;

  g_mutex_lock (&self->lock);
  if (self->has_local)
    address = dpdk_native_address_to_gio (&self->local_ip, self->local_port);
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                         "The DpdkUdpSocket has no address yet");
  g_mutex_unlock (&self->lock);
  return address;
}

GSocketAddress *
dpdk_udp_endpoint_get_remote_address (DpdkUdpEndpoint *self, GError **error)
{
  GSocketAddress *address = NULL;

  g_mutex_lock (&self->lock);
  if (self->has_remote)
    address = dpdk_native_address_to_gio (&self->remote_ip, self->remote_port);
  g_mutex_unlock (&self->lock);
  if (address == NULL)
    dpdk_udp_endpoint_set_error (self, error, G_IO_ERROR_NOT_CONNECTED, "is not connected");
  return address;
}

gboolean
dpdk_udp_endpoint_take_error (DpdkUdpEndpoint *self, GError **error)
{
  gboolean had_none;

  g_mutex_lock (&self->lock);
  had_none = !self->has_error || dpdk_udp_endpoint_check_locked (self, error);
  g_mutex_unlock (&self->lock);
  return had_none;
}

void
dpdk_udp_endpoint_get_options (DpdkUdpEndpoint *self, DpdkUdpOptions *options)
{
  g_mutex_lock (&self->lock);
  *options = self->options;
  g_mutex_unlock (&self->lock);
}

DpdkUdpOptions *
dpdk_udp_endpoint_lock_options (DpdkUdpEndpoint *self)
{
  g_mutex_lock (&self->lock);
  return &self->options;
}

void
dpdk_udp_endpoint_unlock_options (DpdkUdpEndpoint *self)
{
  /* there may be more room */
  dpdk_udp_endpoint_notify_locked (self);
  g_mutex_unlock (&self->lock);
}

void
dpdk_udp_endpoint_get_statistics (DpdkUdpEndpoint *self, DpdkUdpStatistics *statistics)
{
  g_mutex_lock (&self->lock);
  *statistics = self->statistics;
  g_mutex_unlock (&self->lock);
}
