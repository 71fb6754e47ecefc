/** What a test bench can make the simulator do, and what the recordings do not show. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { simulatorFiles } from '../support/simulator_build.js';
import { missingWine, runWindows } from '../support/wine.js';
import type { Fields } from './client.js';
import { ScriptedVolume } from './scripted_volume.js';

const insufficientResources = 0xc000009a;
const cancelled = 0xc0000120;
const noSuchDevice = 0xc000000e;
const invalidHandle = 0xc0000008;
const notFound = 0xc0000225;

const missing = missingWine();

describe.skipIf(missing !== undefined)(`the simulator (${missing ?? 'under Wine'})`, () => {
  let volume: ScriptedVolume;
  let id: number;

  beforeAll(async () => {
    volume = await ScriptedVolume.start();
  }, 300_000);

  afterAll(async () => {
    await volume.end();
  });

  async function mount(options: Fields = {}): Promise<void> {
    expect((await volume.mount(options)).result).toBe(0);
    id = (await volume.driver.must('mounts')).volumes.at(-1)!.volume;
    await volume.log();
  }

  async function open(name = '\\f'): Promise<Fields> {
    const { context } = await volume.driver.must('create', {
      ...{ volume: id, name, createDisposition: 1 },
    });
    return { volume: id, name, context };
  }

  async function close(opened: Fields): Promise<void> {
    await volume.driver.must('cleanup', opened);
    await volume.driver.must('close', opened);
  }

  async function callbacks(): Promise<unknown[]> {
    return (await volume.log()).map((entry) => entry['callback'] ?? entry['note']);
  }

  beforeEach(async () => {
    await mount();
  });

  afterEach(async () => {
    await volume.release();
    await volume.unmount();
    await volume.log();
  });

  it('lists the volume with what it was mounted with', async () => {
    await volume.unmount();
    await mount({ timeout: 1, options: 1 << 9, singleThread: 1 });
    const { volumes } = await volume.driver.must('mounts');
    expect(volumes).toMatchObject([
      { mountPoint: 'M:', options: 1 << 9, timeout: 15_000, threads: 1, sectorSize: 512 },
    ]);
  });

  it.each([
    [0, 15_000],
    [20_000, 20_000],
    [3_600_000, 300_000],
  ])('clamps a time-out of %d to %d', async (given, effective) => {
    await volume.unmount();
    await mount({ timeout: given });
    expect((await volume.driver.must('mounts')).volumes).toMatchObject([{ timeout: effective }]);
  });

  it('answers an expired request at once and throws the late answer away', async () => {
    const opened = await open();
    const before = await volume.calls('ReadFile');
    await volume.answer('ReadFile', { bytes: 1, held: true });
    const order = volume.driver.nextId;
    const read = volume.driver.order('read', { ...opened, offset: 0, length: 1 });
    await volume.called('ReadFile', before + 1);
    await volume.driver.must('expire', { order });
    expect(await read).toMatchObject({ status: insufficientResources });
    expect(await volume.driver.order('expire', { order })).toMatchObject({ status: notFound });
    await volume.release();
    await close(opened);
    expect((await volume.driver.must('counters')).requests).toBe(0);
  });

  it('never closes an open whose create expired', async () => {
    const before = await volume.calls('ZwCreateFile');
    await volume.answer('ZwCreateFile', { held: true });
    const order = volume.driver.nextId;
    const create = volume.driver.order('create', { volume: id, name: '\\f', createDisposition: 1 });
    await volume.called('ZwCreateFile', before + 1);
    await volume.driver.must('expire', { order });
    expect(await create).toMatchObject({ status: insufficientResources });
    await volume.release();
    await eventually('the callback to return', async () => {
      return (await volume.driver.must('counters')).requests === 0;
    });
    expect((await volume.driver.must('counters')).opens).toBe(0);
  });

  it('leaves the query uncompleted when GetFileInformation is absent', async () => {
    await volume.unmount();
    await mount({ absent: 'GetFileInformation' });
    const opened = await open();
    const order = volume.driver.nextId;
    const query = volume.driver.order('queryInformation', opened);
    const closing = volume.driver.order('close', opened);
    await volume.driver.must('querySize', { volume: id });
    await volume.driver.must('expire', { order });
    expect(await query).toMatchObject({ status: insufficientResources });
    expect(await callbacks()).not.toContain('CloseFile');
    await volume.unmount();
    expect(await closing).toMatchObject({ status: cancelled });
  });

  it('unmounts from outside: cancels, says Unmounted once, signals the handle', async () => {
    const opened = await open();
    const before = await volume.calls('ReadFile');
    await volume.answer('ReadFile', { bytes: 1, held: true });
    const read = volume.driver.order('read', { ...opened, offset: 0, length: 1 });
    await volume.called('ReadFile', before + 1);
    await volume.driver.must('unmountOutside', { mountPoint: 'm:\\' });
    expect(await read).toMatchObject({ status: cancelled });
    expect(await volume.driver.order('read', opened)).toMatchObject({ status: noSuchDevice });
    expect(await volume.script.must('waitClosed', { milliseconds: 10_000 })).toMatchObject({
      result: 0,
    });
    expect(await volume.script.must('isRunning')).toMatchObject({ result: false });
    await volume.release();
    await volume.unmount();
    expect((await callbacks()).filter((name) => name === 'Unmounted')).toHaveLength(1);
    expect(await volume.driver.order('unmountOutside', { mountPoint: 'M:' })).toMatchObject({
      status: notFound,
    });
  });

  it('lists mount points as the driver does, with the mistake of uncOnly', async () => {
    expect(await volume.script.must('mountPoints')).toMatchObject({
      mountPoints: [
        { type: 8, mountPoint: '\\DosDevices\\M:', uncName: '', sessionId: 0xffffffff },
      ],
    });
    expect(await volume.script.must('mountPoints', { uncOnly: true })).toMatchObject({
      mountPoints: [{ type: 0, mountPoint: '' }],
    });
    await volume.unmount();
    expect(await volume.script.must('mountPoints')).toMatchObject({ isNull: true });
  });

  it.each(['M', 'm:', 'M:\\'])('removes the mount point %s', async (mountPoint) => {
    const removed = await volume.script.must('removeMountPoint', { mountPoint });
    expect(removed).toMatchObject({ result: true });
    const again = await volume.script.must('removeMountPoint', { mountPoint });
    expect(again).toMatchObject({ result: false });
  });

  it('refuses a letter that is taken, and finds another with the mount manager', async () => {
    expect((await volume.mount()).result).toBe(-5);
    // C: is not ours, so it stays.
    const other = await volume.mount({ mountPoint: 'C:', options: 1 << 6 });
    expect(other.result).toBe(0);
    const { volumes } = await volume.driver.must('mounts');
    expect(volumes.map(({ mountPoint }) => mountPoint)).toEqual(['M:', 'D:']);
    for (const { mountPoint } of volumes) {
      await volume.driver.must('unmountOutside', { mountPoint });
    }
  });

  it('replaces our own volume with the mount manager', async () => {
    expect((await volume.mount({ options: 1 << 6 })).result).toBe(0);
    const { volumes } = await volume.driver.must('mounts');
    expect(volumes).toMatchObject([{ mountPoint: 'M:', volume: id + 1 }]);
  });

  it.each([
    ['network', (1 << 4) | (1 << 6), '\\s\\x'],
    ['current session', (1 << 7) | (1 << 6), undefined],
  ])('refuses the mount manager together with %s', async (_what, options, uncName) => {
    expect((await volume.mount({ mountPoint: 'N:', options, uncName })).result).toBe(-4);
  });

  it('raises without DokanInit', async () => {
    const { scriptedVolume } = await simulatorFiles();
    const { stdout } = await runWindows(scriptedVolume, ['--without-init']);
    expect(stdout).toBe('exception 0x0f0ff0ff\n');
  });

  it('fails a call as told, once or always', async () => {
    await volume.driver.must('fail', { call: 'DokanDriverVersion', result: 0 });
    expect(await volume.script.must('versions')).toMatchObject({ library: 231, driver: 0 });
    expect(await volume.script.must('versions')).toMatchObject({ driver: 400 });
    await volume.driver.must('fail', { call: 'DokanCreateFileSystem', result: -3 });
    expect((await volume.mount({ mountPoint: 'N:' })).result).toBe(-3);
  });

  it('fails calls that come before any client', async () => {
    const other = await ScriptedVolume.start({ DOKAN_SIMULATOR_FAIL: 'DokanDriverVersion=0*' });
    expect(await other.script.must('versions')).toMatchObject({ driver: 0 });
    expect(await other.script.must('versions')).toMatchObject({ driver: 0 });
    await other.end();
  });

  it('hands out a token in ZwCreateFile, and knows whether it was closed', async () => {
    await volume.driver.must('session', { sessionId: 3, user: 'guest' });
    await volume.answer('ZwCreateFile', { openToken: 1 });
    await close(await open());
    expect(await volume.driver.must('counters')).toMatchObject({
      ...{ tokensHandedOut: 1, tokensOpen: 0, tokenSession: 3, tokenUser: 'guest' },
    });
    await volume.answer('ZwCreateFile', { openToken: 1, keepToken: 1 });
    await close(await open());
    expect(await volume.driver.must('counters')).toMatchObject({
      ...{ tokensHandedOut: 2, tokensOpen: 1 },
    });
  });

  it('gives no token outside ZwCreateFile', async () => {
    const opened = await open();
    await volume.log();
    await volume.answer('FlushFileBuffers', { openToken: 1 });
    await volume.driver.must('flush', opened);
    await close(opened);
    expect(await volume.log()).toContainEqual({ note: 'DokanOpenRequestorToken', result: false });
  });

  it('keeps surrogates without a partner', async () => {
    const name = '\\\ud800a\udc00\u{1f600}"\u0001ä';
    await close(await open(name));
    expect((await volume.log()).map((entry) => entry['name'])).toEqual([name, name, name]);
  });

  it('prints driver logs to stderr when the volume asked for them', async () => {
    const silent = await volume.driver.must('driverLog', { volume: id, message: 'unheard' });
    expect(silent.printed).toBe(false);
    await volume.unmount();
    await mount({ options: (1 << 0) | (1 << 1) | (1 << 11) });
    expect(await volume.driver.must('driverLog', { volume: id, message: 'größer' })).toMatchObject({
      printed: true,
    });
    expect(volume.process.stderr).toBe('DriverLog: größer\n');
  });

  it('refuses contexts, volumes and orders it does not know', async () => {
    expect(
      await volume.driver.order('read', { volume: id, name: '\\f', context: 5n }),
    ).toMatchObject({ status: invalidHandle });
    expect(await volume.driver.order('flush', { volume: 999 })).toMatchObject({
      status: noSuchDevice,
    });
    expect(await volume.driver.order('nonsense')).toMatchObject({
      error: 'no such order: nonsense',
    });
  });

  it('runs as many callbacks side by side as there are threads', async () => {
    const other = await ScriptedVolume.start({ DOKAN_SIMULATOR_THREADS: '16' });
    expect((await other.mount()).result).toBe(0);
    const { volumes } = await other.driver.must('mounts');
    const target = { volume: volumes[0]!.volume, name: '\\f' };
    const { context } = await other.driver.must('create', { ...target, createDisposition: 1 });
    const reads = [];
    for (let i = 0; i < 16; ++i) {
      await other.answer('ReadFile', { bytes: 1, held: true });
      reads.push(other.driver.must('read', { ...target, context, offset: i, length: 1 }));
    }
    await other.called('ReadFile', 16);
    await other.release();
    await Promise.all(reads);
    await other.end();
  });

  it('lets other processes of the same machine see and remove a mount', async () => {
    const machine = { DOKAN_SIMULATOR_MACHINE: `test-${process.pid}` };
    const owner = await ScriptedVolume.start(machine);
    const other = await ScriptedVolume.start(machine);
    expect((await owner.mount()).result).toBe(0);
    expect((await other.mount()).result).toBe(-5);
    expect(await other.script.must('removeMountPoint', { mountPoint: 'M:' })).toMatchObject({
      result: true,
    });
    await owner.script.must('waitClosed', { milliseconds: 10_000 });
    expect((await other.mount()).result).toBe(0);
    other.kill();
    await other.process.exit;
    // Whoever dies loses its mounts.
    await eventually('the dead mount to go', async () => {
      await owner.unmount();
      return (await owner.mount()).result === 0;
    });
    await owner.end();
  });

  it.each([
    'DokanCloseHandle DokanCreateFileSystem DokanDebugMode DokanDriverVersion',
    'DokanGetMountPointList DokanInit DokanIsFileSystemRunning DokanIsNameInExpression DokanMain',
    'DokanMapKernelToUserCreateFileFlags DokanNetworkProviderInstall',
    'DokanNetworkProviderUninstall DokanNotifyCreate DokanNotifyDelete DokanNotifyRename',
    'DokanNotifyUpdate DokanNotifyXAttrUpdate DokanNtStatusFromWin32 DokanOpenRequestorToken',
    'DokanRegisterWaitForFileSystemClosed DokanReleaseMountPointList DokanRemoveMountPoint',
    'DokanResetTimeout DokanServiceDelete DokanServiceInstall DokanSetDebugMode DokanShutdown',
    'DokanUnmount DokanUnregisterWaitForFileSystemClosed DokanUseStdErr DokanVersion',
    'DokanWaitForFileSystemClosed',
  ])('exports %s', async (names) => {
    for (const name of names.split(' ')) {
      expect(await volume.script.must('hasExport', { name })).toMatchObject({ result: true });
    }
  });
});
