import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { AddonError, loadLinuxAddon } from '../../lib/hosts/addon.js';

// What lib/hosts/addon.ts declares. The compiler cannot see the other side.
const functions = [
  'mountDirect',
  'mountWithHelper',
  'unmountDirect',
  'unmountWithHelper',
  'openBeneath',
  'statBeneath',
  'statFd',
  'unlinkBeneath',
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
];

describe('the addon', () => {
  it('exports what is declared', () => {
    const addon = loadLinuxAddon();
    expect(Object.keys(addon).sort()).toEqual([...functions].sort());
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

it('an addon that does not load gives an error with a cure', () => {
  const error = new AddonError('text', { cause: 1 });
  expect(error).toMatchObject({ code: 'ERR_ADDON', name: 'AddonError', message: 'text', cause: 1 });
});
