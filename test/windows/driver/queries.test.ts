import { expect, test } from 'vitest';
import { CreateOptions } from '../../../lib/constants.js';
import { statusName } from '../../../lib/status.js';
import { describeWindows, type Opened, type Scene } from './scene.js';
import { checkUse, ifTold } from '../extensions.js';

const { DIRECTORY_FILE } = CreateOptions;

async function names(scene: Scene, opened: Opened, fields = {}): Promise<string[] | string> {
  const { status, entries } = await scene.order('queryDirectory', { ...opened, ...fields });
  return entries === undefined ? statusName(status) : entries.map(({ name }) => name);
}

describeWindows('listings', (bench) => {
  test('trap: "." and ".." are put in front, but not in the root or with a pattern', async () => {
    const scene = await bench.mount();
    await scene.answer('findFiles', { always: true, entries: [{ name: 'x', size: 1 }] });
    const [directory, root] = [await scene.open('\\dir'), await scene.open('\\')];
    expect(await names(scene, directory)).toEqual(['.', '..', 'x']);
    expect(await names(scene, root)).toEqual(['x']);
    expect(await names(scene, directory, { pattern: '?' })).toEqual(['x']);
  });

  test('trap: a listing is taken once per open, until it is restarted or the pattern changes', async () => {
    const scene = await bench.mount();
    const opened = await scene.open('\\dir');
    await scene.answer('findFiles', { always: true, entries: [{ name: 'x', size: 1 }] });
    const scans = async () =>
      (await scene.called()).filter((call) => call.startsWith('findFiles /')).length;
    await scene.calls();
    await names(scene, opened);
    await names(scene, opened);
    expect(await scans()).toBe(1);
    await names(scene, opened, { restartScan: true });
    await names(scene, opened, { pattern: 'x' });
    expect(await scans()).toBe(2);
  });

  test('trap: what has no patterns is never told so, as Dokan would match them itself for good', async () => {
    const before = (await bench.simulator.must('counters')).callbacks['FindFiles'];
    const scene = await bench.mount({}, ['findFilesWithPattern']);
    const opened = await scene.open('\\dir');
    const entries = [
      { name: 'abc', size: 1 },
      { name: 'b', size: 1 },
    ];
    await scene.answer('findFiles', { always: true, entries });
    expect(await names(scene, opened, { pattern: 'a*' })).toEqual(['abc']);
    expect(await names(scene, opened, { pattern: 'b*' })).toEqual(['b']);
    expect((await bench.simulator.must('counters')).callbacks['FindFiles']).toBe(before);
  });

  test.each([
    ['<', ['abc', 'ab']],
    ['ab>>', ['abc', 'ab']],
    ['ab"txt', ['ab.txt']],
    ['*.TXT', ['ab.txt']],
    ['<.txt', ['ab.txt']],
    ['zz*', 'NO_SUCH_FILE'],
  ])('trap: DokanIsNameInExpression does not know DOS wildcards: %s', async (pattern, found) => {
    const scene = await bench.mount({ caseSensitive: false });
    const opened = await scene.open('\\dir');
    const entries = ['abc', 'ab', 'ab.txt'].map((name) => ({ name, size: 1 }));
    await scene.answer('findFiles', { entries });
    expect(await names(scene, opened, { pattern, restartScan: true })).toEqual(found);
  });

  test('an entry without a size is asked for', async () => {
    const scene = await bench.mount();
    const opened = await scene.open('\\dir');
    await scene.calls();
    await scene.answer('findFiles', { entries: [{ name: 'x' }] });
    await scene.answer('getFileInformation', { returns: { size: 77 } });
    const { entries } = await scene.must('queryDirectory', opened);
    expect(entries?.at(-1)).toMatchObject({ name: 'x', size: 77 });
    expect(await scene.called()).toEqual([
      ...[
        'findFiles /dir',
        'createFile /dir/x',
        'getFileInformation /dir/x',
        'cleanup /dir/x',
        'closeFile /dir/x',
      ],
    ]);
  });

  test('names that nobody could open are left out', async () => {
    const scene = await bench.mount();
    const opened = await scene.open('\\dir');
    const entries = ['ok', 'a\\b', 'a:b', 'n'.repeat(255), 'n'.repeat(256)];
    await scene.answer('findFiles', { entries: entries.map((name) => ({ name, size: 1 })) });
    expect(await names(scene, opened)).toEqual(['.', '..', 'ok', 'n'.repeat(255)]);
  });
});

/** A self-relative descriptor of a length, whose DACL is mostly room. */
function descriptorOf(length: number): Buffer {
  const descriptor = Buffer.alloc(length);
  descriptor.writeUInt8(1, 0);
  descriptor.writeUInt16LE(0x8004, 2);
  descriptor.writeUInt32LE(20, 16);
  descriptor.writeUInt8(2, 20);
  descriptor.writeUInt16LE(length - 20, 22);
  return descriptor;
}

