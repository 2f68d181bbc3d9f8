/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The functions of DPDK that the tests count. The dynamic linker finds those of the executable
 * before those of DPDK, so the library calls these here.
 */

static pid_t first_pid;

__attribute__ ((constructor)) static void
note_pid (void)
{
  first_pid = getpid ();
}

/* one write per line: lines of several threads do not mix */
void
graph_event (const char *format, ...)
{
  static int fd = -1;
  const char *path = getenv ("GRAPH_EVENTS");
  char line[256];
  va_list args;
  int n;

  if (path == NULL)
    return;
  if (fd < 0)
    fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  n = snprintf (line, sizeof line, "%d %d ", (int) getpid (), (int) gettid ());
  va_start (args, format);
  n += vsnprintf (line + n, sizeof line - 1 - (size_t) n, format, args);
  va_end (args);
  n = MIN (n, (int) sizeof line - 2);
  line[n++] = '\n';
  if (fd < 0 || write (fd, line, (size_t) n) != n)
    abort ();
}

/* LeakSanitizer asks for it; in a forked child it would see leaks where it misses threads */
int __lsan_is_turned_off (void);

int
__lsan_is_turned_off (void)
{
  return getpid () != first_pid;
}

const char *__lsan_default_suppressions (void);

/* what the sanitizer itself has in a thread that begins while the process ends */
const char *
__lsan_default_suppressions (void)
{
  return "leak:pthread_getattr_np\nleak:pthread_attr_";
}

/* POSIX has functions from dlsym(), ISO C only allows this way to convert them */
static void
find_next (const char *name, void *function)
{
  void *symbol = dlsym (RTLD_NEXT, name);

  if (symbol == NULL)
    abort ();
  memcpy (function, &symbol, sizeof symbol);
}

int
rte_eal_init (int argc, char **argv)
{
  int (*next) (int, char **);
  int result;

  find_next ("rte_eal_init", &next);
  graph_event ("init");
  result = next (argc, argv);
  graph_event ("init-done %d", result);
  return result;
}

int
rte_eal_cleanup (void)
{
  int (*next) (void);
  int result;

  find_next ("rte_eal_cleanup", &next);
  graph_event ("cleanup");
  result = next ();
  graph_event ("cleanup-done %d", result);
  return result;
}

int
rte_eth_rx_queue_setup (uint16_t port_id, uint16_t queue_id, uint16_t n_descriptors,
                        unsigned int socket_id, const struct rte_eth_rxconf *config,
                        struct rte_mempool *pool)
{
  int (*next) (uint16_t, uint16_t, uint16_t, unsigned int, const struct rte_eth_rxconf *,
               struct rte_mempool *);

  find_next ("rte_eth_rx_queue_setup", &next);
  graph_event ("queue %u %s", port_id, pool->name);
  return next (port_id, queue_id, n_descriptors, socket_id, config, pool);
}

int
rte_eth_dev_start (uint16_t port_id)
{
  int (*next) (uint16_t);

  find_next ("rte_eth_dev_start", &next);
  graph_event ("start %u", port_id);
  return next (port_id);
}

int
rte_eth_dev_stop (uint16_t port_id)
{
  int (*next) (uint16_t);

  find_next ("rte_eth_dev_stop", &next);
  graph_event ("stop %u", port_id);
  return next (port_id);
}

int
rte_eth_dev_close (uint16_t port_id)
{
  int (*next) (uint16_t);

  find_next ("rte_eth_dev_close", &next);
  graph_event ("close %u", port_id);
  return next (port_id);
}

int
rte_dev_remove (struct rte_device *dev)
{
  int (*next) (struct rte_device *);

  find_next ("rte_dev_remove", &next);
  graph_event ("remove");
  return next (dev);
}

void
rte_mempool_free (struct rte_mempool *mp)
{
  void (*next) (struct rte_mempool *);
  unsigned int (*in_use) (const struct rte_mempool *);

  find_next ("rte_mempool_free", &next);
  /* we are not linked with DPDK, only the library is */
  find_next ("rte_mempool_in_use_count", &in_use);
  /* drivers have pools of their own, and one that could not be made has nothing to count */
  if (mp != NULL && mp->populated_size == mp->size && g_str_has_prefix (mp->name, "dpdk-glib"))
    graph_event ("free %s %u", mp->name, in_use (mp));
  next (mp);
}

/* not in a header that is installed */
struct rte_eth_dev;

void
graph_unplug (const char *devargs)
{
  g_autofree char *name = g_strndup (devargs, strcspn (devargs, ","));
  struct rte_eth_dev *(*get_by_name) (const char *name);
  int (*process) (struct rte_eth_dev * device, enum rte_eth_event_type event, void *result);
  struct rte_eth_dev *device;

  find_next ("rte_eth_dev_get_by_name", &get_by_name);
  find_next ("rte_eth_dev_callback_process", &process);
  device = get_by_name (name);
  if (device != NULL)
    process (device, RTE_ETH_EVENT_INTR_RMV, NULL);
}
