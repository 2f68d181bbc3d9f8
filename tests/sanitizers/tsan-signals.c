/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread sanitizer holds back a signal until the thread that got it calls a function that it
   intercepts, which one that waits in GLib does not do. DPDK's tap driver announces packets by real-time
   signals, which any thread may take: only one that always waits in pause() shall. */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* missing in the programs without it that a test starts */
void __tsan_init (void) __attribute__ ((weak));

static int (*real_sigmask) (int how, const sigset_t *set, sigset_t *old);

static void
set_real_time (sigset_t *set, int (*change) (sigset_t *set, int signal))
{
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; signal++)
    change (set, signal);
}

int
pthread_sigmask (int how, const sigset_t *set, sigset_t *old)
{
  sigset_t changed;

  if (real_sigmask == NULL)
    real_sigmask = (typeof (real_sigmask)) dlsym (RTLD_NEXT, "pthread_sigmask");
  if (__tsan_init == NULL || set == NULL || how == SIG_BLOCK)
    return real_sigmask (how, set, old);
  changed = *set;
  set_real_time (&changed, how == SIG_SETMASK ? sigaddset : sigdelset);
  return real_sigmask (how, &changed, old);
}

static void *
take_signals (void *data)
{
  sigset_t set;

  sigemptyset (&set);
  set_real_time (&set, sigaddset);
  real_sigmask (SIG_UNBLOCK, &set, NULL);
  for (;;)
    pause ();
  return NULL;
}

__attribute__ ((constructor)) static void
start (void)
{
  pthread_t thread;
  sigset_t set;

  if (__tsan_init == NULL)
    return;
  __tsan_init ();
  /* inherited by all threads that are yet to come */
  sigemptyset (&set);
  set_real_time (&set, sigaddset);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  if (pthread_create (&thread, NULL, take_signals, NULL) == 0)
    pthread_detach (thread);
}
