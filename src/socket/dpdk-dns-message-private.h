/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

#include <arpa/nameser.h>

G_BEGIN_DECLS

/* messages of the DNS (RFC 1035), by the parser of the C library */

/* what fits into a packet nearly everywhere */
#define DPDK_DNS_UDP_SIZE 1232
#define DPDK_DNS_TCP_SIZE NS_MAXMSG
/* a chain of aliases that is longer is taken for a loop */
#define DPDK_DNS_MAX_ALIASES 16

typedef enum {
  /* no answer to this question: it may be forged */
  DPDK_DNS_VERDICT_UNRELATED,
  DPDK_DNS_VERDICT_TRUNCATED,
  DPDK_DNS_VERDICT_COMPLETE,
} DpdkDnsVerdict;

/* NULL if @name is no name of the DNS */
GBytes *dpdk_dns_question_new (const char *name, ns_type type, gboolean with_edns, GError **error);
/* @rcode: of an answer that is not unrelated (RFC 6895, 2.3) */
DpdkDnsVerdict dpdk_dns_answer_check (GBytes *answer, GBytes *question, guint *rcode);
const char *dpdk_dns_rcode_to_string (guint rcode);

/* adds the records of @type that @name has, as a GVariant each: the bytes of an address, "(s)" for a
   pointer, the others as GResolverRecordType says. Follows aliases: @name becomes the last of them.
   FALSE if the message is malformed. */
gboolean dpdk_dns_answer_collect (GBytes *answer, ns_type type, char **name, guint *n_aliases,
                                  GPtrArray *records);
/* whether it says that what it does not have does not exist (RFC 2308) */
gboolean dpdk_dns_answer_is_authoritative_denial (GBytes *answer);

G_END_DECLS
