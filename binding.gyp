# The build that `npm install` falls back to where no prebuilt addon fits. The sources are whatever
# lies in native/ and in the system's directory of it; native/CMakeLists.txt takes the same.
{
  'variables': {
    # 1 in our own checks only: a compiler newer than ours may not stop a user's installation.
    'warnings_are_errors%': 0,
  },
  'targets': [
    {
      'target_name': 'dokan',
      'sources': ['native/addon.cc', "<!@(node scripts/sources.cjs native/common)"],
      'include_dirs': ['native'],
      'defines': ['NAPI_VERSION=8', 'NAPI_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED',
                  'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      'conditions': [
        ['OS=="linux"', {
          'sources': ["<!@(node scripts/sources.cjs native/linux)"],
          'defines': ['_GNU_SOURCE', '_FILE_OFFSET_BITS=64'],
          'cflags': ['-isystem', "<!(node -p \"require('node:path').dirname(require.resolve('node-addon-api'))\")"],
          'cflags!': ['-fno-exceptions'],
          'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++20'],
          'cflags_cc': ['-std=c++20', '-fexceptions', '-Wall', '-Wextra', '-fvisibility=hidden'],
          # A Worker unloads the addon when it ends; threads of ours may still run in it.
          'ldflags': ['-Wl,-z,nodelete', '-pthread'],
          'conditions': [
            ['warnings_are_errors==1', {'cflags_cc': ['-Werror']}],
          ],
        }],
        ['OS=="win"', {
          'sources': ["<!@(node scripts/sources.cjs native/windows)"],
          # Node's own settings build the standard library without exceptions; ours catches them.
          'defines!': ['_HAS_EXCEPTIONS=0'],
          'defines': ['_HAS_EXCEPTIONS=1', 'UNICODE', '_UNICODE', 'NOMINMAX', 'WIN32_LEAN_AND_MEAN', '_WIN32_WINNT=0x0A00'],
          'libraries': ['synchronization.lib', 'advapi32.lib'],
          'include_dirs': ["<!(node -p \"require('node:path').dirname(require.resolve('node-addon-api'))\")"],
          'msvs_settings': {
            'VCCLCompilerTool': {'ExceptionHandling': 1, 'AdditionalOptions': ['/std:c++20']},
          },
        }],
      ],
    },
  ],
}
