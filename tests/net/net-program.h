/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib-testing.h>

G_BEGIN_DECLS

/* one of the examples, in the namespace of the test */
DpdkTestProcess *net_program_start (const char *name, const char *arguments);
/* all of its standard output up to now */
char *net_program_get_output (DpdkTestProcess *self, gsize *size);
void net_program_wait_for_output (DpdkTestProcess *self, const char *text);
/* it must end with status 0; gives what it has written */
char *net_program_wait (DpdkTestProcess *self, gsize *size);
char *net_program_stop (DpdkTestProcess *self, int signal);

G_END_DECLS
