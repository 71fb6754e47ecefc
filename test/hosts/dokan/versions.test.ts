import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useWindowsAddon } from '../../../lib/hosts/dokan/addon.js';
import type { WindowsAddon } from '../../../lib/hosts/dokan/native.js';
import { installedVersions } from '../../../lib/hosts/dokan/versions.js';
import { failureOf, FakeAddon, LIBRARY, native } from './fake_addon.js';

let addon: FakeAddon;
let before: WindowsAddon | undefined;

beforeEach(() => {
  addon = new FakeAddon();
  before = useWindowsAddon(addon as unknown as WindowsAddon);
});

afterEach(() => {
  useWindowsAddon(before);
});

describe('versions', () => {
  it('are those of library and driver', async () => {
    expect(await installedVersions(undefined)).toEqual({
      libraryPath: LIBRARY,
      library: 231,
      driver: 0x190,
    });
    addon.versions = () => Promise.resolve({ path: LIBRARY, library: 231, driver: 0 });
    expect((await installedVersions(undefined)).driver).toBeUndefined();
  });

  it('are not to be had without Dokan', async () => {
    addon.versions = () => Promise.reject(native('ELIBRARY', { win32Error: 126 }));
    const error = await failureOf(installedVersions(undefined));
    expect(error).toMatchObject({ code: 'ERR_DOKAN_NOT_INSTALLED', mountPoint: 'dokan2.dll' });
    expect(error.cure).toMatch(/winget install dokan-dev\.Dokany/);
  });
});
