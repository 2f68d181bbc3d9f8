/* SPDX-License-Identifier: BSD-3-Clause */

#ifndef LWIP_HDR_TCP_CALLBACKS_H
#define LWIP_HDR_TCP_CALLBACKS_H

#include "lwip/opt.h"
#include "lwip/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

#if LWIP_CALLBACK_API
extern const struct tcp_callbacks tcp_callbacks_default;

err_t tcp_callbacks_set_poll(struct tcp_pcb *pcb, tcp_poll_fn poll);
err_t tcp_callbacks_set_connected(struct tcp_pcb *pcb, tcp_connected_fn connected);
void tcp_callbacks_release(struct tcp_pcb *pcb);
#endif /* LWIP_CALLBACK_API */

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_CALLBACKS_H */
