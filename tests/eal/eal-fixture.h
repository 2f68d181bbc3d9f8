/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib.h>

G_BEGIN_DECLS

/* Every test runs in a process of its own, with runtime folders that nobody else uses, and leaves
   them empty. */

#define EAL_RUNTIME_FOLDER "/run/dpdk"
#define EAL_PATIENCE_US (60 * G_TIME_SPAN_SECOND)
#define EAL_PATIENCE_MS 60000

typedef void (*EalTestFunc) (void);

void eal_test_init (int *argc, char ***argv);
void eal_test_add (const char *path, EalTestFunc func);
guint eal_scaled (guint n);

DpdkEal *eal_new (void);
DpdkMempool *eal_mempool_new (DpdkEal *eal);
/* drops the last reference, and waits for the end */
void eal_end (DpdkEal *eal);

/* spins @context until @condition holds, but not for ever */
#define EAL_WAIT_UNTIL(context, condition)                                                         \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (GSource) eal_tick = eal_add_deadline (context);                                     \
                                                                                                   \
    while (!(condition))                                                                           \
      g_main_context_iteration (context, TRUE);                                                    \
    g_source_destroy (eal_tick);                                                                   \
  }                                                                                                \
  G_STMT_END
GSource *eal_add_deadline (GMainContext *context);

guint eal_count_entries (const char *folder);

/* another process, forked before this one has an EAL */
typedef struct {
  pid_t pid;
  int from;
  int to;
} EalPeer;

typedef void (*EalPeerFunc) (EalPeer *self, gpointer data);

void eal_peer_start (EalPeer *self, EalPeerFunc func, gpointer data);
/* a byte says that the other side has come so far */
void eal_peer_signal (EalPeer *self);
void eal_peer_await (EalPeer *self);
int eal_peer_end (EalPeer *self);
void eal_peer_kill (EalPeer *self);

G_END_DECLS
