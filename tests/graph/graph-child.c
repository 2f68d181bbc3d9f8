/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-child.h"

#include "graph-shim.h"

#include <string.h>

/*
 * One life of a process that uses the library: graph-child SCENARIO [OPTIONS]. The tests start it,
 * and look at it from outside. It can be started by hand.
 */

void
child_check_error (GError **error, GQuark domain, int code, const char *pattern)
{
  g_assert_error (*error, domain, code);
  if (!g_pattern_match_simple (pattern, (*error)->message))
    g_error ("\"%s\" is not like \"%s\"", (*error)->message, pattern);
  g_clear_error (error);
}

static const Scenario *
find_scenario (const char *name)
{
  static const Scenario *const all[] = {
    orders_scenarios,  broken_scenarios,   exits_scenarios, api_scenarios,
    devices_scenarios, runtimes_scenarios, walk_scenarios,
  };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    for (const Scenario *scenario = all[i]; scenario->name != NULL; scenario++)
      if (strcmp (scenario->name, name) == 0)
        return scenario;
  return NULL;
}

int
main (int argc, char **argv)
{
  static World world;
  static ChildOptions options = { .world.device = "net_ring" };
  const GOptionEntry entries[] = {
    { "device", 0, 0, G_OPTION_ARG_STRING, &options.world.device, "Driver", "NAME" },
    { "huge", 0, 0, G_OPTION_ARG_NONE, &options.world.huge, "With hugepages", NULL },
    { "prefix", 0, 0, G_OPTION_ARG_STRING, &options.world.file_prefix, "File prefix", "NAME" },
    { "seed", 0, 0, G_OPTION_ARG_INT, &options.world.seed, "Seed of variations", "N" },
    { "order", 0, 0, G_OPTION_ARG_STRING, &options.order, "Order of drops", "EMPKRST" },
    { "threads", 0, 0, G_OPTION_ARG_STRING, &options.threads, "Main, fresh, registered, worker",
      "mfrwmfrw" },
    { "number", 0, 0, G_OPTION_ARG_INT, &options.number, "Number for the scenario", "N" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("SCENARIO");
  g_autoptr (GError) error = NULL;
  const Scenario *scenario;
  int status;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_error ("%s", error->message);
  scenario = argc == 2 ? find_scenario (argv[1]) : NULL;
  if (scenario == NULL)
    g_error ("unknown scenario");
  status = scenario->func (&world, &options);
  graph_event ("return");
  return status;
}
