/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-eal-args-private.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

/* memory without hugepages is reserved at start and only used when touched */
#define NO_HUGE_MEMORY_MB 512
/* the last one that there could be */
#define NO_PCI_DEVICE "ffff:ff:1f.7"
#define MIN_HUGE_MEMORY_MB 64

typedef enum {
  VALUE_NONE,
  VALUE_REQUIRED,
  VALUE_OPTIONAL,
  VALUE_NUMBER,
  VALUE_NUMBERS,
} OptionValue;

typedef struct {
  const char *name;
  OptionValue value;
  /* why it is refused, or NULL */
  const char *refusal;
} Option;

#define CORES_ARE_OURS "workers are pinned to the cores of the configuration (dpdk_cores)"
#define PRINTS_AND_EXITS "it prints a text and ends the process"

static const Option options[] = {
  { "-a", VALUE_REQUIRED, NULL },
  { "-b", VALUE_REQUIRED, NULL },
  { "-c", VALUE_REQUIRED, CORES_ARE_OURS },
  { "-d", VALUE_REQUIRED, NULL },
  { "-h", VALUE_NONE, PRINTS_AND_EXITS },
  { "-l", VALUE_REQUIRED, CORES_ARE_OURS },
  { "-m", VALUE_NUMBER, NULL },
  { "-n", VALUE_NUMBER, NULL },
  { "-r", VALUE_NUMBER, NULL },
  { "-s", VALUE_REQUIRED, CORES_ARE_OURS },
  { "-S", VALUE_REQUIRED, CORES_ARE_OURS },
  { "-v", VALUE_NONE, NULL },
  { "--allow", VALUE_REQUIRED, NULL },
  { "--base-virtaddr", VALUE_REQUIRED, NULL },
  { "--block", VALUE_REQUIRED, NULL },
  { "--create-uio-dev", VALUE_NONE, NULL },
  { "--file-prefix", VALUE_REQUIRED, NULL },
  { "--force-max-simd-bitwidth", VALUE_NUMBER, NULL },
  { "--help", VALUE_NONE, PRINTS_AND_EXITS },
  { "--huge-dir", VALUE_REQUIRED, NULL },
  { "--huge-unlink", VALUE_OPTIONAL, NULL },
  { "--huge-worker-stack", VALUE_OPTIONAL, NULL },
  { "--in-memory", VALUE_NONE, NULL },
  { "--iova-mode", VALUE_REQUIRED, NULL },
  { "--lcores", VALUE_REQUIRED, CORES_ARE_OURS },
  { "--legacy-mem", VALUE_NONE, NULL },
  { "--log-level", VALUE_REQUIRED, NULL },
  { "--main-lcore", VALUE_REQUIRED, CORES_ARE_OURS },
  { "--match-allocations", VALUE_NONE, NULL },
  { "--mbuf-pool-ops-name", VALUE_REQUIRED, NULL },
  { "--no-hpet", VALUE_NONE, NULL },
  { "--no-huge", VALUE_NONE, NULL },
  { "--no-pci", VALUE_NONE, NULL },
  { "--no-shconf", VALUE_NONE, NULL },
  { "--no-telemetry", VALUE_NONE, NULL },
  { "--proc-type", VALUE_REQUIRED, NULL },
  { "--single-file-segments", VALUE_NONE, NULL },
  { "--socket-limit", VALUE_NUMBERS, NULL },
  { "--socket-mem", VALUE_NUMBERS, NULL },
  { "--syslog", VALUE_OPTIONAL, NULL },
  { "--telemetry", VALUE_NONE, NULL },
  { "--trace", VALUE_REQUIRED, NULL },
  { "--trace-bufsz", VALUE_REQUIRED, NULL },
  { "--trace-dir", VALUE_REQUIRED, NULL },
  { "--trace-mode", VALUE_REQUIRED, NULL },
  { "--vdev", VALUE_REQUIRED, NULL },
  { "--version", VALUE_NONE, PRINTS_AND_EXITS },
  { "--vfio-intr", VALUE_REQUIRED, NULL },
  { "--vfio-vf-token", VALUE_REQUIRED, NULL },
  { "--vmware-tsc-map", VALUE_NONE, NULL },
};

