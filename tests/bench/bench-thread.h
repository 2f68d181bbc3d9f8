/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A thread that polls never gives its core away. Under a real-time policy (chrt -f 1), which a machine
   that does other things as well needs, those that measure must therefore come before it. Threads
   inherit this from who makes them. */
void bench_thread_raise (void);
void bench_thread_lower (void);

/* makes it an ordinary one, and gives the policy that it had */
int bench_thread_relax (void);
/* @policy: the same for other threads; those with a real-time policy are as after bench_thread_lower() */
void bench_thread_restore (int policy);

/* the @index-th CPU, and from the first one on again */
guint bench_thread_get_cpu (guint index);
/* for a thread that polls: pins it to that CPU */
void bench_thread_pin (guint index);

G_END_DECLS
