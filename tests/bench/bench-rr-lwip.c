/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-lwip.h"
#include "bench-rr-pcbs.h"
#include "bench-rr.h"

typedef struct {
  BenchLoad *load;
  BenchRrPcbs *pcbs;
  gint is_begun;
} Client;

static void
start_server (gpointer user_data)
{
  bench_rr_pcbs_listen (((Client *) user_data)->pcbs);
}

static void
start_client (gpointer user_data)
{
  bench_rr_pcbs_connect (((Client *) user_data)->pcbs, bench_lwip_get_address (BENCH_LWIP_SERVER));
}

static void
look (gpointer user_data)
{
  Client *self = user_data;

  if (G_LIKELY (!__atomic_load_n (&self->is_begun, __ATOMIC_RELAXED)))
    return;
  g_atomic_int_set (&self->is_begun, FALSE);
  bench_load_begin (self->load);
}

static void
send_request (gpointer client, guint connection)
{
  bench_rr_pcbs_send (((Client *) client)->pcbs, connection);
}

static gpointer
start (BenchLoad *load)
{
  Client *self = g_new0 (Client, 1);
  BenchLwip *lwip = bench_lwip_new ();

  self->load = load;
  self->pcbs = bench_rr_pcbs_new (load);
  load->client = self;
  load->send = send_request;
  bench_lwip_start (lwip, BENCH_LWIP_SERVER, start_server, NULL, self);
  bench_lwip_start (lwip, BENCH_LWIP_CLIENT, start_client, look, self);
  bench_rr_pcbs_wait (self->pcbs);
  return self;
}

static void
begin (gpointer client)
{
  g_atomic_int_set (&((Client *) client)->is_begun, TRUE);
}

const BenchRrKind bench_rr_lwip = { "lwip", start, begin };
