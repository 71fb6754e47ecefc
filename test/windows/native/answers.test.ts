/** Answers that carry data: listings, streams, security descriptors. And the requestor's token. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fields, SimulatorClient } from '../../simulator/client.js';
import { missingWine } from '../../support/wine.js';
import { RawHost } from '../raw_host.js';
import { checkUse, checkUseOf, ifTold } from '../extensions.js';

const missing = missingWine();

const bufferOverflow = 0x80000005;

interface Entry {
  readonly name: string;
  readonly attributes?: number;
  readonly times?: readonly bigint[];
  readonly size?: number;
}

function record(head: Buffer, name: string): Buffer {
  const text = Buffer.from(name, 'utf16le');
  const length = head.length + text.length;
  return Buffer.concat([head, text, Buffer.alloc((8 - (length % 8)) % 8)]);
}

function entries(list: readonly Entry[]): string {
  const records = list.map(({ name, attributes = 0x80, times = [], size = 0 }) => {
    const head = Buffer.alloc(44);
    head.writeUInt32LE(attributes, 0);
    times.forEach((time, index) => {
      head.writeUInt32LE(head.readUInt32LE(4) | (1 << (2 * index)), 4);
      head.writeBigInt64LE(time, 8 + 8 * index);
    });
    head.writeDoubleLE(size, 32);
    head.writeUInt32LE(name.length, 40);
    return record(head, name);
  });
  return Buffer.concat(records).toString('base64');
}

function streams(list: readonly { name: string; size: number }[]): string {
  const records = list.map(({ name, size }) => {
    const head = Buffer.alloc(12);
    head.writeDoubleLE(size, 0);
    head.writeUInt32LE(name.length, 8);
    return record(head, name);
  });
  return Buffer.concat(records).toString('base64');
}

/** O:BAG:BAD:(A;;FA;;;WD), self-relative. */
const descriptor = Buffer.from(
  '0100048014000000240000000000000034000000' +
    '01020000000000052000000020020000' +
    '01020000000000052000000020020000' +
    '02001c000100000000001400ff011f00010100000000000100000000',
  'hex',
);

