/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-child.h"

#include "bench-report.h"
#include "bench-thread.h"

#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LINE_SIZE 512

struct _BenchChild {
  GSubprocess *process;
  GDataInputStream *output;
};

static char *
read_line (BenchChild *self)
{
  g_autoptr (GError) error = NULL;
  char *line = g_data_input_stream_read_line (self->output, NULL, NULL, &error);

  if (error != NULL)
    bench_die (error);
  if (line == NULL)
    {
      g_printerr ("%s: a side has ended\n", g_get_prgname ());
      exit (1);
    }
  return line;
}

static void
pause_child (BenchChild *self)
{
  g_subprocess_send_signal (self->process, SIGSTOP);
}

static void
set_up_child (gpointer user_data)
{
  /* one that is stopped would outlive us */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

BenchChild *
bench_child_new (const char *const *argv)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) all = NULL;
  g_autofree char *line = NULL;
  BenchChild *self = g_new0 (BenchChild, 1);

  bench_thread_raise ();
  g_strv_builder_add (builder, "/proc/self/exe");
  g_strv_builder_addv (builder, (const char **) argv);
  all = g_strv_builder_end (builder);
  g_subprocess_launcher_set_child_setup (launcher, set_up_child, NULL, NULL);
  self->process = g_subprocess_launcher_spawnv (launcher, (const char *const *) all, &error);
  if (self->process == NULL)
    bench_die (error);
  self->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  line = read_line (self);
  pause_child (self);
  return self;
}

void
bench_child_free (BenchChild *self)
{
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  g_object_unref (self->output);
  g_object_unref (self->process);
  g_free (self);
}

guint
bench_child_ask (BenchChild *self, const char *command, double values[BENCH_CHILD_MAX_VALUES])
{
  g_autofree char *question = g_strdup_printf ("%s\n", command);
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;
  g_auto (GStrv) words = NULL;
  guint n = 0;

  g_subprocess_send_signal (self->process, SIGCONT);
  if (!g_output_stream_write_all (g_subprocess_get_stdin_pipe (self->process), question,
                                  strlen (question), NULL, NULL, &error))
    bench_die (error);
  line = read_line (self);
  pause_child (self);
  words = g_strsplit (line, " ", BENCH_CHILD_MAX_VALUES);
  for (; words[n] != NULL; n++)
    values[n] = g_ascii_strtod (words[n], NULL);
  return n;
}

void
bench_child_serve (BenchAnswerFunc func, gpointer user_data)
{
  char line[LINE_SIZE];

  puts ("ready");
  fflush (stdout);
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      double values[BENCH_CHILD_MAX_VALUES];
      guint n = func (user_data, g_strchomp (line), values);

      for (guint i = 0; i < n; i++)
        {
          char buffer[G_ASCII_DTOSTR_BUF_SIZE];

          printf ("%s%s", i > 0 ? " " : "", g_ascii_dtostr (buffer, sizeof buffer, values[i]));
        }
      putchar ('\n');
      fflush (stdout);
    }
}
