import { execFileSync } from 'node:child_process';
import { describe, expect, it, vi } from 'vitest';
import { loadLinuxAddon } from '../../lib/hosts/addon.js';

// What lib/hosts/addon.ts declares. The compiler cannot see the other side.
const exported = [
  'abortConnection',
  'mountDirect',
  'mountWithHelper',
  'syncFileSystem',
  'uniqueMountId',
  'listedMountId',
  'probeVolume',
  'unmountDirect',
  'unmountWithHelper',
  'openBeneath',
  'statBeneath',
  'statEntry',
  'statFd',
  'unlinkBeneath',
  'checkUnlinkBeneath',
  'mkdirBeneath',
  'symlinkBeneath',
  'readlinkBeneath',
  'linkBeneath',
  'renameBeneath',
  'mknodBeneath',
  'chmodBeneath',
  'chownBeneath',
  'utimesBeneath',
  'utimesFd',
  'getXattr',
  'setXattr',
  'listXattr',
  'removeXattr',
  'fallocate',
  'seek',
  'readDirectory',
  'useOpenat2',
  'joinThreads',
  'SharedNodes',
];

describe('the addon', () => {
  it('exports what is declared', () => {
    const addon = loadLinuxAddon();
    expect(Object.keys(addon).sort()).toEqual([...exported].sort());
    for (const value of Object.values(addon)) expect(typeof value).toBe('function');
    expect(loadLinuxAddon()).toBe(addon);
  });

  it('shows nothing but its entry points to the linker', () => {
    const symbols = execFileSync('nm', ['-D', '--defined-only', '-C', 'build/Release/dokan.node'], {
      encoding: 'utf8',
    });
    expect(symbols).toMatch(/napi_register_module_v1/);
    expect(symbols).not.toMatch(/ [TDBR] dokan::/);
  });
});

it('tells what to do when it does not load', async () => {
  vi.resetModules();
  vi.stubEnv('NODE_DOKAN_PREBUILD', '/nowhere');
  try {
    const module = await import('../../lib/hosts/addon.js'); // Importing alone loads nothing.
    expect(() => module.loadLinuxAddon()).toThrow(
      expect.objectContaining({
        code: 'ERR_ADDON',
        name: 'AddonError',
        message: expect.stringMatching(/npm rebuild node-dokan[^]*No native build/) as string,
        cause: expect.any(Error) as Error,
      }) as Error,
    );
  } finally {
    vi.unstubAllEnvs();
    vi.resetModules();
  }
});
