/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-runner.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* starting DPDK is mostly sleeping, so there may be more processes than cores */
#define PROCESSES_PER_CORE 4
#define TIMEOUT_S 120

typedef struct {
  GraphCase *graph_case;
  char *folder;
  pid_t pid;
} Slot;

GraphCase *
graph_case_new (void)
{
  GraphCase *self = g_new0 (GraphCase, 1);

  self->timeout_s = TIMEOUT_S;
  return self;
}

GraphStep *
graph_case_add (GraphCase *self, const char *format, ...)
{
  GraphStep *step = &self->steps[self->n_steps];
  va_list args;

  g_assert_cmpuint (self->n_steps, <, GRAPH_MAX_STEPS);
  self->n_steps++;
  va_start (args, format);
  step->args = g_strdup_vprintf (format, args);
  va_end (args);
  return step;
}

void
graph_case_free (GraphCase *self)
{
  for (guint i = 0; i < self->n_steps; i++)
    g_free (self->steps[i].args);
  g_free (self);
}

guint
graph_scale (guint n)
{
  const char *text = g_getenv ("DPDK_TEST_SCALE");
  double factor = text != NULL ? g_ascii_strtod (text, NULL) : 1;

  return MAX (1, (guint) (n * factor));
}

static void
start_slot (Slot *self, GraphCase *graph_case)
{
  g_autoptr (GError) error = NULL;

  if (g_getenv ("GRAPH_CHILD") == NULL)
    g_error ("GRAPH_CHILD must be the path of graph-child; meson test sets it");
  self->graph_case = graph_case;
  self->folder = g_dir_make_tmp ("dpdk-graph-XXXXXX", &error);
  g_assert_no_error (error);
  /* children may be somebody else */
  g_assert_cmpint (g_chmod (self->folder, 0777), ==, 0);
  self->pid = fork ();
  g_assert_cmpint (self->pid, >=, 0);
  if (self->pid == 0)
    graph_nanny (graph_case, self->folder);
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_remove (path);
    }
  g_rmdir (folder);
}

/* what was wrong, or NULL */
static char *
finish_slot (Slot *self, int status)
{
  g_autofree char *path = g_build_filename (self->folder, "report", NULL);
  char *report = NULL;

  if (!g_file_get_contents (path, &report, NULL, NULL) && status != 0)
    report = g_strdup_printf ("the nanny ended with wait status %#x", (guint) status);
  remove_folder (self->folder);
  g_clear_pointer (&self->folder, g_free);
  self->graph_case = NULL;
  self->pid = 0;
  return report;
}

static Slot *
find_slot (Slot *slots, guint n_slots, pid_t pid)
{
  for (guint i = 0; i < n_slots; i++)
    if (slots[i].pid == pid)
      return &slots[i];
  return NULL;
}

char *
graph_run_case (GraphCase *self)
{
  Slot slot = { 0 };
  int status;

  start_slot (&slot, self);
  g_assert_cmpint (waitpid (slot.pid, &status, 0), ==, slot.pid);
  return finish_slot (&slot, status);
}

void
graph_run_cases (GPtrArray *cases)
{
  const guint n_slots = MIN (g_get_num_processors () * PROCESSES_PER_CORE, 16);
  g_autofree Slot *slots = g_new0 (Slot, n_slots);
  guint n_failed = 0;

  for (guint n_started = 0, n_ended = 0; n_ended < cases->len;)
    {
      Slot *slot = n_started < cases->len ? find_slot (slots, n_slots, 0) : NULL;
      g_autofree char *report = NULL;
      int status;
      pid_t pid;

      if (slot != NULL)
        {
          start_slot (slot, g_ptr_array_index (cases, n_started++));
          continue;
        }
      pid = waitpid (-1, &status, 0);
      slot = pid > 0 ? find_slot (slots, n_slots, pid) : NULL;
      if (slot == NULL)
        /* the keeper of the hugepages is a child, too */
        continue;
      n_ended++;
      report = finish_slot (slot, status);
      if (report == NULL)
        continue;
      n_failed++;
      g_test_message ("%s", report);
    }
  g_test_message ("%u of %u cases are good", cases->len - n_failed, cases->len);
  if (n_failed > 0)
    g_test_fail_printf ("%u of %u cases failed", n_failed, cases->len);
}
