{
  # The addon, tsrun.node. The static programs are made by scripts/static.mk: they need another C library.
  'targets': [
    {
      'target_name': 'tsrun',
      'sources': ['<!@(node scripts/sources.mjs addon)'],
      'include_dirs': ['native'],
      'defines': ['NAPI_VERSION=9', 'NAPI_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED', '_GNU_SOURCE'],
      # node's own defaults for addons: C++17, no exceptions, -O3
      'cflags!': ['-O3', '-fno-omit-frame-pointer'],
      'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++1y'],
      'cflags': [
        '-O2',
        '-fvisibility=hidden',
        '-ffunction-sections',
        '-fdata-sections',
        '-fstack-protector-strong',
        '-U_FORTIFY_SOURCE',
        '-D_FORTIFY_SOURCE=2',
        '-Wall',
        '-Wextra',
        '-Werror',
        '-Wshadow',
        '-Wconversion',
        '-Wformat=2',
        '-Wimplicit-fallthrough',
        # as system headers they are exempt from the warnings
        '-isystem', '<(node_root_dir)/include/node',
        '-isystem', '<(module_root_dir)/node_modules/node-addon-api',
      ],
      'cflags_cc': ['-std=gnu++20', '-Wnon-virtual-dtor', '-Woverloaded-virtual', '-Wextra-semi'],
      'ldflags': [
        '-static-libstdc++',
        '-static-libgcc',
        '-Wl,--exclude-libs,ALL',
        '-Wl,--gc-sections',
        '-Wl,-z,relro',
        # symbols when they are used: to look up all of them takes 0.2 ms, at every start
        '-Wl,-z,lazy',
        '-Wl,-s',
      ],
      'libraries': ['<!(g++ -print-file-name=libseccomp.a)'],
    },
  ],
}
