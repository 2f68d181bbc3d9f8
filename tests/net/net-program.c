/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-program.h"

#include "net-fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

/* Meson says where the examples are */
static char *
find_program (const char *name)
{
  const char *directory = g_getenv ("NET_EXAMPLES");

  if (directory == NULL)
    g_error ("the environment variable NET_EXAMPLES must name the folder of the examples");
  return g_build_filename (directory, name, NULL);
}

/* a test that is killed takes its programs along; runs between fork and exec */
static void
die_with_parent (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

NetProgram *
net_program_start (const char *name, const char *arguments)
{
  NetProgram *self = g_new0 (NetProgram, 1);
  g_autofree char *path = find_program (name);
  g_autofree char *command = NULL;
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GError) error = NULL;

  self->directory = g_dir_make_tmp ("dpdk-net-XXXXXX", &error);
  g_assert_no_error (error);
  self->output_path = g_build_filename (self->directory, "output", NULL);
  self->ready_path = g_build_filename (self->directory, "ready", NULL);
  /* the shell gives way to the program; standard error stays ours */
  command = g_strdup_printf ("exec '%s' %s > '%s'", path, arguments, self->output_path);
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  self->process = g_subprocess_launcher_spawn (launcher, &error, "/bin/sh", "-c", command, NULL);
  g_assert_no_error (error);
  return self;
}

char *
net_program_get_output (NetProgram *self, gsize *size)
{
  char *output = NULL;

  if (!g_file_get_contents (self->output_path, &output, size, NULL))
    output = g_strdup ("");
  return output;
}

static gboolean
has_output (NetProgram *self, const char *text)
{
  g_autofree char *output = net_program_get_output (self, NULL);

  return strstr (output, text) != NULL;
}

void
net_program_wait_for_output (NetProgram *self, const char *text)
{
  NET_WAIT_UNTIL (has_output (self, text));
}

static void
on_waited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gboolean *is_over = user_data;
  g_autoptr (GError) error = NULL;

  g_subprocess_wait_finish (G_SUBPROCESS (source), result, &error);
  g_assert_no_error (error);
  *is_over = TRUE;
}

char *
net_program_wait (NetProgram *self, gsize *size)
{
  gboolean is_over = FALSE;
  char *output;

  g_subprocess_wait_async (self->process, NULL, on_waited, &is_over);
  NET_WAIT_UNTIL (is_over);
  if (g_subprocess_get_if_signaled (self->process))
    g_error ("the program was ended by signal %d", g_subprocess_get_term_sig (self->process));
  g_assert_cmpint (g_subprocess_get_exit_status (self->process), ==, 0);
  output = net_program_get_output (self, size);
  net_run ("rm -r '%s'", self->directory);
  g_object_unref (self->process);
  g_free (self->directory);
  g_free (self->output_path);
  g_free (self->ready_path);
  g_free (self);
  return output;
}

char *
net_program_stop (NetProgram *self, int signal)
{
  g_subprocess_send_signal (self->process, signal);
  return net_program_wait (self, NULL);
}