/* splits @arg into option and value; @value is NULL where none is attached */
static const Option *
find_option (const char *arg, const char **value)
{
  gboolean is_long = g_str_has_prefix (arg, "--");
  const char *equals = strchr (arg, '=');
  gsize length = is_long ? (equals != NULL ? (gsize) (equals - arg) : strlen (arg)) : 2;

  if (arg[0] != '-' || strlen (arg) < 2)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    {
      if (strlen (options[i].name) != length || strncmp (options[i].name, arg, length) != 0)
        continue;
      if (is_long)
        *value = equals != NULL ? equals + 1 : NULL;
      else
        *value = arg[2] != '\0' ? arg + 2 : NULL;
      return &options[i];
    }
  return NULL;
}

static gboolean
needs_value (const Option *option)
{
  return option->value != VALUE_NONE && option->value != VALUE_OPTIONAL;
}

static gboolean
is_number (const char *text)
{
  guint64 number;

  return g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT32, &number, NULL);
}

static gboolean
are_numbers (const char *text)
{
  g_auto (GStrv) numbers = g_strsplit (text, ",", -1);

  for (guint i = 0; numbers[i] != NULL; i++)
    if (!is_number (numbers[i]))
      return FALSE;
  return TRUE;
}

/* where DPDK knows a few words only, it prints all of its usage for any other */
static gboolean
is_known_word (const Option *option, const char *value)
{
  static const struct {
    const char *option;
    const char *words;
  } all[] = {
    { "--iova-mode", "|pa|va|" },
    { "--vfio-intr", "|legacy|msi|msix|" },
    { "--huge-unlink", "|existing|always|never|" },
    { "--trace-mode", "|o|overwrite|d|discard|" },
  };

  for (guint i = 0; value != NULL && i < G_N_ELEMENTS (all); i++)
    {
      g_autofree char *word = g_strdup_printf ("|%s|", value);

      if (strcmp (all[i].option, option->name) == 0)
        return strstr (all[i].words, word) != NULL;
    }
  return TRUE;
}

static gboolean
check_value (const Option *option, const char *value, GError **error)
{
  if (option->value == VALUE_NONE && value != NULL)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "EAL argument \"%s\" takes no value, but has \"%s\"", option->name, value);
  else if (needs_value (option) && (value == NULL || *value == '\0'))
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "EAL argument \"%s\" needs a value", option->name);
  else if ((option->value == VALUE_NUMBER && !is_number (value)) ||
           (option->value == VALUE_NUMBERS && !are_numbers (value)) ||
           !is_known_word (option, value))
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "EAL argument \"%s\": \"%s\" is not a value for it", option->name, value);
  else if (strcmp (option->name, "--log-level") == 0 && strcmp (value, "help") == 0)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "EAL argument \"--log-level=help\" is not allowed: " PRINTS_AND_EXITS);
  else if (strcmp (option->name, "--proc-type") == 0 && strcmp (value, "primary") != 0)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "EAL argument \"--proc-type=%s\" is not allowed: every process is a primary one",
                 value);
  else
    return TRUE;
  return FALSE;
}

const char *
dpdk_eal_args_get (const char *const *args, const char *name)
{
  const char *found = NULL;

  for (; args != NULL && *args != NULL; args++)
    {
      const char *value = NULL;
      const Option *option = find_option (*args, &value);

      if (option == NULL)
        continue;
      if (needs_value (option) && value == NULL && args[1] != NULL)
        value = *++args;
      if (strcmp (option->name, name) == 0)
        found = value != NULL ? value : "";
    }
  return found;
}

static gboolean
has_any (const char *const *args, const char *const *names)
{
  for (; *names != NULL; names++)
    if (dpdk_eal_args_get (args, *names) != NULL)
      return TRUE;
  return FALSE;
}

