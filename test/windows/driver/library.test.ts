import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { run } from '../../support/tools.js';
import { windowsPath } from '../../support/wine.js';
import { describeWindows } from './scene.js';

describeWindows('the library', (bench) => {
  const load = (libraryPath: string | undefined) =>
    bench.failure('M:', { libraryPath: libraryPath! });

  test('is not installed', async () => {
    const error = await load(undefined);
    expect(error).toMatchObject({ code: 'ERR_DOKAN_NOT_INSTALLED' });
    expect(error.cure).toContain('winget install dokan-dev.Dokany');
  });

  describe('is no such library', () => {
    test.each([
      ['missing', 'C:\\nowhere\\dokan2.dll', 'ERR_DOKAN_NOT_INSTALLED', /Win32 error/],
      ['another one', 'C:\\windows\\system32\\version.dll', 'ERR_DOKAN_VERSION', /DokanVersion/],
    ])('%s', async (_what, path, code, message) => {
      const error = await load(path);
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
      expect(error.cure).toMatch(/[Ii]nstall/);
    });

    test('text, or of another version', async () => {
      const temporary = temporaryDirectory();
      try {
        const at = (name: string) => join(temporary.path, name);
        writeFileSync(at('text.dll'), 'text');
        expect((await load(windowsPath(at('text.dll')))).code).toBe('ERR_DOKAN_NOT_INSTALLED');
        writeFileSync(
          at('old.c'),
          '__declspec(dllexport) unsigned long __stdcall DokanVersion(void) { return 110; }\n',
        );
        const compiler = 'x86_64-w64-mingw32-g++-posix';
        await run(compiler, ['-x', 'c', '-shared', '-o', at('old.dll'), at('old.c')]);
        const error = await load(windowsPath(at('old.dll')));
        expect(error.code).toBe('ERR_DOKAN_VERSION');
        expect(error.message).toContain('1.1.0');
      } finally {
        temporary.remove();
      }
    });
  });

  test('tells its versions, and of a driver that is not there', async () => {
    const versions = await bench.host.order('versions', {});
    expect(versions).toMatchObject({ library: 231, driver: 400 });
    expect((versions as { libraryPath: string }).libraryPath).toMatch(/dokan2\.dll$/);
    await bench.simulator.must('fail', { call: 'DokanDriverVersion', result: 0 });
    expect(await bench.host.order('versions', {})).not.toHaveProperty('driver');
  });

  test('lists its mounts, and unmounts them for anybody', async () => {
    const scene = await bench.mount();
    const list = async () =>
      ((await bench.host.order('listMounts')) as { mountPoint: string }[])
        .map(({ mountPoint }) => mountPoint)
        .sort();
    expect(await list()).toEqual(['K:', 'M:']);
    await bench.host.order('unmountAt', 'm:\\', {});
    expect(await list()).toEqual(['K:']);
    expect(await scene.closed()).toBe('unmounted');
    expect((await bench.host.ask('unmountAt', 'M:', {})).error).toMatchObject({ code: 'EINVAL' });
    await bench.simulator.must('fail', { call: 'DokanGetMountPointList', result: 0 });
    expect(await list()).toEqual([]);
  });

  test('does without waits that Windows runs', async () => {
    const call = 'DokanRegisterWaitForFileSystemClosed';
    await bench.simulator.must('fail', { call, result: 0 });
    const scene = await bench.mount();
    await scene.must('unmountOutside', { mountPoint: 'M:' });
    expect(await scene.event('closed')).toMatchObject({ reason: 'ejected' });
  });

  test('that cannot extend the time of a request harms nobody', async () => {
    const scene = await bench.mount({ operationTimeout: 6_000 });
    const opened = await scene.open();
    await bench.simulator.must('fail', { call: 'DokanResetTimeout', result: 0, always: true });
    await scene.answer('readFile', { hold: 'read', resetTimeout: 10_000 });
    const reading = scene.status('read', { ...opened, offset: 0, length: 1 });
    await scene.calling('readFile');
    await scene.release('read');
    expect(await reading).toBe('SUCCESS');
  });

  test('prints what the driver logs', async () => {
    const silent = await bench.mount();
    expect((await silent.must('driverLog', { message: 'unheard' })).printed).toBe(false);
    await silent.unmount();
    const scene = await bench.mount({ driverLogs: true });
    await scene.host.order('listen', scene.name);
    await scene.must('driverLog', { message: 'gr\u00f6\u00dfer' });
    const found = await eventually('the line', () =>
      scene.host.events.find(
        ({ event, line }) => event === 'driverLog' && String(line).includes('gr\u00f6\u00dfer'),
      ),
    );
    expect(found.volume).toBe(scene.name);
  });
});
