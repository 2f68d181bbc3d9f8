/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-tcp-race-private.h"

#include "dpdk-address-search-private.h"
#include "dpdk-socket-native-private.h"
#include "dpdk-socket-private.h"

/* how many addresses an error names */
#define MAX_NAMED 8

enum {
  V6,
  V4,
  N_FAMILIES,
};

typedef struct {
  GTask *task;
  GWeakRef runtime;
  char *name;
  GSocketAddress *local_address;
  DpdkTcpOptions *options;
  guint timeout;
  guint attempt_delay;

  DpdkAddressSearch *search;
  gboolean search_is_over;
  /* (element-type GSocketAddress): those that are still to be tried */
  GQueue candidates[N_FAMILIES];
  guint next_family;
  /* (element-type Attempt): those that run */
  GPtrArray *attempts;
  /* whether another one may start */
  gboolean is_due;
  GSource *delay;
  GSource *deadline;
  GSource *cancelled;

  /* why there is no connection yet */
  GString *reasons;
  guint n_reasons;
  GError *error;
} Race;

typedef struct {
  Race *race;
  GSocketAddress *address;
  DpdkTcpSocket *socket;
  GSource *ready;
} Attempt;

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* one that has not won leaves nothing behind, not even a connection in TIME-WAIT */
static void
attempt_free (gpointer data)
{
  Attempt *self = data;

  drop_source (&self->ready);
  if (self->socket != NULL)
    dpdk_tcp_endpoint_abort (dpdk_tcp_socket_get_endpoint (self->socket));
  g_clear_object (&self->socket);
  g_clear_object (&self->address);
  g_free (self);
}

static void
race_free (Race *self)
{
  drop_source (&self->delay);
  drop_source (&self->deadline);
  drop_source (&self->cancelled);
  g_clear_pointer (&self->search, dpdk_address_search_end);
  g_ptr_array_unref (self->attempts);
  for (guint i = 0; i < N_FAMILIES; i++)
    g_queue_clear_full (&self->candidates[i], g_object_unref);
  g_weak_ref_clear (&self->runtime);
  g_clear_object (&self->local_address);
  g_clear_object (&self->options);
  g_string_free (self->reasons, TRUE);
  g_clear_error (&self->error);
  g_free (self->name);
  g_object_unref (self->task);
  g_free (self);
}

/* takes the error */
static void
race_fail (Race *self, GError *error)
{
  g_autoptr (GTask) task = g_object_ref (self->task);

  race_free (self);
  g_task_return_error (task, error);
}

static void
add_reason (Race *self, const char *reason)
{
  if (self->n_reasons++ < MAX_NAMED)
    g_string_append_printf (self->reasons, "%s%s", self->reasons->len > 0 ? "; " : "", reason);
}

/* takes the error, which says of which address it is, but need not say again what was wanted */
static void
add_error (Race *self, GError *error)
{
  static const char prefix[] = "Cannot connect to ";

  add_reason (self, g_str_has_prefix (error->message, prefix) ? error->message + sizeof prefix - 1
                                                              : error->message);
  g_clear_error (&self->error);
  self->error = error;
}

static char *
describe_reasons (Race *self)
{
  if (self->n_reasons > MAX_NAMED)
    return g_strdup_printf ("%s; and %u more", self->reasons->str, self->n_reasons - MAX_NAMED);
  return g_strdup (self->reasons->str);
}

/* no address is left */
static void
race_lose (Race *self)
{
  g_autofree char *reasons = describe_reasons (self);
  GQuark domain = G_IO_ERROR;
  gint code = G_IO_ERROR_NETWORK_UNREACHABLE;

  if (self->error != NULL)
    {
      domain = self->error->domain;
      code = self->error->code;
    }
  else if (self->n_reasons == 0)
    code = G_IO_ERROR_HOST_NOT_FOUND;
  race_fail (self, g_error_new (domain, code, "Cannot connect to %s: %s", self->name,
                                self->n_reasons > 0 ? reasons : "it has no address"));
}

