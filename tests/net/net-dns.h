/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

/* a name server on sockets of the kernel, over UDP and TCP, that knows what it is told and does to
   some names what it should not */
typedef struct _NetDns NetDns;

typedef enum {
  /* answers, as all do that have no other mode */
  NET_DNS_ANSWER,
  NET_DNS_SILENT,
  NET_DNS_SERVFAIL,
  NET_DNS_REFUSED,
  /* over UDP; TCP has it all */
  NET_DNS_TRUNCATED,
  NET_DNS_ALWAYS_TRUNCATED,
  /* over UDP as above; the connection ends in the middle of the answer */
  NET_DNS_HALF,
  /* a wrong answer first, and then the right one */
  NET_DNS_WRONG_ID,
  /* many of them */
  NET_DNS_FLOOD,
  NET_DNS_WRONG_QUESTION,
  NET_DNS_NO_QUESTION,
  /* what is in the answer ends early, or has wrong lengths */
  NET_DNS_MALFORMED,
  /* some octets are others */
  NET_DNS_FUZZED,
  /* does not know EDNS */
  NET_DNS_OLD,
} NetDnsMode;

/* port 53 of @host, which is an address of the kernel */
NetDns *net_dns_new (const char *host);
void net_dns_free (NetDns *self);

/* @type: "A", "AAAA", "CNAME", "PTR", "NS", "MX", "SRV", "TXT" or "SOA", with @data as in a zone; of a
   TXT all of it is one string */
void net_dns_add (NetDns *self, const char *name, const char *type, const char *data);
void net_dns_set_mode (NetDns *self, const char *name, NetDnsMode mode);
void net_dns_set_delay (NetDns *self, const char *name, const char *type, guint delay_ms);
/* whether it answers what an alias stands for, as it does unless told otherwise */
void net_dns_set_follows (NetDns *self, gboolean follows);

guint net_dns_get_n_udp (NetDns *self);
guint net_dns_get_n_tcp (NetDns *self);

G_END_DECLS
