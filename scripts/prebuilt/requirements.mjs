// What a prebuilt addon may ask of the machine it is installed on.
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { readElf } from './elf.mjs';
import { readPe } from './pe.mjs';

/** Node finds this one without the addon registering itself when loaded. */
const ENTRY = 'napi_register_module_v1';

/**
 * The glibc of the machine that builds may be newer than that of the machines that install. Node 20's
 * own binaries need 2.28, and releases are built where no newer one is (see ci/container.sh); 2.34 is
 * what a build on Debian 12 or Ubuntu 22.04 comes to.
 */
export const RELEASE_GLIBC = '2.28';
export const LOCAL_GLIBC = '2.34';

// libgcc_s is Node's own need too. libstdc++ is not: linked in, it cannot be too old.
const GLIBC_LIBRARIES = /^(lib(c|m|dl|rt|pthread|gcc_s)\.so\.\d|ld-linux-[\w-]+\.so\.\d)$/;
const MUSL_LIBRARIES = /^(libc\.musl-\w+\.so\.1|libgcc_s\.so\.1)$/;
// Part of every Windows 10. Not among them: the libraries that come with compilers; dokan2.dll, which
// is looked for when something is mounted; node.exe, which may have another name.
const WINDOWS_LIBRARIES =
  /^(kernel32|advapi32|ntdll|msvcrt|ucrtbase|ws2_32|api-ms-win-(core|crt)-[\w-]+)\.dll$/;

function newer(version, limit) {
  const [major, minor] = version.split('.').map(Number);
  const [limitMajor, limitMinor] = limit.split('.').map(Number);
  return major > limitMajor || (major === limitMajor && minor > limitMinor);
}

/** The newest glibc among symbol versions, e.g. 2.34; undefined without any. */
function glibcOf(versions) {
  const found = versions.flatMap((version) => /^GLIBC_(\d+\.\d+)/.exec(version)?.[1] ?? []);
  return found.reduce((newest, each) => (newer(each, newest) ? each : newest), found[0]);
}

/** What node-gyp-build reads out of `prebuilds/linux-x64/node.napi.glibc.node`. */
function placeOf(path) {
  const [platform, arch] = basename(dirname(path)).split('-');
  const libc = /\.(glibc|musl)\./.exec(basename(path))?.[1];
  return { platform, arch, libc };
}

/**
 * @param {string} path - of the addon, below prebuilds/<platform>-<arch>/
 * @param {string} glibc - the newest that may be needed
 * @returns {{ problems: string[], summary: string }}
 */
export function examine(path, glibc = LOCAL_GLIBC) {
  const { platform, arch, libc } = placeOf(path);
  const bytes = readFileSync(path);
  const windows = platform === 'win32';
  const addon = windows ? readPe(bytes) : readElf(bytes);
  const problems = [];
  const insist = (fulfilled, problem) => fulfilled || problems.push(problem);

  insist(addon.arch === arch, `is built for ${addon.arch}`);
  insist(addon.exports.includes(ENTRY), `does not export ${ENTRY}`);
  insist(windows || libc !== undefined, 'names neither glibc nor musl');
  const allowed = windows ? WINDOWS_LIBRARIES : libc === 'musl' ? MUSL_LIBRARIES : GLIBC_LIBRARIES;
  for (const library of addon.libraries) insist(allowed.test(library), `needs ${library}`);
  const needed = glibcOf(addon.versions ?? []);
  if (libc === 'glibc') {
    insist(needed !== undefined, 'is not linked with glibc');
    insist(needed === undefined || !newer(needed, glibc), `needs glibc ${needed}, not ${glibc}`);
  }
  if (libc === 'musl') insist(needed === undefined, 'is linked with glibc');

  const libraries = addon.libraries.join(' ');
  const summary = needed === undefined ? libraries : `glibc ${needed}, ${libraries}`;
  return { problems, summary: `${addon.arch}, ${bytes.length >> 10} KiB, needs ${summary}` };
}
