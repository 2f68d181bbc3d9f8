/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-tcp-endpoint-private.h"

G_BEGIN_DECLS

#define DPDK_TYPE_INPUT_STREAM (dpdk_input_stream_get_type ())
G_DECLARE_FINAL_TYPE (DpdkInputStream, dpdk_input_stream, DPDK, INPUT_STREAM, GInputStream)

#define DPDK_TYPE_OUTPUT_STREAM (dpdk_output_stream_get_type ())
G_DECLARE_FINAL_TYPE (DpdkOutputStream, dpdk_output_stream, DPDK, OUTPUT_STREAM, GOutputStream)

/* @socket keeps what the endpoint needs */
GInputStream *dpdk_input_stream_new (DpdkTcpSocket *socket);
GOutputStream *dpdk_output_stream_new (DpdkTcpSocket *socket);

G_END_DECLS
