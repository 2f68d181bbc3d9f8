/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config-fixture.h"

#include <string.h>

static void
test_many_addresses (void)
{
  for (guint excess = 0; excess < 3; excess++)
    {
      g_autoptr (GString) text =
          g_string_new ("{\"dpdk_cores\":[@C@],\"devices\":[{" VDEV ",\"addresses\":[");
      g_autoptr (GError) error = NULL;
      DpdkConfig *config;

      for (guint i = 0; i < 128; i++)
        g_string_append_printf (text, "\"10.0.0.%u/24\",\"fd00::%x/64\",", i + 1, i + 1);
      if (excess == 1)
        g_string_append (text, "\"10.0.0.129/24\",");
      else if (excess == 2)
        g_string_append (text, "\"fd00::81/64\",");
      g_string_truncate (text, text->len - 1);
      g_string_append (text, "]}]}");

      config = config_parse (text->str, &error);
      if (excess == 0)
        {
          g_assert_no_error (error);
          g_assert_finalize_object (config);
        }
      else
        {
          g_assert_error (error, DPDK_ERROR, INVALID);
          config_assert_message (
              error, excess == 1 ? "1: $.devices[0].addresses[256]: \"10.0.0.129/24\": " TOO_MANY
                                 : "1: $.devices[0].addresses[256]: \"fd00::81/64\": " TOO_MANY);
        }
    }
}

static void
test_length (void)
{
  static const char text[] = "{\"dpdk_cores\":[]}garbage";
  static const char with_nul[] = "{\n\0}";
  g_autoptr (GError) error = NULL;
  /* On the heap without a NUL behind it, for the sanitizer */
  g_autofree char *exact = g_memdup2 (text, 17);

  g_assert_null (dpdk_config_new_from_data (exact, 17, &error));
  config_assert_message (error, "1: $.dpdk_cores: []: must name at least one core");
  g_clear_error (&error);

  for (gsize length = 0; length < 17; length++)
    {
      g_autofree char *prefix = length > 0 ? g_memdup2 (text, length) : g_malloc (1);

      g_assert_null (dpdk_config_new_from_data (prefix, (gssize) length, &error));
      g_assert_error (error, DPDK_ERROR, SYNTAX);
      g_clear_error (&error);
    }

  g_assert_null (dpdk_config_new_from_data (with_nul, sizeof with_nul - 1, &error));
  g_assert_error (error, DPDK_ERROR, SYNTAX);
  config_assert_message (error, "2:1: a NUL byte");
}

static void
test_deep (void)
{
  static const char *const openings[] = { "[", "{\"a\":", "[{\"a\":" };

  for (guint i = 0; i < G_N_ELEMENTS (openings); i++)
    {
      g_autoptr (GString) text = g_string_new ("{\"metadata\":");
      g_autoptr (GError) error = NULL;

      for (guint depth = 0; depth < 100000; depth++)
        g_string_append (text, openings[i]);
      g_assert_null (dpdk_config_new_from_data (text->str, (gssize) text->len, &error));
      g_assert_error (error, DPDK_ERROR, SYNTAX);
      config_assert_message (error, "1:*: nested deeper than 64 levels");
    }

  for (guint depth = 63; depth <= 64; depth++)
    {
      g_autoptr (GString) text = g_string_new ("{\"dpdk_cores\":[@C@],\"metadata\":");
      g_autoptr (GError) error = NULL;
      g_autoptr (DpdkConfig) config = NULL;

      for (guint i = 0; i < depth; i++)
        g_string_append_c (text, '[');
      /* Brackets in strings do not count */
      g_string_append (text, "\"[[[[{{{\\\"[\"");
      for (guint i = 0; i < depth; i++)
        g_string_append_c (text, ']');
      g_string_append_c (text, '}');
      config = config_parse (text->str, &error);
      if (depth == 63)
        g_assert_no_error (error);
      else
        g_assert_error (error, DPDK_ERROR, SYNTAX);
    }
}

static void
test_huge (void)
{
  g_autofree char *text = config_fill_in ("{\"dpdk_cores\":[@C@],\"metadata\":\"");
  g_autofree char *huge = g_malloc (CONFIG_MAX_SIZE + 1);
  g_autoptr (GError) error = NULL;
  DpdkConfig *config;

  memset (huge, 'x', CONFIG_MAX_SIZE + 1);
  memcpy (huge, text, strlen (text));
  memcpy (huge + CONFIG_MAX_SIZE - 2, "\"}", 2);
  config = dpdk_config_new_from_data (huge, CONFIG_MAX_SIZE, &error);
  g_assert_no_error (error);
  g_assert_finalize_object (config);

  g_assert_null (dpdk_config_new_from_data (huge, CONFIG_MAX_SIZE + 1, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, "<data>: larger than 16 MiB");
}

/* Whatever the bytes are, there is a configuration or an error, and no critical warning */
static void
test_mutations (void)
{
  g_autofree char *text = config_fill_in (
      WITH_DEVICES ("{\"pci_address\":\"0000:28:00.0\",\"mac\":\"02:00:00:00:00:01\","
                    "\"addresses\":[\"198.18.0.2/24\",\"fd00::2/64\"],"
                    "\"gateway_v4\":\"198.18.0.1\","
                    "\"gateway_v6\":\"fe80::1\",\"mtu\":1500,\"role\":\"dpdk\","
                    "\"original_name\":\"\\u0065th0\"},{\"vdev\":\"net_tap0,iface=a\"}"));
  static const char interesting[] = "\0\"\\{}[]:,u0-9.e/ \n\xff\xc3\x7f";
  gsize length = strlen (text);
  guint n_rounds = g_test_thorough () ? 500000 : 20000;

  for (guint round = 0; round < n_rounds; round++)
    {
      g_autofree char *mutant = g_memdup2 (text, length);
      gsize mutant_length = length;
      g_autoptr (GError) error = NULL;
      g_autoptr (DpdkConfig) config = NULL;
      int n_changes = g_test_rand_int_range (1, 4);

      for (int i = 0; i < n_changes; i++)
        {
          gsize at = (gsize) g_test_rand_int_range (0, (gint32) length);

          if (g_test_rand_bit ())
            mutant[at] = interesting[g_test_rand_int_range (0, sizeof interesting - 1)];
          else
            mutant[at] = text[g_test_rand_int_range (0, (gint32) length)];
        }
      if (g_test_rand_int_range (0, 10) == 0)
        mutant_length = (gsize) g_test_rand_int_range (0, (gint32) length);

      config = dpdk_config_new_from_data (mutant, (gssize) mutant_length, &error);
      g_assert_true ((config == NULL) == (error != NULL));
      if (error != NULL)
        {
          g_assert_true (g_utf8_validate (error->message, -1, NULL));
          g_assert_true (g_str_has_prefix (error->message, "<data>:"));
          /* Without a line it would be an error that only JsonParser found */
          g_assert_true (g_ascii_isdigit (error->message[strlen ("<data>:")]));
          g_assert_true (error->domain == DPDK_ERROR);
          g_assert_cmpint (error->code, >=, SYNTAX);
          g_assert_cmpint (error->code, <=, INVALID);
        }
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/many-addresses", test_many_addresses);
  g_test_add_func ("/config/length", test_length);
  g_test_add_func ("/config/deep", test_deep);
  g_test_add_func ("/config/huge", test_huge);
  g_test_add_func ("/config/mutations", test_mutations);
  return g_test_run ();
}
