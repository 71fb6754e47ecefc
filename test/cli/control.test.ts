import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually, within } from '../support/eventually.js';
import { mountedOn } from '../support/mounts.js';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary.js';
import { TestService } from './dokan.js';

let place: TemporaryDirectory;
let service: TestService;
let point: string;
const sockets: Socket[] = [];

beforeEach(() => {
  place = temporaryDirectory();
  service = new TestService(place.path);
  point = place.directory('mnt');
  writeFileSync(service.config, JSON.stringify({ mounts: [{ point, example: 'memfs' }] }));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await service.cleanUp();
  place.remove();
});

async function connect(): Promise<Socket> {
  const socket = createConnection(service.socket);
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket.setEncoding('utf8');
}

/** Sends text, and gives what comes back until the service has nothing more to say. */
async function talk(socket: Socket, text: string, answers: number): Promise<unknown[]> {
  let heard = '';
  socket.on('data', (part: string) => {
    heard += part;
  });
  socket.write(text);
  const lines = (): string[] => heard.split('\n').slice(0, -1);
  await eventually(`${String(answers)} answers`, () => lines().length >= answers);
  return lines().map((line) => JSON.parse(line) as unknown);
}

describe('one service for each user', () => {
  test('a second one is refused, and told which is the first', async () => {
    const { pid } = await service.start();
    const second = service.launch();
    expect(await within('its end', 30_000, second.exit)).toEqual({ code: 1, signal: null });
    expect(second.stderr).toMatch(
      new RegExp(`^error: .*runs already \\(process ${String(pid)}\\)\\. .*shutdown`),
    );
    await service.until(point, 'mounted');
  });

  test('two that are started at once: one runs', async () => {
    const both = [service.launch(), service.launch()];
    try {
      await eventually('one to end', () => both.some(({ ended }) => ended !== undefined), 30_000);
      await service.until(point, 'mounted');
      expect(both.filter(({ ended }) => ended === undefined)).toHaveLength(1);
    } finally {
      await service.ask('shutdown');
      for (const each of both) each.cleanUp();
    }
  });

  test('what a killed one left behind is taken over', async () => {
    await service.start();
    await service.processOf(point);
    await service.killService();
    expect(statSync(service.socket).isSocket()).toBe(true);
    const { code, stderr } = await service.ask('status');
    expect([code, stderr]).toEqual([
      1,
      'error: No service of this user runs. Start it: dokan service run\n',
    ]);
    await service.start();
    await service.until(point, 'mounted');
  });

  test('so is a socket and a lock of something else that is gone', async () => {
    const directory = join(service.runtime, 'service');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(service.runtime, 0o700);
    writeFileSync(join(directory, 'service.json'), '{"id": 1, "started": "never"}');
    const other = createServer();
    other.listen(service.socket);
    await once(other, 'listening');
    await service.start();
    await service.until(point, 'mounted');
    other.close();
  });
});

test('a service that ends leaves the lock and the socket of the next one', async () => {
  const { exit } = await service.start();
  await service.until(point, 'mounted');
  const lock = join(service.runtime, 'service', 'service.json');
  writeFileSync(lock, '{"id": 1, "started": "later"}');
  expect((await service.ask('shutdown')).code).toBe(0);
  expect((await exit).code).toBe(0);
  expect(readdirSync(join(service.runtime, 'service')).sort()).toEqual([
    'control.sock',
    'service.json',
  ]);
});