static const char *const no_huge[] = { "--no-huge", NULL };
static const char *const huge_only[] = {
  "--in-memory",    "--huge-dir",          "--huge-unlink",
  "--socket-mem",   "--legacy-mem",        "--single-file-segments",
  "--socket-limit", "--match-allocations", NULL
};

#define NEEDS_HUGEPAGES ", which needs hugepages"
#define NEEDS_DYNAMIC_MEMORY ", which needs memory that grows on demand"
#define NEEDS_FILES ", which needs the files to stay"

/* where DPDK finds these together, it prints all of its usage and starts no more */
static gboolean
check_conflicts (const char *const *args, GError **error)
{
  static const struct {
    const char *one;
    /* NULL for any */
    const char *value;
    const char *other;
    /* what is to be known about @other, or "" */
    const char *why;
  } conflicts[] = {
    { "--no-huge", NULL, "--huge-dir", NEEDS_HUGEPAGES },
    { "--no-huge", NULL, "--huge-unlink", NEEDS_HUGEPAGES },
    { "--no-huge", NULL, "--huge-worker-stack", NEEDS_HUGEPAGES },
    { "--no-huge", NULL, "--in-memory", NEEDS_HUGEPAGES },
    { "--no-huge", NULL, "--legacy-mem", NEEDS_HUGEPAGES },
    { "--no-huge", NULL, "--match-allocations", NEEDS_HUGEPAGES },
    { "--no-huge", NULL, "--single-file-segments", NEEDS_HUGEPAGES },
    { "--no-huge", NULL, "--socket-limit", NEEDS_HUGEPAGES },
    { "--no-huge", NULL, "--socket-mem", NEEDS_HUGEPAGES },
    { "-m", NULL, "--socket-mem", ", which says the same by NUMA node" },
    { "--legacy-mem", NULL, "--in-memory", NEEDS_DYNAMIC_MEMORY },
    { "--legacy-mem", NULL, "--match-allocations", NEEDS_DYNAMIC_MEMORY },
    { "--legacy-mem", NULL, "--socket-limit", NEEDS_DYNAMIC_MEMORY },
    { "--huge-unlink", "never", "--in-memory", ", which has no files" },
    { "--huge-unlink", "always", "--single-file-segments", NEEDS_FILES },
    { "--huge-unlink", "", "--single-file-segments", NEEDS_FILES },
    { "-a", NULL, "-b", "" },
    { "-a", NULL, "--block", "" },
    { "--allow", NULL, "-b", "" },
    { "--allow", NULL, "--block", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (conflicts); i++)
    {
      const char *value = dpdk_eal_args_get (args, conflicts[i].one);

      if (value == NULL || dpdk_eal_args_get (args, conflicts[i].other) == NULL ||
          (conflicts[i].value != NULL && strcmp (conflicts[i].value, value) != 0))
        continue;
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "EAL argument \"%s%s%s\" does not go together with \"%s\"%s", conflicts[i].one,
                   conflicts[i].value != NULL && *value != '\0' ? "=" : "",
                   conflicts[i].value != NULL ? value : "", conflicts[i].other, conflicts[i].why);
      return FALSE;
    }
  return TRUE;
}

/* DPDK ends the process on some arguments and reports most others on standard error only */
gboolean
dpdk_eal_args_check (const char *const *args, GError **error)
{
  if (!check_conflicts (args, error))
    return FALSE;
  for (; args != NULL && *args != NULL; args++)
    {
      const char *value = NULL;
      const Option *option = find_option (*args, &value);

      if (option == NULL)
        {
          g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                       "EAL argument \"%s\" is unknown", *args);
          return FALSE;
        }
      if (option->refusal != NULL)
        {
          g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                       "EAL argument \"%s\" is not allowed: %s", *args, option->refusal);
          return FALSE;
        }
      if (needs_value (option) && value == NULL && args[1] != NULL)
        value = *++args;
      if (!check_value (option, value, error))
        return FALSE;
    }
  return TRUE;
}

