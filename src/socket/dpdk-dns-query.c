/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-dns-query-private.h"

#include "dpdk-dns-exchange-private.h"
#include "dpdk-socket-native-private.h"

#include <string.h>

struct _DpdkDnsQuery {
  /* weakly: who drops it ends what is asked */
  GWeakRef runtime;
  GPtrArray *servers;
  guint n_tries_left;
  guint n_tries;
  guint attempts;
  guint timeout_ms;
  char *asked_name;
  /* which @asked_name is an alias of */
  char *name;
  guint n_aliases;
  ns_type type;
  GMainContext *context;
  DpdkDnsQueryFunc func;
  gpointer user_data;

  GSource *next;
  DpdkDnsExchange *exchange;
  GBytes *question;
  gboolean over_tcp;
  gboolean with_edns;
  /* what each server had to say at last, or NULL */
  GPtrArray *failures;
};

static void
clear_exchange (DpdkDnsQuery *self)
{
  g_clear_pointer (&self->exchange, dpdk_dns_exchange_free);
  g_clear_pointer (&self->question, g_bytes_unref);
}

static void
clear_next (DpdkDnsQuery *self)
{
  if (self->next == NULL)
    return;
  g_source_destroy (self->next);
  g_clear_pointer (&self->next, g_source_unref);
}

void
dpdk_dns_query_free (DpdkDnsQuery *self)
{
  clear_next (self);
  clear_exchange (self);
  g_weak_ref_clear (&self->runtime);
  g_ptr_array_unref (self->servers);
  g_ptr_array_unref (self->failures);
  g_free (self->asked_name);
  g_free (self->name);
  g_main_context_unref (self->context);
  g_free (self);
}

static guint
get_server (DpdkDnsQuery *self)
{
  return self->n_tries % self->servers->len;
}

static void
end_with_error (DpdkDnsQuery *self, GError *error)
{
  g_autoptr (GError) owned = error;

  clear_exchange (self);
  self->func (NULL, owned, self->user_data);
}

static void
end_without_answer (DpdkDnsQuery *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < self->failures->len; i++)
    if (g_ptr_array_index (self->failures, i) != NULL)
      g_string_append_printf (text, "%s%s", text->len > 0 ? "; " : "",
                              (const char *) g_ptr_array_index (self->failures, i));
  end_with_error (self, g_error_new (G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE,
                                     "Cannot resolve \"%s\": %s", self->asked_name, text->str));
}

static void
note_failure (DpdkDnsQuery *self, const char *reason)
{
  guint i = get_server (self);
  g_autofree char *name = dpdk_socket_address_to_string (g_ptr_array_index (self->servers, i));
  char **failure = (char **) &g_ptr_array_index (self->failures, i);

  g_free (*failure);
  *failure = g_strdup_printf ("name server %s: %s", name, reason);
}

static void advance (DpdkDnsQuery *self);

static gboolean
on_next (gpointer user_data)
{
  DpdkDnsQuery *self = user_data;

  clear_next (self);
  advance (self);
  return G_SOURCE_REMOVE;
}

/* from the main context, so that nothing is called before who asks knows the query */
static void
schedule (DpdkDnsQuery *self)
{
  self->next = g_timeout_source_new (0);
  g_source_set_static_name (self->next, "DpdkResolver next try");
  g_source_set_callback (self->next, on_next, self, NULL);
  g_source_attach (self->next, self->context);
}

static void
try_next_server (DpdkDnsQuery *self, const char *reason)
{
  note_failure (self, reason);
  self->n_tries++;
  self->n_tries_left--;
  self->over_tcp = FALSE;
  self->with_edns = TRUE;
  advance (self);
}

/* an alias of a name that the server did not look up as well */
static void
ask_for_alias (DpdkDnsQuery *self)
{
  self->n_tries_left = self->attempts * self->servers->len;
  self->over_tcp = FALSE;
  self->with_edns = TRUE;
  advance (self);
}

