import { chmodSync, chownSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseMountInfo } from '../../lib/mounts/mountinfo.js';
import {
  existingRuntimeDirectory,
  makeRuntimeDirectory,
  runtimeDirectory,
  RuntimeDirectoryError,
} from '../../lib/mounts/runtime_directory.js';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary.js';
import { NOBODY, withoutRoot } from '../lifecycle/place.js';

const platform = Object.getOwnPropertyDescriptor(process, 'platform')!;

function on(name: NodeJS.Platform, user: number | undefined): void {
  Object.defineProperty(process, 'platform', { ...platform, value: name });
  vi.spyOn(process, 'geteuid').mockReturnValue(user as number);
}

let temporary: TemporaryDirectory;

beforeEach(() => {
  temporary = temporaryDirectory();
  vi.stubEnv('NODE_DOKAN_RUNTIME_DIR', undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  Object.defineProperty(process, 'platform', platform);
  temporary.remove();
});

describe.runIf(process.platform === 'linux')('its place', () => {
  it("is the user's runtime directory", () => {
    on('linux', 1000);
    vi.stubEnv('XDG_RUNTIME_DIR', '/run/user/1000');
    expect(runtimeDirectory()).toBe('/run/user/1000/node-dokan');
  });

  it.each([undefined, '', 'relative'])('is among temporary files without one (%s)', (given) => {
    on('linux', 1000);
    vi.stubEnv('XDG_RUNTIME_DIR', given);
    expect(runtimeDirectory()).toBe(join(tmpdir(), 'node-dokan-1000'));
  });

  it('of root is nobody else’s, whatever root has inherited', () => {
    on('linux', 0);
    vi.stubEnv('XDG_RUNTIME_DIR', '/run/user/1000');
    expect(runtimeDirectory()).toBe('/run/node-dokan');
  });

  it('on Windows is local to the machine', () => {
    on('win32', undefined);
    vi.stubEnv('LOCALAPPDATA', '/local');
    expect(runtimeDirectory()).toBe(join('/local', 'node-dokan'));
    vi.stubEnv('LOCALAPPDATA', undefined);
    expect(runtimeDirectory()).toBe(join(homedir(), 'AppData', 'Local', 'node-dokan'));
  });

  it.each(['linux', 'win32'] as const)('can be given (%s)', (system) => {
    on(system, 0);
    vi.stubEnv('NODE_DOKAN_RUNTIME_DIR', '/somewhere/else');
    expect(runtimeDirectory()).toBe('/somewhere/else');
  });
});

describe.runIf(process.platform === 'linux')('the directory', () => {
  const at = (name: string): string => {
    const path = join(temporary.path, name);
    vi.stubEnv('NODE_DOKAN_RUNTIME_DIR', path);
    return path;
  };

  /** Why it is not used, told alike when it is to be made and when it is only looked for. */
  async function refusal(mounts = parseMountInfo('')): Promise<string> {
    const errors = await Promise.all(
      [makeRuntimeDirectory(mounts), existingRuntimeDirectory(mounts)].map((work) =>
        work.then(
          () => expect.unreachable('it should have been refused'),
          (error: unknown) => error,
        ),
      ),
    );
    for (const error of errors) expect(error).toBeInstanceOf(RuntimeDirectoryError);
    const [made, found] = errors as RuntimeDirectoryError[];
    expect(made!.message).toBe(found!.message);
    expect(made!.code).toBe('ERR_RUNTIME_DIRECTORY');
    expect(made!.message).toContain(made!.directory);
    return made!.message;
  }

  it('is made for its user alone, and found again', async () => {
    const path = at('made');
    expect(await existingRuntimeDirectory([])).toBeUndefined();
    expect(await makeRuntimeDirectory([])).toBe(path);
    expect(lstatSync(path).mode & 0o777).toBe(0o700);
    expect(await makeRuntimeDirectory([])).toBe(path);
    expect(await existingRuntimeDirectory([])).toBe(path);
  });

  it('is refused as a symbolic link, wherever that leads', async () => {
    mkdirSync(join(temporary.path, 'real'), { mode: 0o700 });
    symlinkSync('real', at('link'));
    expect(await refusal()).toContain('it is a symbolic link');
    symlinkSync('nowhere', at('broken'));
    expect(await refusal()).toContain('it is a symbolic link');
  });

  it('is refused as a file', async () => {
    writeFileSync(at('file'), '');
    expect(await refusal()).toContain('it is no directory');
  });

  it.each([0o770, 0o702, 0o777, 0o1777])('is refused when others may write (%o)', async (mode) => {
    const path = at('open');
    mkdirSync(path);
    chmodSync(path, mode);
    expect(await refusal()).toContain('other users may write to it');
  });

  it.skipIf(withoutRoot)("is refused when it is another user's", async () => {
    const path = at('foreign');
    mkdirSync(path, { mode: 0o700 });
    chownSync(path, NOBODY, NOBODY);
    expect(await refusal()).toContain(`it belongs to user ${String(NOBODY)}`);
  });

  it('is not touched within a volume, which may not answer', async () => {
    const path = at('within');
    const volume = (place: string, type: string) =>
      parseMountInfo(`1 0 0:50 / ${place} rw - ${type} x rw,user_id=0,group_id=0`);
    expect(await refusal(volume(temporary.path, 'fuse.node-dokan'))).toContain(
      `it lies in the volume at ${temporary.path}`,
    );
    expect(await refusal(volume(path, 'fuse.node-dokan'))).toContain('it lies in the volume');
    await makeRuntimeDirectory(volume(`${path}-other`, 'fuse.node-dokan'));
    await makeRuntimeDirectory(volume(temporary.path, 'ext4'));
  });

  it('is not made without the directory above it', async () => {
    at('missing/directory');
    expect(await existingRuntimeDirectory([])).toBeUndefined();
    await expect(makeRuntimeDirectory([])).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