static gboolean
on_deadline (gpointer user_data)
{
  Race *self = user_data;
  g_autofree char *reasons = NULL;

  for (guint i = 0; i < self->attempts->len; i++)
    {
      Attempt *attempt = g_ptr_array_index (self->attempts, i);
      g_autofree char *name = dpdk_socket_address_to_string (attempt->address);
      g_autofree char *reason = g_strdup_printf ("%s: no answer yet", name);

      add_reason (self, reason);
    }
  if (self->attempts->len == 0 && !self->search_is_over)
    add_reason (self, "its addresses are not known yet");
  reasons = describe_reasons (self);
  race_fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                "Cannot connect to %s: timed out after %u ms%s%s", self->name,
                                self->timeout, reasons[0] != '\0' ? ": " : "", reasons));
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Race *self = user_data;
  g_autoptr (GTask) task = g_object_ref (self->task);

  race_free (self);
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

static void
attach (Race *self, GSource *source, GSourceFunc func, gpointer data)
{
  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, g_task_get_context (self->task));
}

/* of a task that was given up before anybody has seen its connection */
static void
discard_connection (gpointer data)
{
  DpdkTcpConnection *connection = data;

  dpdk_tcp_connection_abort (connection);
  g_object_unref (connection);
}

static void
race_win (Race *self, Attempt *attempt)
{
  g_autoptr (GTask) task = g_object_ref (self->task);
  g_autoptr (DpdkTcpSocket) socket = g_steal_pointer (&attempt->socket);

  race_free (self);
  g_task_return_pointer (task, dpdk_tcp_connection_new (socket), discard_connection);
}

static void advance (Race *self);

static gboolean
on_ready (gpointer user_data)
{
  Attempt *attempt = user_data;
  Race *self = attempt->race;
  GError *error = NULL;

  /* it is over, one way or the other, so this does not wait */
  if (dpdk_tcp_endpoint_wait_connected (dpdk_tcp_socket_get_endpoint (attempt->socket), NULL,
                                        &error))
    {
      race_win (self, attempt);
      return G_SOURCE_REMOVE;
    }
  add_error (self, error);
  g_ptr_array_remove_fast (self->attempts, attempt);
  self->is_due = TRUE;
  advance (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_delay (gpointer user_data)
{
  Race *self = user_data;

  drop_source (&self->delay);
  self->is_due = TRUE;
  advance (self);
  return G_SOURCE_REMOVE;
}

static gboolean
is_reachable (DpdkWorker *worker, GSocketAddress *address)
{
  GInetAddress *host = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address));

  return dpdk_worker_core_find_route (dpdk_worker_get_core_private (worker),
                                      g_inet_address_get_family (host) == G_SOCKET_FAMILY_IPV6,
                                      g_inet_address_to_bytes (host)) != DPDK_ROUTE_NONE;
}

static gboolean
prepare_socket (Race *self, DpdkTcpSocket *socket, GError **error)
{
  if (self->options != NULL && !dpdk_tcp_socket_set_options (socket, self->options, error))
    return FALSE;
  return self->local_address == NULL || dpdk_tcp_socket_bind (socket, self->local_address, error);
}

static gboolean
start_attempt (Race *self, DpdkRuntime *runtime, GSocketAddress *address, GError **error)
{
  DpdkTcpEndpoint *endpoint;
  Attempt *attempt;
  ip_addr_t ip;
  guint16 port;
  g_autoptr (DpdkTcpSocket) socket =
      dpdk_tcp_socket_new (runtime, g_socket_address_get_family (address), error);

  if (socket == NULL || !prepare_socket (self, socket, error) ||
      !dpdk_tcp_socket_check_address (socket, address, &ip, &port, error))
    return FALSE;
  endpoint = dpdk_tcp_socket_get_endpoint (socket);
  if (!dpdk_tcp_endpoint_connect (endpoint, &ip, port, NULL, error))
    return FALSE;
  attempt = g_new0 (Attempt, 1);
  attempt->race = self;
  attempt->address = g_object_ref (address);
  attempt->socket = g_steal_pointer (&socket);
  attempt->ready = dpdk_tcp_endpoint_create_source (endpoint, G_IO_OUT);
  attach (self, attempt->ready, on_ready, attempt);
  g_ptr_array_add (self->attempts, attempt);
  return TRUE;
}