static void
take_answer (DpdkDnsQuery *self, GBytes *answer)
{
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  guint n_aliases = self->n_aliases;

  if (!dpdk_dns_answer_collect (answer, self->type, &self->name, &self->n_aliases, records))
    {
      try_next_server (self, "the answer is malformed");
      return;
    }
  if (records->len > 0)
    {
      clear_exchange (self);
      self->func (records, NULL, self->user_data);
    }
  else if (self->n_aliases > DPDK_DNS_MAX_ALIASES)
    end_with_error (self, g_error_new (G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE,
                                       "Cannot resolve \"%s\": more than %d aliases",
                                       self->asked_name, DPDK_DNS_MAX_ALIASES));
  else if (self->n_aliases > n_aliases && !dpdk_dns_answer_is_authoritative_denial (answer))
    ask_for_alias (self);
  else
    end_with_error (self, g_error_new (G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                                       "\"%s\" has no record of the type that was asked for",
                                       self->asked_name));
}

static void
on_answered (GBytes *answer, const GError *error, gpointer user_data)
{
  DpdkDnsQuery *self = user_data;
  DpdkDnsVerdict verdict;
  guint rcode = 0;

  if (answer == NULL)
    {
      try_next_server (self, error->message);
      return;
    }
  verdict = dpdk_dns_answer_check (answer, self->question, &rcode);
  if (rcode == ns_r_nxdomain)
    end_with_error (self, g_error_new (G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                                       "There is no name \"%s\"", self->asked_name));
  /* RFC 6891, 7 */
  else if (rcode == ns_r_formerr && self->with_edns)
    {
      self->with_edns = FALSE;
      advance (self);
    }
  else if (rcode != ns_r_noerror)
    {
      g_autofree char *reason =
          g_strdup_printf ("%s (code %u)", dpdk_dns_rcode_to_string (rcode), rcode);

      try_next_server (self, reason);
    }
  else if (verdict == DPDK_DNS_VERDICT_TRUNCATED && !self->over_tcp)
    {
      self->over_tcp = TRUE;
      advance (self);
    }
  else if (verdict == DPDK_DNS_VERDICT_TRUNCATED)
    try_next_server (self, "the answer over TCP is truncated");
  else
    take_answer (self, answer);
}

/* asks with a new id, from a new port */
static gboolean
ask (DpdkDnsQuery *self, DpdkRuntime *runtime, GError **error)
{
  self->question = dpdk_dns_question_new (self->name, self->type, self->with_edns, error);
  if (self->question == NULL)
    return FALSE;
  self->exchange = dpdk_dns_exchange_new (
      runtime, g_ptr_array_index (self->servers, get_server (self)), self->question, self->over_tcp,
      self->timeout_ms, self->context, on_answered, self, error);
  return self->exchange != NULL;
}

static void
advance (DpdkDnsQuery *self)
{
  g_autoptr (DpdkRuntime) runtime = g_weak_ref_get (&self->runtime);

  for (; self->n_tries_left > 0; self->n_tries++, self->n_tries_left--)
    {
      GError *error = NULL;

      clear_exchange (self);
      if (runtime == NULL || !dpdk_runtime_is_running (runtime))
        {
          end_with_error (self,
                          g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                               "DpdkResolver: the DpdkRuntime was shut down"));
          return;
        }
      if (ask (self, runtime, &error))
        return;
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT) &&
          self->question == NULL)
        {
          end_with_error (self, error);
          return;
        }
      note_failure (self, error->message);
      g_error_free (error);
      self->over_tcp = FALSE;
      self->with_edns = TRUE;
    }
  end_without_answer (self);
}

/* as names in answers are */
static char *
dup_without_dot (const char *name)
{
  gsize length = strlen (name);

  return g_strndup (name, length > 1 && name[length - 1] == '.' ? length - 1 : length);
}

DpdkDnsQuery *
dpdk_dns_query_new (const DpdkDnsSettings *settings, const char *name, ns_type type,
                    GMainContext *context, DpdkDnsQueryFunc func, gpointer user_data)
{
  DpdkDnsQuery *self = g_new0 (DpdkDnsQuery, 1);

  g_weak_ref_init (&self->runtime, settings->runtime);
  self->servers = g_ptr_array_ref (settings->servers);
  self->attempts = settings->attempts;
  self->n_tries_left = settings->attempts * settings->servers->len;
  self->timeout_ms = settings->timeout_ms;
  self->asked_name = g_strdup (name);
  self->name = dup_without_dot (name);
  self->type = type;
  self->with_edns = TRUE;
  self->context = g_main_context_ref (context);
  self->func = func;
  self->user_data = user_data;
  self->failures = g_ptr_array_new_full (settings->servers->len, g_free);
  g_ptr_array_set_size (self->failures, (gint) settings->servers->len);
  schedule (self);
  return self;
}
