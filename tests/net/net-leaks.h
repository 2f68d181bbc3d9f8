/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* LeakSanitizer does not look at the end of this process */
void net_leaks_ignore (void);
/* nor at that of the programs that it starts */
void net_leaks_ignore_in_programs (void);

G_END_DECLS
