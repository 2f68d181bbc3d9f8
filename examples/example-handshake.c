/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "example-handshake.h"

#define TIMEOUT_SECONDS 30

typedef struct {
  ExampleHandshakeFunc done;
  gpointer user_data;
  GCancellable *cancellable;
  guint timeout;
} Handshake;

gboolean
example_trust_only (const char *path, GError **error)
{
  /* It takes no name that is relative to the current folder. */
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autoptr (GTlsDatabase) database = g_tls_file_database_new (absolute, error);

  if (database != NULL)
    g_tls_backend_set_default_database (g_tls_backend_get_default (), database);

  return database != NULL;
}

static gboolean
on_timeout (gpointer user_data)
{
  Handshake *self = user_data;

  self->timeout = 0;
  g_cancellable_cancel (self->cancellable);

  return G_SOURCE_REMOVE;
}

static void
on_handshake (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Handshake *self = user_data;
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error);
  self->done (G_TLS_CONNECTION (source), error, self->user_data);
  g_clear_handle_id (&self->timeout, g_source_remove);
  g_object_unref (self->cancellable);
  g_free (self);
}

void
example_handshake (GTlsConnection *stream, ExampleHandshakeFunc done, gpointer user_data)
{
  Handshake *self = g_new0 (Handshake, 1);

  self->done = done;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->timeout = g_timeout_add_seconds (TIMEOUT_SECONDS, on_timeout, self);
  g_tls_connection_handshake_async (stream, G_PRIORITY_DEFAULT, self->cancellable, on_handshake,
                                    self);
}
