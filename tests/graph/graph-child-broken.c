/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-child.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <rte_eal.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* what a process must not do: the tests show that they notice */

static void
open_and_connect (World *world, const ChildOptions *options)
{
  world_open (world, &options->world);
  world_connect (world, &options->world);
  world_exchange (world, 100);
}

static int
leak_port (World *world, const ChildOptions *options)
{
  open_and_connect (world, options);
  g_object_ref (world->port);
  world_drop_all (world, 0);
  return 0;
}

static int
leak_packet (World *world, const ChildOptions *options)
{
  open_and_connect (world, options);
  dpdk_packet_ref (world->packet);
  world_drop_all (world, 0);
  return 0;
}

static int
clean_up_twice (World *world, const ChildOptions *options)
{
  open_and_connect (world, options);
  world_drop_all (world, 0);
  g_assert_true (world_wait_dead (WORLD_PATIENCE_S));
  rte_eal_cleanup ();
  return 0;
}

static int
write_file (World *world, const ChildOptions *options)
{
  open_and_connect (world, options);
  g_file_set_contents ("/run/dpdk/file", "", -1, NULL);
  world_drop_all (world, 0);
  return 0;
}

static int
write_page (World *world, const ChildOptions *options)
{
  open_and_connect (world, options);
  g_file_set_contents ("/dev/shm/rtemap_0", "", -1, NULL);
  world_drop_all (world, 0);
  return 0;
}

static int
leave_interface (World *world, const ChildOptions *options)
{
  struct ifreq request = { .ifr_name = "left", .ifr_flags = IFF_TAP | IFF_NO_PI };
  int fd = open ("/dev/net/tun", O_RDWR);

  open_and_connect (world, options);
  g_assert_cmpint (ioctl (fd, TUNSETIFF, &request), ==, 0);
  g_assert_cmpint (ioctl (fd, TUNSETPERSIST, 1), ==, 0);
  world_drop_all (world, 0);
  return 0;
}

static int
leave_process (World *world, const ChildOptions *options)
{
  open_and_connect (world, options);
  if (fork () == 0)
    while (TRUE)
      pause ();
  world_drop_all (world, 0);
  return 0;
}

static int
wrong_status (World *world, const ChildOptions *options)
{
  open_and_connect (world, options);
  world_drop_all (world, 0);
  return 3;
}

static int
write_error (World *world, const ChildOptions *options)
{
  open_and_connect (world, options);
  world_drop_all (world, 0);
  fprintf (stderr, "a message\n");
  return 0;
}

static int
warn (World *world, const ChildOptions *options)
{
  open_and_connect (world, options);
  g_warning ("a warning");
  world_drop_all (world, 0);
  return 0;
}

static int
crash (World *world, const ChildOptions *options)
{
  open_and_connect (world, options);
  raise (SIGSEGV);
  return 0;
}

static int
hang (World *world, const ChildOptions *options)
{
  open_and_connect (world, options);
  while (TRUE)
    pause ();
  return 0;
}

static int
behave (World *world, const ChildOptions *options)
{
  open_and_connect (world, options);
  world_drop_all (world, 0);
  return 0;
}

const Scenario broken_scenarios[] = {
  { "behave", behave },
  { "broken-leak-port", leak_port },
  { "broken-leak-packet", leak_packet },
  { "broken-cleanup-twice", clean_up_twice },
  { "broken-file", write_file },
  { "broken-page", write_page },
  { "broken-interface", leave_interface },
  { "broken-process", leave_process },
  { "broken-status", wrong_status },
  { "broken-error", write_error },
  { "broken-warning", warn },
  { "broken-crash", crash },
  { "broken-hang", hang },
  { NULL, NULL },
};
