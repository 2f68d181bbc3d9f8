#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks what other programs see of the library: symbols, headers, the installed files."""

import argparse
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import tempfile

WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wundef', '-Wshadow', '-Wno-unused-parameter']
LANGUAGES = {
    'gnu11': ('c', ['-std=gnu11', '-Wstrict-prototypes', '-Wmissing-prototypes']),
    'c99': ('c', ['-std=c99', '-Wstrict-prototypes']),
    'c++11': ('c++', ['-std=c++11', '-Wno-unused-function']),
    'c++20': ('c++', ['-std=c++20', '-Wno-unused-function']),
}
PROGRAMS = {}
# includes the object's head that the burst functions reach into
PROGRAMS['dpdk-glib'] = '''
#include <dpdk-glib.h>

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkInterfaceAddress) address =
      dpdk_interface_address_new_from_string ("198.18.0.2/24", &error);
  guint (*receive) (DpdkPort *, guint, DpdkPacket **, guint) = dpdk_port_rx_burst;

  if (address == NULL || receive == NULL || !DPDK_GLIB_CHECK_VERSION (0, 1, 0))
    return 1;
  return dpdk_eal_get_process_state () == DPDK_EAL_STATE_NEVER &&
                 DPDK_TYPE_RUNTIME != G_TYPE_INVALID && DPDK_TYPE_IDLE_POLICY != G_TYPE_INVALID
             ? 0
             : 1;
}
'''
# from a test of somebody who has only the installed files
PROGRAMS['dpdk-glib-testing'] = '''
#include <dpdk-glib-testing.h>

static void
test_exchange (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkEal) eal = dpdk_eal_new (NULL, &error);
  g_autoptr (DpdkMempool) pool = dpdk_mempool_new (eal, 1023, 0, 2048, -1, &error);
  g_autoptr (DpdkTestLink) link = dpdk_test_link_new_impaired (eal, 1, NULL, &error);
  DpdkPacket *packet = NULL;

  g_assert_no_error (error);
  for (guint end = 0; end < 2; end++)
    {
      dpdk_port_configure (dpdk_test_link_get_port (link, end), pool, 1, 128, &error);
      g_assert_no_error (error);
      dpdk_port_start (dpdk_test_link_get_port (link, end), &error);
      g_assert_no_error (error);
    }
  dpdk_port_send_bytes (dpdk_test_link_get_port (link, 0), 0, (const guint8 *) "frame", 5, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (
      dpdk_port_rx_burst (dpdk_test_link_get_port (link, 1), 0, &packet, 1) == 1);
  dpdk_packet_unref (packet);
  dpdk_test_assert_pool_full (pool);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/installed/exchange", DPDK_TEST_FLAGS_NONE, test_exchange);
  return g_test_run ();
}
'''

arguments = None


def umbrella():
    return f'{arguments.name}.h'


def name_in_c():
    """As the macros that guard the headers have it."""
    return arguments.name.upper().replace('-', '_')


def run(*command, **options):
    process = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, encoding='utf-8', errors='replace',
                             check=False, **options)
    return process.returncode, process.stdout


def output_of(*command, **options):
    status, output = run(*command, **options)
    assert status == 0, f'{command[0]}: {output}'
    return output


def compile_text(text, language, flags):
    compiler = {'c': arguments.cc, 'c++': arguments.cxx}[language]
    return run(compiler, '-x', language, '-fsyntax-only', *flags, '-', input=text)


def header_flags():
    return ([f'-I{folder}' for folder in arguments.include + arguments.needed_include] +
            output_of('pkg-config', '--cflags', 'gio-2.0').split())


def list_dependencies():
    rule = output_of(arguments.cc, '-M', '-x', 'c', *header_flags(), '-',
                     input=f'#include <{umbrella()}>\n')
    return rule.replace('\\\n', ' ').split()


def find_headers():
    return sorted({os.path.basename(path) for folder in arguments.include
                   for path in glob.glob(f'{folder}/dpdk-*.h')})


def read_headers():
    text = ''
    for folder in arguments.include:
        for path in glob.glob(f'{folder}/dpdk-*.h'):
            with open(path, encoding='utf-8') as file:
                text += file.read()
    text = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
    # without the preprocessor's lines
    return re.sub(r'^#(?:.*\\\n)*.*\n', '', text, flags=re.M)


def find_exported():
    """Returns (name, kind in the words of nm) for each dynamic symbol that is defined."""
    lines = output_of('nm', '--dynamic', '--defined-only', '--format=posix', arguments.library)
    return [tuple(line.split()[:2]) for line in lines.splitlines()]


