/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

/* a certificate for the addresses of the tests and this name, with its key; it is its own issuer */
#define NET_TLS_NAME "dpdk-glib.test"
/* NET_TLS_PEM is the file of both; made by "openssl ca -selfsign" */

/* says so if the tests have to be skipped */
gboolean net_tls_is_missing (void);
GTlsCertificate *net_tls_certificate_new (void);

/* the client takes the certificate above for @host only */
GIOStream *net_tls_client_new (GIOStream *base, const char *host);
GIOStream *net_tls_server_new (GIOStream *base);
void net_tls_handshake (GIOStream *stream);
/* with the alert that tells the peer of the end */
void net_tls_close (GIOStream *stream);
/* the same, of one direction */
void net_tls_finish (GIOStream *stream);
void net_tls_assert_at_end (GIOStream *stream);

G_END_DECLS