/* a few pages that another process has left over are not enough to start with */
static gboolean
hugepages_are_free (void)
{
  static const char folder[] = "/sys/kernel/mm/hugepages";
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint64 free_kb = 0;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, "free_hugepages", NULL);
      g_autofree char *text = NULL;

      /* the name is "hugepages-2048kB" */
      if (g_str_has_prefix (name, "hugepages-") && g_file_get_contents (path, &text, NULL, NULL))
        free_kb += g_ascii_strtoull (text, NULL, 10) *
                   g_ascii_strtoull (name + strlen ("hugepages-"), NULL, 10);
    }
  return free_kb >= MIN_HUGE_MEMORY_MB * 1024;
}

/* one lcore that floats over the allowed CPUs: without this DPDK starts a thread per CPU */
static char *
get_lcores (void)
{
  GString *cpus = g_string_new ("--lcores=0@(");
  cpu_set_t set;
  const char *separator = "";

  CPU_ZERO (&set);
  if (sched_getaffinity (0, sizeof set, &set) != 0)
    CPU_SET (0, &set);
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    {
      if (!CPU_ISSET (cpu, &set))
        continue;
      g_string_append_printf (cpus, "%s%d", separator, cpu);
      separator = ",";
    }
  g_string_append_c (cpus, ')');
  return g_string_free (cpus, FALSE);
}

static char *
get_file_prefix (void)
{
  const char *name = g_get_prgname ();
  g_autofree char *clean = g_strndup (name != NULL && *name != '\0' ? name : "dpdk-glib", 32);

  g_strcanon (clean, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-", '-');
  return g_strdup_printf ("--file-prefix=%s_%d", clean, (int) getpid ());
}

/* DPDK takes every device that it finds unless it may have some only; of those that are named later it
   finds none with --no-pci */
static char *
get_pci (void)
{
  return g_strdup (g_file_test ("/sys/bus/pci/devices", G_FILE_TEST_IS_DIR)
                       ? "--allow=" NO_PCI_DEVICE
                       : "--no-pci");
}

/* the whole argument vector for rte_eal_init(): program name, then @args, then our defaults for
   what @args leaves open */
char **
dpdk_eal_args_complete (const char *const *args)
{
  static const char *const files[] = {
    "--in-memory", "--huge-dir", "--legacy-mem", "--huge-unlink", "--single-file-segments", NULL
  };
  static const char *const size[] = { "-m", "--socket-mem", NULL };
  static const char *const shconf[] = { "--no-shconf", NULL };
  static const char *const prefix[] = { "--file-prefix", NULL };
  static const char *const telemetry[] = { "--telemetry", "--no-telemetry", NULL };
  static const char *const pci[] = { "-a", "-b", "--allow", "--block", "--no-pci", NULL };
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_free);
  gboolean use_no_huge = has_any (args, no_huge);

  g_ptr_array_add (all, g_strdup ("dpdk-glib"));
  for (guint i = 0; args != NULL && args[i] != NULL; i++)
    g_ptr_array_add (all, g_strdup (args[i]));
  g_ptr_array_add (all, get_lcores ());
  if (!has_any (args, prefix))
    g_ptr_array_add (all, get_file_prefix ());
  if (!use_no_huge && !has_any (args, huge_only) && !hugepages_are_free ())
    {
      use_no_huge = TRUE;
      g_ptr_array_add (all, g_strdup ("--no-huge"));
    }
  if (!use_no_huge && !has_any (args, files))
    g_ptr_array_add (all, g_strdup ("--in-memory"));
  if (use_no_huge && !has_any (args, size))
    g_ptr_array_add (all, g_strdup_printf ("-m%d", NO_HUGE_MEMORY_MB));
  if (use_no_huge && !has_any (args, shconf))
    g_ptr_array_add (all, g_strdup ("--no-shconf"));
  if (!has_any (args, telemetry))
    g_ptr_array_add (all, g_strdup ("--no-telemetry"));
  if (!has_any (args, pci))
    g_ptr_array_add (all, get_pci ());
  g_ptr_array_add (all, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&all), FALSE);
}