describe.skipIf(missing !== undefined)('answers with data', () => {
  let host: RawHost;
  let driver: SimulatorClient;
  let volume: number;
  let open: Fields;

  beforeAll(async () => {
    host = await RawHost.start({ node: 20 });
    volume = await host.mount({ options: 1 << 2 });
    driver = await host.simulator();
    await host.answer(volume, 'CREATE_FILE', { flags: 1 });
    const created = await driver.must('create', { name: '\\', createDisposition: 1 });
    open = { name: '\\', context: created.context };
  }, 300_000);

  afterAll(async () => {
    await host.end();
  });

  async function list(pattern?: string): Promise<unknown> {
    const reply = await driver.must('queryDirectory', { ...open, pattern, restartScan: true });
    return reply.entries;
  }

  it('lists: attributes, times, sizes, names that no text encoding has', async () => {
    const names = ['a', 'bc', 'def', 'Ωmega', 'lone\uDC00', 'n'.repeat(259)];
    await host.answer(volume, 'FIND_FILES_WITH_PATTERN', {
      data: entries([
        { name: 'full', attributes: 0x21, times: [0n, 100n, -1n], size: 2 ** 53 - 1 },
        ...names.map((name) => ({ name })),
      ]),
    });
    const listed = (await list('*')) as { name: string }[];
    expect(listed[0]).toMatchObject({
      name: 'full',
      attributes: 0x21,
      creationTime: '116444736000000000',
      lastAccessTime: '116444736000000001',
      lastWriteTime: '116444735999999999',
      size: 2 ** 53 - 1,
    });
    expect(listed.slice(1).map(({ name }) => name)).toEqual(names);
  });

  it('leaves out names that do not fit, and what lies beyond the data', async () => {
    const whole = Buffer.from(entries([{ name: 'in' }, { name: 'cut off here' }]), 'base64');
    await host.answer(volume, 'FIND_FILES_WITH_PATTERN', {
      data: entries([{ name: 'x'.repeat(260) }, { name: '' }, { name: 'in' }]),
    });
    expect(await list('i*')).toMatchObject([{ name: 'in' }]);
    await host.answer(volume, 'FIND_FILES_WITH_PATTERN', {
      data: whole.subarray(0, whole.length - 8).toString('base64'),
    });
    expect(await list('in')).toMatchObject([{ name: 'in' }]);
  });

  it('passes the pattern on as it is; falls back to findFiles', async () => {
    await host.log(volume);
    await host.answer(volume, 'FIND_FILES_WITH_PATTERN', { status: 0xc0000002 });
    await host.answer(volume, 'FIND_FILES', { data: entries([{ name: 'ab' }, { name: 'cd' }]) });
    await list('<"c>');
    expect(await host.log(volume)).toMatchObject([
      { operation: 'FIND_FILES_WITH_PATTERN', name: '/', secondName: '<"c>' },
      { operation: 'FIND_FILES', name: '/', secondName: '' },
    ]);
  });

  it('lists 20,000 entries', async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => ({ name: `file ${String(index)}` }));
    const second = await host.mount({ mountPoint: 'N:' });
    const { volumes } = await driver.must('mounts');
    const id = volumes.at(-1)?.volume;
    const created = await driver.must('create', { volume: id, name: '\\', createDisposition: 1 });
    await host.answer(second, 'FIND_FILES_WITH_PATTERN', { data: entries(many) });
    const directory = { volume: id, name: '\\', context: created.context };
    const { entries: listed } = await driver.must('queryDirectory', directory);
    expect(listed).toHaveLength(20_000);
    expect(listed?.at(-1)?.name).toBe('file 19999');
    await host.close(second);
  });

  it('finds streams, and says when Dokan has no room for more', async () => {
    const list = [
      { name: '::$DATA', size: 5 },
      { name: ':ä:$DATA', size: 2 ** 40 },
      { name: `:${'s'.repeat(294)}`, size: 1 },
    ];
    await host.answer(volume, 'FIND_STREAMS', {
      data: streams([...list, { name: `:${'s'.repeat(295)}`, size: 1 }]),
    });
    expect((await driver.must('queryStreams', open)).streams).toEqual(list);
    await host.answer(volume, 'FIND_STREAMS', { data: streams(list) });
    const reply = await driver.order('queryStreams', { ...open, bufferLength: 100 });
    expect(reply.status).toBe(bufferOverflow);
  });

  it('getFileSecurity: the descriptor, or how long it is', async () => {
    const data = descriptor.toString('base64');
    await host.answer(volume, 'GET_FILE_SECURITY', { data });
    await host.log(volume);
    const fits = await driver.must('querySecurity', {
      ...{ ...open, securityInformation: 7, length: descriptor.length },
    });
    expect(fits.payload.equals(descriptor)).toBe(true);
    const [request] = await host.log(volume);
    expect(request?.arguments.slice(0, 2)).toEqual([7, descriptor.length]);
    await host.answer(volume, 'GET_FILE_SECURITY', { data });
    expect(
      await driver.order('querySecurity', { ...open, length: descriptor.length - 1 }),
    ).toMatchObject({ status: bufferOverflow, needed: descriptor.length });
    // Only the length.
    await host.answer(volume, 'GET_FILE_SECURITY', { results: [500] });
    expect(await driver.order('querySecurity', { ...open, length: 499 })).toMatchObject({
      status: bufferOverflow,
      needed: 500,
    });
  });

  it('setFileSecurity: the bytes', async () => {
    await host.log(volume);
    await driver.must('setSecurity', { ...open, securityInformation: 4 }, descriptor);
    const [request] = await host.log(volume);
    expect(request?.arguments.slice(0, 2)).toEqual([4, descriptor.length]);
    expect(request?.data).toBe(descriptor.toString('base64'));
  });

  it('createFile: the descriptor of the new file', async () => {
    await host.log(volume);
    await driver.must('create', { name: '\\new', createDisposition: 2 }, descriptor);
    const [request] = await host.log(volume);
    expect(request?.flags).toBe((1 << 8) | (1 << 12));
    expect(request?.arguments[5]).toBe(descriptor.length);
    expect(request?.data).toBe(descriptor.toString('base64'));
  });

  it('createFile: refuses a descriptor that is none', async () => {
    await host.log(volume);
    const invalid = Buffer.from(descriptor);
    invalid[0] = 9;
    const reply = await driver.order('create', { name: '\\new', createDisposition: 2 }, invalid);
    expect(reply.status).toBe(0xc0000079);
    expect(await host.log(volume)).toEqual([]);
  });

  it('gives the token of who opens, read at once; no handle stays', async () => {
    await host.answer(volume, 'CREATE_FILE', { token: true });
    await driver.must('create', { name: '\\t', createDisposition: 1 });
    const { tokens } = await host.state(volume);
    expect(tokens).toMatchObject([{ closed: false, closedAfter: true }]);
    expect(tokens[0]?.['sid']).toMatch(/^S-1-5-21-[\d-]+$/);
    expect(tokens[0]?.['integrityLevel']).toBeTypeOf('number');
    const counters = await driver.must('counters');
    ifTold('tokensHandedOut', counters.tokensHandedOut, (count) => expect(count).toBe(1));
    checkUse(counters);
  });

  it('gives no token outside createFile, or when Dokan has none', async () => {
    await host.answer(volume, 'READ_FILE', { token: true });
    await driver.must('read', { ...open, offset: 0, length: 1 });
    await driver.must('fail', { call: 'DokanOpenRequestorToken', result: -1, lastError: 5 });
    await host.answer(volume, 'CREATE_FILE', { token: true });
    await driver.must('create', { name: '\\t', createDisposition: 1 });
    const { tokens } = await host.state(volume);
    expect(tokens.slice(-2)).toMatchObject([
      { code: 'ETOKEN', win32Error: 6 },
      { code: 'ETOKEN', win32Error: 5 },
    ]);
    await checkUseOf(driver);
  });
});