describeWindows('security', (bench) => {
  test('trap: a file system without security descriptors gets a default one', async () => {
    const scene = await bench.mount();
    const opened = await scene.open();
    const ask = { ...opened, securityInformation: 7, length: 1000 };
    const { payload, needed } = await scene.must('querySecurity', ask);
    expect(payload.length).toBe(needed);
    expect(payload.readUInt16LE(2) & 0x8000).toBe(0x8000);
  });

  test.each([20, 4096, 16 * 1024, 16 * 1024 + 4, 65_532])(
    'trap: a descriptor of %d bytes that does not fit says how much it needs',
    async (length) => {
      const scene = await bench.mount();
      const opened = await scene.open();
      const returns = length === 20 ? descriptorOf(28).subarray(0, 20) : descriptorOf(length);
      if (length === 20) returns.writeUInt32LE(0, 16);
      await scene.answer('getFileSecurity', { always: true, returns });
      const ask = (room: number) =>
        scene.order('querySecurity', { ...opened, securityInformation: 4, length: room });
      for (const room of [0, length - 1]) {
        const { status, needed, payload } = await ask(room);
        expect(statusName(status)).toBe('BUFFER_OVERFLOW');
        expect(needed).toBe(length);
        expect(payload.length).toBe(0);
      }
      const whole = await ask(length);
      expect(whole).toMatchObject({ status: 0, needed: length });
      expect(whole.payload.equals(returns)).toBe(true);
      expect((await ask(length + 4096)).payload.equals(returns)).toBe(true);
    },
  );

  test.each([28, 16 * 1024, 16 * 1024 + 4, 65_532])(
    'a descriptor of %d bytes is set, and given to a new file',
    async (length) => {
      const scene = await bench.mount();
      const given = descriptorOf(length);
      const opened = await scene.open('\\f', { createDisposition: 2 }, given);
      await scene.must('setSecurity', { ...opened, securityInformation: 4 }, given);
      const calls = await scene.calls();
      const created = calls.find(({ callback }) => callback === 'createFile');
      const { securityDescriptor } = created?.args[1] as { securityDescriptor: Buffer };
      expect(securityDescriptor.equals(given)).toBe(true);
      expect((calls.at(-1)?.args[2] as Buffer).equals(given)).toBe(true);
    },
  );

  test.each([
    ['empty', Buffer.alloc(0)],
    ['too short', Buffer.from([1, 0, 0, 0x80])],
    ['no descriptor', Buffer.alloc(40, 0xff)],
  ])('a descriptor that is %s reaches nobody', async (_what, given) => {
    const scene = await bench.mount();
    const opened = await scene.open();
    await scene.calls();
    const status = await scene.status('setSecurity', { ...opened, securityInformation: 4 }, given);
    expect(status).toBe('INVALID_PARAMETER');
    expect(await scene.calls()).toEqual([]);
  });

  test('who opens a file: its token, closed in any case', async () => {
    const scene = await bench.mount();
    const before = await bench.simulator.must('counters');
    for (const token of ['read', 'close', 'later'] as const) {
      await scene.answer('createFile', { token });
      await scene.close(await scene.open());
    }
    await scene.answer('createFile', { token: 'read', hold: 'create' });
    const opening = scene.open();
    await scene.calling('createFile');
    await scene.release('create');
    await scene.close(await opening);
    const counters = await bench.simulator.must('counters');
    ifTold('tokensHandedOut', counters.tokensHandedOut, (count) => {
      expect(count - (before.tokensHandedOut ?? 0)).toBe(4);
    });
    checkUse(counters);
    const event = await scene.event('requestor');
    expect(event).toMatchObject({ hasToken: true, isSame: true, userId: -1, groupId: -1 });
    expect(event['processId']).toBe(4242);
    expect(event['sid']).toMatch(/^S-1-5-21-/);
    expect(typeof event['sessionId']).toBe('number');
    expect(event['integrityLevel']).toBeGreaterThanOrEqual(0x1000);
    // It can be read when it is closed.
    expect(await scene.event('requestor closed')).toMatchObject({ sid: event['sid'] });
  });

  test('a token is there in createFile only, and its failure is a status', async () => {
    const scene = await bench.mount();
    const opened = await scene.open();
    await scene.answer('flushFileBuffers', { token: 'read' });
    await scene.must('flush', opened);
    expect(await scene.event('requestor')).toMatchObject({ hasToken: false });
    await bench.simulator.must('fail', {
      ...{ call: 'DokanOpenRequestorToken', result: -1, lastError: 5 },
    });
    await scene.answer('createFile', { token: 'read' });
    const create = { name: '\\g', createDisposition: 1, createOptions: DIRECTORY_FILE };
    expect(await scene.status('create', create)).toBe('ACCESS_DENIED');
    expect(await scene.openCount()).toBe(1);
  });
});
