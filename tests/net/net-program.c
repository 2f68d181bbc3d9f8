/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-program.h"

#include <string.h>

/* Meson says where the examples are */
static char *
find_program (const char *name)
{
  const char *directory = g_getenv ("NET_EXAMPLES");

  if (directory == NULL)
    g_error ("the environment variable NET_EXAMPLES must name the folder of the examples");
  return g_build_filename (directory, name, NULL);
}

DpdkTestProcess *
net_program_start (const char *name, const char *arguments)
{
  g_autofree char *path = find_program (name);
  /* the shell gives way to the program; standard error stays ours */
  g_autofree char *command = g_strdup_printf ("exec '%s' %s", path, arguments);
  const char *const argv[] = { "/bin/sh", "-c", command, NULL };
  g_autoptr (GError) error = NULL;
  DpdkTestProcess *self = dpdk_test_process_spawn_program (argv, &error);

  g_assert_no_error (error);
  return self;
}

char *
net_program_get_output (DpdkTestProcess *self, gsize *size)
{
  g_autoptr (GBytes) output = dpdk_test_process_dup_output (self);
  GString *text =
      g_string_new_len (g_bytes_get_data (output, NULL), (gssize) g_bytes_get_size (output));

  if (size != NULL)
    *size = text->len;
  return g_string_free (text, FALSE);
}

static gboolean
has_output (DpdkTestProcess *self, const char *text)
{
  g_autofree char *output = net_program_get_output (self, NULL);

  return strstr (output, text) != NULL;
}

void
net_program_wait_for_output (DpdkTestProcess *self, const char *text)
{
  DPDK_TEST_WAIT_UNTIL (has_output (self, text));
}

char *
net_program_wait (DpdkTestProcess *self, gsize *size)
{
  char *output;

  g_assert_cmpint (dpdk_test_process_wait (self), ==, 0);
  output = net_program_get_output (self, size);
  dpdk_test_assert_finalize (self);
  return output;
}

char *
net_program_stop (DpdkTestProcess *self, int signal)
{
  dpdk_test_process_kill (self, signal);
  return net_program_wait (self, NULL);
}