describe('the control socket', () => {
  test('is for this user alone', async () => {
    await service.start();
    expect(statSync(service.socket).mode & 0o777).toBe(0o600);
    for (const directory of [service.runtime, join(service.runtime, 'service')]) {
      expect(statSync(directory).mode & 0o777).toBe(0o700);
    }
  });

  test('answers what it does not understand with an error, and goes on', async () => {
    await service.start();
    const socket = await connect();
    const requests = [
      ...['garbage', '[]', 'null', '{}', '{"command":"dance"}', '{"command":"stop"}'],
      ...['{"command":"stop","point":5}', '{"command":"shutdown","keepMounts":1}', '\u0000'],
      ...['{"command":"stop","point":"/nowhere"}', '{"command":"__proto__"}'],
    ];
    const answers = await talk(socket, `${requests.join('\n')}\n\n`, requests.length);
    for (const answer of answers) expect(answer).toHaveProperty('error.message');
    expect(answers[9]).toMatchObject({ error: { code: 'ERR_SERVICE_POINT' } });
    socket.removeAllListeners('data');
    const [status] = await talk(socket, '{"command":"status"}\n', 1);
    expect(status).toMatchObject({ ok: { mounts: [{ point }] } });
  });

  test('cuts off a line that does not end', async () => {
    await service.start();
    const socket = await connect();
    const [answer] = await talk(socket, 'x'.repeat(70_000), 1);
    expect(answer).toMatchObject({
      error: { message: expect.stringContaining('65536') as string },
    });
    await eventually('the end of the connection', () => socket.closed || socket.readableEnded);
    await service.until(point, 'mounted');
  });

  test('survives many connections, silent and broken ones', async () => {
    await service.start();
    const many = await Promise.all(Array.from({ length: 200 }, connect));
    for (const socket of many) socket.write('{"command":');
    for (const socket of many) socket.destroy();
    // One that goes before its answer is there.
    const hasty = await connect();
    hasty.end('{"command":"restart","point":"/nowhere"}\n{"command":"status"}\n');
    await service.until(point, 'mounted');
  });
});

describe('a runtime directory that others could use', () => {
  async function refused(): Promise<string> {
    const started = service.launch();
    expect(await within('its end', 30_000, started.exit)).toEqual({ code: 1, signal: null });
    expect(mountedOn(point)).toBeUndefined();
    return started.stderr;
  }

  test('is refused, with what to do', async () => {
    mkdirSync(service.runtime);
    chmodSync(service.runtime, 0o777);
    expect(await refused()).toMatch(/^error: .*run.*NODE_DOKAN_RUNTIME_DIR/);
  });

  test('is not where a service is asked', async () => {
    mkdirSync(service.runtime);
    chmodSync(service.runtime, 0o777);
    const { code, stderr } = await service.ask('status');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*other users may write to it.*NODE_DOKAN_RUNTIME_DIR/);
  });

  test('so is a directory in it', async () => {
    mkdirSync(join(service.runtime, 'service'), { recursive: true, mode: 0o700 });
    chmodSync(join(service.runtime, 'service'), 0o755);
    expect(await refused()).toMatch(/^error: .*\(mode 755\)\. Close it: chmod 700 /);
  });

  test('and a symbolic link', async () => {
    mkdirSync(service.runtime, { mode: 0o700 });
    symlinkSync(place.directory('elsewhere'), join(service.runtime, 'service'));
    expect(await refused()).toMatch(/^error: .*service is no directory/);
  });
});

test('a path too long for a socket: it ends, and says what to do', async () => {
  const deep = new TestService(place.directory('d'.repeat(100)));
  writeFileSync(deep.config, '{"mounts": []}');
  const started = deep.launch();
  expect(await within('its end', 30_000, started.exit)).toEqual({ code: 1, signal: null });
  expect(started.stderr).toMatch(/^error: .*too long for a socket.*NODE_DOKAN_RUNTIME_DIR/);
  // It has let go of the lock.
  expect(readdirSync(join(deep.runtime, 'service'))).toEqual([]);
});

test('a wrong configuration at the start: nothing runs', async () => {
  writeFileSync(service.config, '{"mounts": [{"point": "mnt", "example": "memfs"}]}');
  const started = service.launch();
  expect(await within('its end', 30_000, started.exit)).toEqual({ code: 1, signal: null });
  expect(started.stderr).toMatch(
    /^error: .*mounts\.json, mounts\[0\], point: Expected an absolute path/,
  );
});
