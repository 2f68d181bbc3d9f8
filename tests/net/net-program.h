/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* one of the examples, in the namespace of the test */
typedef struct {
  GSubprocess *process;
  char *directory;
  char *output_path;
  char *ready_path;
} NetProgram;

NetProgram *net_program_start (const char *name, const char *arguments);
/* all of its standard output up to now */
char *net_program_get_output (NetProgram *self, gsize *size);
void net_program_wait_for_output (NetProgram *self, const char *text);
/* it must end with status 0; gives what it has written */
char *net_program_wait (NetProgram *self, gsize *size);
char *net_program_stop (NetProgram *self, int signal);

G_END_DECLS