/* FALSE if @address is not to be tried, which the reasons tell then */
static gboolean
try_address (Race *self, DpdkRuntime *runtime, GSocketAddress *address)
{
  g_autofree char *name = dpdk_socket_address_to_string (address);
  g_autofree char *reason = NULL;
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);
  g_autoptr (GError) error = NULL;

  if (worker != NULL && !is_reachable (worker, address))
    reason =
        g_strdup_printf ("%s: the runtime has no address of its network, and no gateway", name);
  else if (self->local_address != NULL && g_socket_address_get_family (self->local_address) !=
                                              g_socket_address_get_family (address))
    reason = g_strdup_printf ("%s: not of the family of the local address", name);
  else if (start_attempt (self, runtime, address, &error))
    return TRUE;
  else
    {
      g_autofree char *text = g_strdup_printf ("%s: %s", name, error->message);

      add_error (self, g_error_new_literal (error->domain, error->code, text));
      return FALSE;
    }
  add_reason (self, reason);
  return FALSE;
}

/* the families in turn (RFC 8305, 4) */
static GSocketAddress *
pop_candidate (Race *self)
{
  guint family = self->next_family;

  if (g_queue_is_empty (&self->candidates[family]))
    family = (family + 1) % N_FAMILIES;
  if (g_queue_is_empty (&self->candidates[family]))
    return NULL;
  self->next_family = (family + 1) % N_FAMILIES;
  return g_queue_pop_head (&self->candidates[family]);
}

static void
advance (Race *self)
{
  g_autoptr (DpdkRuntime) runtime = g_weak_ref_get (&self->runtime);

  if (runtime == NULL || !dpdk_runtime_is_running (runtime))
    {
      race_fail (self,
                 g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED,
                              "Cannot connect to %s: the DpdkRuntime was shut down", self->name));
      return;
    }
  while (self->is_due)
    {
      g_autoptr (GSocketAddress) address = pop_candidate (self);

      if (address == NULL)
        break;
      if (!try_address (self, runtime, address))
        continue;
      self->is_due = FALSE;
      drop_source (&self->delay);
      self->delay = g_timeout_source_new (self->attempt_delay);
      attach (self, self->delay, on_delay, self);
    }
  if (!self->is_due)
    return;
  if (!self->search_is_over)
    dpdk_address_search_want (self->search);
  else if (self->attempts->len == 0)
    race_lose (self);
}

static void
on_addresses (GList *addresses, const GError *error, gboolean is_over, gpointer user_data)
{
  Race *self = user_data;

  for (GList *l = addresses; l != NULL; l = l->next)
    {
      GSocketAddress *address = l->data;

      if (G_IS_INET_SOCKET_ADDRESS (address))
        {
          gboolean is_v6 = g_socket_address_get_family (address) == G_SOCKET_FAMILY_IPV6;

          g_queue_push_tail (&self->candidates[is_v6 ? V6 : V4], address);
          continue;
        }
      add_error (self, g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                                    "%s is not an address of IPv4 or IPv6",
                                    G_OBJECT_TYPE_NAME (address)));
      g_object_unref (address);
    }
  g_list_free (addresses);
  if (error != NULL)
    add_error (self, g_error_copy (error));
  self->search_is_over = is_over;
  advance (self);
}

void
dpdk_tcp_race_run (GTask *task, GSocketConnectable *connectable,
                   const DpdkTcpRaceSettings *settings, gboolean *is_gone)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Race *self = g_new0 (Race, 1);

  self->task = g_object_ref (task);
  g_weak_ref_init (&self->runtime, settings->runtime);
  self->name = g_socket_connectable_to_string (connectable);
  if (settings->local_address != NULL)
    self->local_address = g_object_ref (settings->local_address);
  if (settings->options != NULL)
    self->options = g_object_ref (settings->options);
  self->timeout = settings->timeout;
  self->attempt_delay = settings->attempt_delay;
  for (guint i = 0; i < N_FAMILIES; i++)
    g_queue_init (&self->candidates[i]);
  self->attempts = g_ptr_array_new_with_free_func (attempt_free);
  self->is_due = TRUE;
  self->reasons = g_string_new (NULL);
  if (cancellable != NULL)
    {
      self->cancelled = g_cancellable_source_new (cancellable);
      attach (self, self->cancelled, G_SOURCE_FUNC (on_cancelled), self);
    }
  if (self->timeout > 0)
    {
      self->deadline = g_timeout_source_new (self->timeout);
      attach (self, self->deadline, on_deadline, self);
    }
  self->search = dpdk_address_search_new (connectable, settings->resolver, settings->family,
                                          on_addresses, self);
  dpdk_address_search_watch (self->search, is_gone);
  dpdk_address_search_want (self->search);
}
