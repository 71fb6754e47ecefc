import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { DriverClient } from '../../../lib/hosts/loopback/client.js';
import { Driver } from '../../../lib/hosts/loopback/driver.js';
import { resolveOptions } from '../../../lib/options.js';
import { outcome } from '../../hosts/loopback/scripted_backend.js';
import { eventually } from '../../support/eventually.js';
import { describeWindows, type Opened, type Scene } from './scene.js';
import { SocketBackend } from './socket_backend.js';

const read = (scene: Scene, opened: Opened, offset = 0): Promise<string> =>
  scene.status('read', { ...opened, offset, length: 8 });

describeWindows('time limits', (bench) => {
  test('a request that takes longer than operationTimeout fails, and its signal fires', async () => {
    const scene = await bench.mount({ operationTimeout: 100 });
    const opened = await scene.open();
    await scene.answer('readFile', { hold: 'for ever', watch: true });
    expect(await read(scene, opened)).toBe('IO_TIMEOUT');
    expect(await scene.event('signal')).toMatchObject({ callback: 'readFile', code: 'IO_TIMEOUT' });
    // The late answer reaches nobody.
    await scene.release('for ever');
    expect(await read(scene, opened)).toBe('SUCCESS');
    expect(await scene.errors()).toEqual([]);
    await scene.close(opened);
  });

  test('an open that comes too late is closed again', async () => {
    const scene = await bench.mount({ operationTimeout: 100 });
    await scene.calls();
    await scene.answer('createFile', { hold: 'late' });
    const create = { name: '\\f', createDisposition: 1 };
    expect(await scene.status('create', create)).toBe('IO_TIMEOUT');
    await scene.release('late');
    await eventually('the open to be closed', async () => (await scene.openCount()) === 0);
    expect(await scene.called()).toEqual(['createFile /f', 'cleanup /f', 'closeFile /f']);
  });

  test('cleanup and closeFile come to their end when the callback does not', async () => {
    const scene = await bench.mount({ operationTimeout: 100 });
    const opened = await scene.open();
    await scene.answer('cleanup', { hold: 'cleanup' });
    await scene.answer('closeFile', { hold: 'closeFile' });
    await scene.close(opened);
    await scene.release('cleanup');
    await scene.release('closeFile');
  });

  test('resetTimeout gives more time', async () => {
    const scene = await bench.mount({ operationTimeout: 150 });
    const opened = await scene.open();
    await scene.answer('readFile', { hold: 'read', resetTimeout: 20_000, watch: true });
    const reading = read(scene, opened);
    await scene.calling('readFile');
    await delay(400);
    await scene.release('read');
    expect(await reading).toBe('SUCCESS');
    expect(scene.host.events.filter(({ event }) => event === 'signal')).toEqual([]);
  });

  test('a request that takes long has its time at the driver extended', async () => {
    const scene = await bench.mount({ timeout: 15_000 });
    const opened = await scene.open();
    await scene.answer('readFile', { hold: 'read' });
    const order = scene.simulator.nextId;
    const reading = read(scene, opened);
    // A third of the driver's time-out, or so: the test does not wait for all of it.
    await eventually(
      'DokanResetTimeout',
      async () => {
        const { resets } = await scene.simulator.must('timeouts');
        return resets.some((reset) => reset.order === order && reset.milliseconds >= 15_000);
      },
      14_000,
    );
    await scene.release('read');
    expect(await reading).toBe('SUCCESS');
  });

  test('a thread that is stuck fails its requests, and lives on', async () => {
    const scene = await bench.mount({ operationTimeout: 1_000 });
    const opened = await scene.open();
    const blocking = await scene.host.block(4_000);
    expect(await read(scene, opened)).toBe('IO_TIMEOUT');
    expect(blocking.isBack()).toBe(false);
    await blocking.back;
    expect(await read(scene, opened)).toBe('SUCCESS');
    await scene.close(opened);
    await scene.idle();
  });

  test('what the driver gives up is answered at once; the late answer reaches nobody', async () => {
    const scene = await bench.mount();
    const opened = await scene.open();
    for (const op of ['read', 'flush', 'queryInformation']) {
      const callback = { read: 'readFile', flush: 'flushFileBuffers' }[op] ?? 'getFileInformation';
      await scene.answer(callback, { hold: op });
      const order = scene.simulator.nextId;
      const asking = scene.status(op, { ...opened, offset: 0, length: 1 });
      await scene.calling(callback);
      await scene.must('expire', { order });
      expect(await asking).toBe('INSUFFICIENT_RESOURCES');
      await scene.release(op);
      await scene.idle();
    }
    await scene.close(opened);
  });

  test('trap: an open whose create the driver gave up is closed with the volume', async () => {
    const scene = await bench.mount();
    await scene.calls();
    await scene.answer('createFile', { hold: 'create' });
    const order = scene.simulator.nextId;
    const creating = scene.status('create', { name: '\\f', createDisposition: 1 });
    await scene.calling('createFile');
    await scene.must('expire', { order });
    expect(await creating).toBe('INSUFFICIENT_RESOURCES');
    await scene.release('create');
    await scene.idle();
    await scene.unmount();
    expect(await scene.called()).toEqual([
      ...['createFile /f', 'cleanup /f', 'closeFile /f', 'unmounted'],
    ]);
  });

  test('the driver model gives up what takes too long', async () => {
    const scene = await bench.mount();
    const driver = new Driver(new SocketBackend(scene.simulator, scene.volume), {
      ...resolveOptions({}),
      requestTimeout: 1_000,
      renameRules: 'dokan',
    });
    const client = new DriverClient(driver);
    const file = await client.create('/f');
    await scene.answer('readFile', { hold: 'read' });
    expect(await outcome(file.read(1))).toBe('INSUFFICIENT_RESOURCES');
    await scene.release('read');
    await file.close();
    expect(client.openFiles).toEqual([]);
  });
});