def find_declared():
    names = set()
    for declaration in re.split(r'\bDPDK_AVAILABLE_IN_\d+_\d+\b', read_headers())[1:]:
        declared = re.match(r'\s*G_DECLARE_\w+_TYPE \(\w+, (\w+),', declaration)
        if declared:
            names.add(declared[1] + '_get_type')
        else:
            names.add(re.match(r'[\w\s*]*?\b(dpdk_\w+) \(', declaration)[1])
    return names


def compare(found, wanted, what):
    missing, extra = sorted(wanted - found), sorted(found - wanted)
    assert not missing and not extra, f'{what}: missing {missing}, extra {extra}'


def test_prefix():
    names = [name for name, _ in find_exported()]
    assert names, 'no symbols'
    wrong = [name for name in names if not name.startswith('dpdk_')]
    assert not wrong, f'exported: {wrong}'


def test_list():
    with open(arguments.symbols, encoding='utf-8') as file:
        lines = [line.strip() for line in file if not line.startswith('#')]
    wanted = list(filter(None, lines))
    assert wanted == sorted(set(wanted)), 'the list is not sorted'
    compare({name for name, _ in find_exported()}, set(wanted), 'symbols.list')


def test_declarations():
    compare({name for name, _ in find_exported()}, find_declared(), 'public headers')


def test_every_declaration_has_a_version():
    """A function that is declared without DPDK_AVAILABLE_IN_ would be hidden."""
    found = set(re.findall(r'^(?!static|return|#)[\w \*]*?\b(dpdk_\w+) \((?!\()', read_headers(),
                           flags=re.M))
    inline = set(re.findall(r'\b(dpdk_\w+_inline) \(', read_headers()))
    unknown = {name for name in found - inline - find_declared()}
    assert not unknown, f'without a version: {sorted(unknown)}'


def test_data():
    writable = [name for name, kind in find_exported() if kind not in 'TWRi']
    assert not writable, f'exported variables: {writable}'


def test_nodelete():
    flags = output_of('readelf', '--dynamic', '--wide', arguments.library)
    assert re.search(r'\(FLAGS_1\).*NODELETE', flags), flags


def test_soname():
    flags = output_of('readelf', '--dynamic', '--wide', arguments.library)
    assert f'[lib{arguments.name}-1.0.so.0]' in flags, flags


def test_thread_locals():
    """A reference to a thread-local of DPDK by its offset makes all of them static, and the library
    cannot be loaded by a language's interpreter any more."""
    lines = output_of('readelf', '--relocs', '--wide', arguments.library).splitlines()
    foreign = [line for line in lines if 'TPOFF64' in line and 'DTPOFF64' not in line
               and '@' in line]
    assert not foreign, '\n'.join(foreign)
    headers = output_of('readelf', '--program-headers', '--wide', arguments.library)
    segment = re.search(r'^\s*TLS\s+\S+\s+\S+\s+\S+\s+\S+\s+(0x\w+)', headers, flags=re.M)
    size = int(segment[1], 16) if segment else 0
    assert size <= 1024, f'{size} bytes of thread-locals'


def test_dlopen():
    output_of('/usr/bin/python3', '-c',
              f'import ctypes; ctypes.CDLL({os.path.abspath(arguments.library)!r})')


def test_headers_alone():
    for header in find_headers():
        status, output = compile_text(f'#include <{header}>\n', 'c', header_flags())
        if header == umbrella():
            assert status == 0, output
        else:
            assert status != 0 and f'Only <{umbrella()}> can be included directly.' in output, f'{header} can be included alone'


def test_headers_are_complete():
    def check(header, name):
        language, flags = LANGUAGES[name]
        text = f'#define {name_in_c()}_INSIDE\n#include <{header}>\n#include <{header}>\n'
        status, output = compile_text(text, language, header_flags() + WARNINGS + flags)
        assert status == 0, f'{header} as {name}: {output}'

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for future in [pool.submit(check, header, name) for header in find_headers()
                       for name in ('gnu11', 'c++11')]:
            future.result()


def test_umbrella():
    included = {os.path.basename(path) for path in list_dependencies()}
    missing = set(find_headers()) - included
    assert not missing, f'{umbrella()} does not include {sorted(missing)}'
    for name, (language, flags) in LANGUAGES.items():
        text = f'#include <{umbrella()}>\n#include <{umbrella()}>\n'
        status, output = compile_text(text, language, header_flags() + WARNINGS + flags)
        assert status == 0, f'as {name}: {output}'


