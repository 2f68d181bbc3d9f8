/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PORTS 32
#define POOL_NAME_SIZE 64

/* what the lines told so far */
typedef struct {
  int pid;
  guint n_inits;
  guint n_cleanups;
  gboolean is_cleanup_done;
  int owner_thread;
  gboolean is_started[MAX_PORTS];
  gboolean is_closed[MAX_PORTS];
  /* of an open port */
  char pool[MAX_PORTS][POOL_NAME_SIZE];
  guint last_closed;
  guint n_closed;
  guint n_removed;
  guint n_freed;
  GHashTable *pools;
  GString *problems;
} Events;

static void
check_owner (Events *self, int thread, const char *what)
{
  if (thread == self->pid)
    g_string_append_printf (self->problems, "events: %s on the main thread\n", what);
  else if (self->owner_thread != 0 && thread != self->owner_thread)
    g_string_append_printf (self->problems, "events: %s on another thread than init\n", what);
  if (self->owner_thread == 0)
    self->owner_thread = thread;
}

static void
on_start (Events *self, guint port)
{
  self->is_started[port] = TRUE;
}

static void
on_stop (Events *self, guint port)
{
  if (self->is_closed[port])
    g_string_append_printf (self->problems, "events: stop of closed port %u\n", port);
  self->is_started[port] = FALSE;
}

static void
on_close (Events *self, guint port)
{
  if (self->is_started[port])
    g_string_append_printf (self->problems, "events: close of port %u without stop\n", port);
  if (self->is_closed[port])
    g_string_append_printf (self->problems, "events: second close of port %u\n", port);
  self->is_closed[port] = TRUE;
  self->pool[port][0] = '\0';
  self->last_closed = port;
  self->n_closed++;
}

static void
on_free (Events *self, const char *pool, guint n_in_use)
{
  for (guint i = 0; i < MAX_PORTS; i++)
    if (strcmp (self->pool[i], pool) == 0)
      g_string_append_printf (self->problems, "events: pool %s freed before the port\n", pool);
  if (n_in_use != 0)
    g_string_append_printf (self->problems, "events: pool %s freed with %u buffers in use\n", pool,
                            n_in_use);
  if (!g_hash_table_add (self->pools, g_strdup (pool)))
    g_string_append_printf (self->problems, "events: pool %s freed twice\n", pool);
  self->n_freed++;
}

static void
on_line (Events *self, int thread, const char *what)
{
  char pool[POOL_NAME_SIZE];
  guint number;

  if (self->is_cleanup_done && strcmp (what, "return") != 0)
    g_string_append_printf (self->problems, "events: \"%s\" after the cleanup\n", what);
  if (strcmp (what, "init") == 0)
    {
      self->n_inits++;
      check_owner (self, thread, what);
    }
  else if (strcmp (what, "cleanup") == 0)
    {
      self->n_cleanups++;
      check_owner (self, thread, what);
    }
  else if (g_str_has_prefix (what, "cleanup-done"))
    {
      self->is_cleanup_done = TRUE;
      if (strcmp (what, "cleanup-done 0") != 0)
        g_string_append_printf (self->problems, "events: %s\n", what);
    }
  else if (sscanf (what, "queue %u %63s", &number, pool) == 2 && number < MAX_PORTS)
    g_strlcpy (self->pool[number], pool, POOL_NAME_SIZE);
  else if (sscanf (what, "start %u", &number) == 1 && number < MAX_PORTS)
    on_start (self, number);
  else if (sscanf (what, "stop %u", &number) == 1 && number < MAX_PORTS)
    on_stop (self, number);
  else if (sscanf (what, "close %u", &number) == 1 && number < MAX_PORTS)
    on_close (self, number);
  else if (strcmp (what, "remove") == 0)
    {
      self->n_removed++;
      /* the number may be used again */
      self->is_closed[self->last_closed] = FALSE;
      if (self->n_removed > self->n_closed)
        g_string_append (self->problems, "events: a device was removed before it was closed\n");
    }
  else if (sscanf (what, "free %63s %u", pool, &number) == 2)
    on_free (self, pool, number);
}

static void
check_end (Events *self, GraphEvents kind)
{
  if (self->n_inits != 1)
    g_string_append_printf (self->problems, "events: %u times init\n", self->n_inits);
  if (self->n_cleanups > 1)
    g_string_append_printf (self->problems, "events: %u times cleanup\n", self->n_cleanups);
  if (kind == GRAPH_EVENTS_NO_CLEANUP && self->n_cleanups > 0)
    g_string_append (self->problems, "events: a cleanup that nobody wanted\n");
  if (kind != GRAPH_EVENTS_WHOLE)
    return;
  if (self->n_cleanups == 0 || !self->is_cleanup_done)
    g_string_append (self->problems, "events: no cleanup\n");
  if (self->n_closed == 0)
    g_string_append (self->problems, "events: no port was closed\n");
  if (self->n_removed != self->n_closed)
    g_string_append_printf (self->problems, "events: %u devices closed, but %u removed\n",
                            self->n_closed, self->n_removed);
  if (self->n_freed == 0)
    g_string_append (self->problems, "events: no pool was freed\n");
}

/* @pid: the process that may do all this; nobody else may */
void
graph_check_events (const char *text, GraphEvents kind, int pid, GString *problems)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  Events events = { .pid = pid, .problems = problems };

  if (kind == GRAPH_EVENTS_ANY)
    return;
  events.pools = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      int process, thread, n = 0;

      if (sscanf (lines[i], "%d %d %n", &process, &thread, &n) != 2 || n == 0)
        g_string_append_printf (problems, "events: cannot read \"%s\"\n", lines[i]);
      else if (process == pid)
        on_line (&events, thread, lines[i] + n);
      else if (strcmp (lines[i] + n, "return") != 0 && !g_str_has_prefix (lines[i] + n, "drop"))
        g_string_append_printf (problems, "events: \"%s\" in a child\n", lines[i] + n);
    }
  check_end (&events, kind);
  g_hash_table_unref (events.pools);
}
