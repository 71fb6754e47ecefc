import { findTool } from './tools.js';

/** The C library Node is linked with. Windows has another one still; nobody asks there. */
export const libc =
  process.platform === 'linux' && glibcVersion() === undefined
    ? ('musl' as const)
    : ('glibc' as const);

function glibcVersion(): string | undefined {
  const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return report.header.glibcVersionRuntime;
}

const onLinux = process.platform === 'linux';
const onWindows = process.platform === 'win32';
/** Whether Wine and the cross compiler, under Debian's names, can be had on such a machine. */
export const withWine = onLinux && process.arch === 'x64' && libc === 'glibc';

interface LeftOut {
  readonly when: boolean;
  readonly because: string;
  readonly files: readonly string[];
}

const table: readonly LeftOut[] = [
  {
    when: withWine && findTool('wine') !== undefined,
    because: 'ask of a model what windows_memfs.test.ts asks of the real thing, under Wine',
    files: ['test/conformance/modelled_memfs.test.ts'],
  },
  {
    when: !onWindows,
    because: 'need Windows, and the driver of Dokan',
    files: ['test/windows/real/driver/**'],
  },
  {
    when: !withWine,
    because: "run Windows' programs in Wine, on x64 with glibc",
    files: [
      'test/simulator/**',
      'test/windows/*.test.ts',
      'test/windows/bridge/**',
      'test/windows/driver/**',
      'test/windows/native/**',
      'test/conformance/windows_*.test.ts',
      'test/examples/imagefs/windows.test.ts',
      'test/package/requirements.test.ts',
      'test/package/windows.test.ts',
    ],
  },
  {
    when: !onLinux,
    because: 'ask for all that POSIX says, through calls that only Linux has',
    files: ['test/conformance/**', 'test/model/**'],
  },
  {
    when: !onLinux,
    because: 'are about FUSE, /proc, signals or the addon for Linux',
    files: [
      'test/cli/**',
      'test/hosts/fuse/**',
      'test/lifecycle/**',
      'test/mounts/**',
      'test/native/**',
      'test/signals.test.ts',
    ],
  },
  {
    when: !onLinux,
    because: "work with Linux' programs; Windows' own are in test/windows/real/driver",
    files: ['test/programs/**'],
  },
  {
    when: !onLinux,
    because: 'take compilers out of a PATH of Linux; scripts/ci/try-package.mjs does it on Windows',
    files: ['test/package/linux.test.ts', 'test/package/types.test.ts'],
  },
];

/** Test files that cannot run on this machine, as patterns for vitest; says which and why. */
export function leftOut(): string[] {
  const rows = table.filter(({ when }) => when);
  for (const { because, files } of rows) {
    console.info(`left out, because they ${because}: ${files.join(' ')}`);
  }
  return rows.flatMap(({ files }) => files);
}