def test_headers_need_no_dpdk():
    found = [path for path in list_dependencies() if re.search(r'/(rte_|lwip/)', path)]
    assert not found, found


def test_version():
    text = f'#include <{umbrella()}>\nDPDK_VERSION_0_1 DPDK_VERSION_MAX_ALLOWED\n'
    output = output_of(arguments.cc, '-E', '-P', '-x', 'c', *header_flags(),
                       '-DDPDK_VERSION_MAX_ALLOWED=0', '-', input=text)
    assert 'unavailable' in output.lower() or 'Not available before 0.1' in output, \
        'DPDK_VERSION_MAX_ALLOWED has no effect'


def test_installed():
    with tempfile.TemporaryDirectory() as folder:
        output_of(arguments.meson, 'install', '-C', arguments.build, '--no-rebuild', '--quiet',
                  '--destdir', folder)
        packages = glob.glob(f'{folder}/**/dpdk-glib*-1.0.pc', recursive=True)
        own = [path for path in packages if os.path.basename(path) == f'{arguments.name}-1.0.pc']
        assert len(own) == 1, packages
        prefix = output_of('pkg-config', '--variable=prefix', own[0]).strip()
        environment = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(own[0]))
        # as if the folder were the prefix; all else in the file has to follow from it
        for package in packages:
            with open(package, 'r+', encoding='utf-8') as file:
                text = file.read()
                assert text.count(prefix) == 1, text
                file.seek(0)
                file.write(text.replace(f'prefix={prefix}', f'prefix={folder}{prefix}', 1))

        def ask(*options):
            return output_of('pkg-config', *options, f'{arguments.name}-1.0', env=environment)

        assert ask('--modversion').strip() == arguments.version
        libraries = ask('--libs')
        for private in ('rte_', 'lwip', 'json-glib'):
            assert private not in libraries, f'{private} in "{libraries}"'
        installed = {os.path.basename(name) for name in
                     glob.glob(f'{folder}{prefix}/include/{arguments.name}-1.0/*')}
        compare(installed, set(find_headers()), 'installed headers')
        overrides = glob.glob(f'{folder}{prefix}/lib/python3*/dist-packages/gi/overrides/Dpdk.py')
        typelibs = glob.glob(f'{folder}{prefix}/lib/**/Dpdk-1.0.typelib', recursive=True)
        assert len(overrides) == len(typelibs), f'{overrides} {typelibs}'
        library = re.search(r'-L(\S+)', libraries)[1]
        for compiler, suffix in ((arguments.cc, 'c'), (arguments.cxx, 'cc')):
            source = f'{folder}/program.{suffix}'
            with open(source, 'w', encoding='utf-8') as file:
                file.write(PROGRAMS[arguments.name])
            output_of(compiler, '-Wall', '-Werror', '-o', f'{folder}/program', source,
                      *ask('--cflags', '--libs').split())
            output_of(f'{folder}/program', env=dict(os.environ, LD_LIBRARY_PATH=library))


def main():
    global arguments

    parser = argparse.ArgumentParser(description='Checks the binary interface of the library.')
    for name in ('name', 'library', 'symbols', 'build', 'version', 'meson', 'cc', 'cxx'):
        parser.add_argument(f'--{name}', required=True)
    parser.add_argument('--include', action='append', default=[])
    parser.add_argument('--needed-include', action='append', default=[],
                        help='a folder with headers of another library')
    parser.add_argument('--print', action='store_true', help='print a new symbols.list')
    arguments = parser.parse_args()
    if arguments.print:
        print('# SPDX-License-Identifier: LGPL-2.1-or-later')
        print('\n'.join(sorted(name for name, _ in find_exported())))
        return 0

    tests = [(name, test) for name, test in globals().items() if name.startswith('test_')]
    n_failed = 0
    print(f'1..{len(tests)}')
    for number, (name, test) in enumerate(tests, 1):
        path = '/abi/' + name[len('test_'):].replace('_', '-')
        try:
            test()
            print(f'ok {number} {path}', flush=True)
        except (AssertionError, LookupError, OSError, TypeError) as error:
            n_failed += 1
            for line in str(error).splitlines()[:40]:
                print(f'# {line}')
            print(f'not ok {number} {path}', flush=True)
    return 1 if n_failed else 0


if __name__ == '__main__':
    sys.exit(main())
