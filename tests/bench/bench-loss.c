/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-loss.h"

#include "bench-report.h"

#include <stdlib.h>

char *
bench_loss_settings_to_string (const BenchLossSettings *self)
{
  char loss[G_ASCII_DTOSTR_BUF_SIZE];

  return g_strdup_printf ("%s %u %u", g_ascii_dtostr (loss, sizeof loss, self->loss),
                          self->delay_us, self->n_connections);
}

BenchLossSettings
bench_loss_settings_parse (const char *argument)
{
  g_auto (GStrv) words = g_strsplit (argument, " ", 3);

  return (BenchLossSettings){
    .loss = g_ascii_strtod (words[0], NULL),
    .delay_us = (guint) atoi (words[1]),
    .n_connections = (guint) atoi (words[2]),
  };
}

char *
bench_loss_round_to_string (const BenchLossRound *self)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT " %u", self->seed, self->ms);
}

BenchLossRound
bench_loss_round_parse (const char *command)
{
  g_auto (GStrv) words = g_strsplit (command, " ", 2);

  return (BenchLossRound){
    .seed = g_ascii_strtoull (words[0], NULL, 10),
    .ms = (guint) atoi (words[1]),
  };
}

DpdkTestImpairment *
bench_loss_new_impairment (const BenchLossSettings *settings)
{
  DpdkTestImpairment *impairment = dpdk_test_impairment_new ();

  dpdk_test_impairment_set_loss (impairment, settings->loss);
  dpdk_test_impairment_set_delay (impairment, settings->delay_us);
  return impairment;
}

void
bench_loss_set_seed (const BenchLossSettings *settings, DpdkTestLink *link, guint64 seed)
{
  g_autoptr (DpdkTestImpairment) impairment = bench_loss_new_impairment (settings);
  g_autoptr (GError) error = NULL;

  dpdk_test_impairment_set_seed (impairment, seed);
  for (guint end = 0; end < 2; end++)
    if (!dpdk_test_link_set_impairment (link, end, impairment, &error))
      bench_die (error);
}
