/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-leaks.h"

static gboolean is_ignored;

/* LeakSanitizer asks for it */
int __lsan_is_turned_off (void);

int
__lsan_is_turned_off (void)
{
  return is_ignored;
}

void
net_leaks_ignore (void)
{
  is_ignored = TRUE;
}

void
net_leaks_ignore_in_programs (void)
{
  const char *before = g_getenv ("ASAN_OPTIONS");
  g_autofree char *options = g_strdup_printf ("%s%sdetect_leaks=0", before != NULL ? before : "",
                                              before != NULL ? ":" : "");

  g_setenv ("ASAN_OPTIONS", options, TRUE);
}
