import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { mountedOn } from '../support/mounts.js';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary.js';
import { run } from '../support/tools.js';
import { isAlive, kill, TestService } from './dokan.js';

let place: TemporaryDirectory;
let service: TestService;
let root: string;
let point: string;

beforeEach(() => {
  place = temporaryDirectory();
  service = new TestService(place.path);
  root = place.directory('root');
  point = place.directory('mnt');
  writeFileSync(join(root, 'hello.txt'), 'hello\n');
});
afterEach(async () => {
  await service.cleanUp();
  place.remove();
});

/** An entry that mirrors `root`, quick to be started again. */
function mirror(more: object = {}): object {
  return {
    point,
    example: 'mirrorfs',
    arguments: ['--root', root],
    backOff: { initial: 100, maximum: 1_000 },
    ...more,
  };
}

function configure(...mounts: object[]): void {
  writeFileSync(service.config, JSON.stringify({ mounts }));
}

/** As another program: the thread that tests must not wait for a volume. */
function read(...names: string[]): Promise<string> {
  return run('cat', [join(point, ...names)], { deadline: 20_000 });
}

/** That nothing of a service is left. */
async function nothingIsLeft(...processes: number[]): Promise<void> {
  for (const id of processes) await eventually(`${id} to end`, () => !isAlive(id));
  expect(mountedOn(point)).toBeUndefined();
  expect(readdirSync(join(service.runtime, 'service'))).toEqual([]);
}

describe('a service', () => {
  test('mounts its configuration, and unmounts on shutdown', async () => {
    const memory = join(place.path, 'memory');
    configure(mirror(), { point: memory, example: 'memfs', options: { volumeLabel: 'words' } });
    const { exit } = await service.start();
    const child = await service.processOf(point);
    const other = await service.processOf(memory);
    expect(await read('hello.txt')).toBe('hello\n');
    expect(mountedOn(memory)?.source).toBe('words');
    expect(await service.ask('shutdown')).toMatchObject({ code: 0, stderr: '' });
    expect(await exit).toEqual({ code: 0, signal: null });
    await nothingIsLeft(child, other);
    expect(mountedOn(memory)).toBeUndefined();
    expect(existsSync(memory)).toBe(false);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('unmounts on %s', async (signal) => {
    configure(mirror());
    const running = await service.start();
    const child = await service.processOf(point);
    running.signal(signal);
    expect(await running.exit).toEqual({ code: 0, signal: null });
    await nothingIsLeft(child);
  });

  test('ends in order when a signal comes while it starts', async () => {
    configure(mirror());
    const running = service.launch();
    service.process = running;
    const lock = join(service.runtime, 'service', 'service.json');
    await eventually('the lock', () => existsSync(lock), 30_000);
    running.signal('SIGTERM');
    expect(await running.exit).toEqual({ code: 0, signal: null });
    await nothingIsLeft();
  });

  test('takes a signal that comes twice at once for one', async () => {
    const memory = join(place.path, 'memory');
    configure({ point: memory, example: 'memfs' });
    const running = await service.start();
    const child = await service.processOf(memory);
    // So that it cannot have ended before the second one comes.
    process.kill(child, 'SIGSTOP');
    running.signal('SIGINT');
    await service.until(memory, 'stopping');
    running.signal('SIGINT');
    await service.until(memory, 'stopping');
    expect(isAlive(child)).toBe(true);
    process.kill(child, 'SIGCONT');
    expect(await running.exit).toEqual({ code: 0, signal: null });
    await nothingIsLeft(child);
    // A killed process would not have removed what it has made.
    expect(existsSync(memory)).toBe(false);
  });

  test('that is killed leaves its volumes, and the next one adopts them', async () => {
    configure(mirror());
    await service.start();
    const child = await service.processOf(point);
    await service.killService();
    expect(await read('hello.txt')).toBe('hello\n');
    await service.start();
    const adopted = await service.until(point, 'mounted');
    expect(adopted).toMatchObject({ processId: child, adopted: true, restarts: 0 });
    expect(await read('hello.txt')).toBe('hello\n');
    // An adopted one is watched as well.
    kill(child);
    const { adopted: again } = await service.until(point, 'mounted', (m) => m.processId !== child);
    expect(again).toBe(false);
    expect(await read('hello.txt')).toBe('hello\n');
    const last = await service.processOf(point);
    expect((await service.ask('shutdown')).code).toBe(0);
    await nothingIsLeft(last);
  });

  test('leaves its volumes to the next one when it is told to', async () => {
    configure(mirror());
    const first = await service.start();
    const child = await service.processOf(point);
    expect((await service.ask('shutdown', '--keep-mounts')).code).toBe(0);
    expect((await first.exit).code).toBe(0);
    expect(await read('hello.txt')).toBe('hello\n');
    const second = await service.start('--keep-mounts');
    expect(await service.processOf(point)).toBe(child);
    second.signal('SIGTERM');
    expect((await second.exit).code).toBe(0);
    expect(await read('hello.txt')).toBe('hello\n');
    await service.start();
    expect(await service.processOf(point)).toBe(child);
  });

  test('starts a killed file system again, and says so', async () => {
    configure(mirror());
    await service.start();
    const child = await service.processOf(point);
    kill(child);
    const after = await service.until(point, 'mounted', ({ processId }) => processId !== child);
    expect(after).toMatchObject({
      restarts: 1,
      lastError: expect.stringMatching(/SIGKILL/) as string,
    });
    expect(await read('hello.txt')).toBe('hello\n');
  });

  test('recovers what died while it was away', async () => {
    configure(mirror());
    await service.start();
    const child = await service.processOf(point);
    await service.killService();
    kill(child);
    await eventually('the process to end', () => !isAlive(child));
    await service.start();
    expect(await service.processOf(point)).not.toBe(child);
    expect(await read('hello.txt')).toBe('hello\n');
  });

  test('leaves alone what somebody unmounted while it was away', async () => {
    configure(mirror());
    await service.start();
    const child = await service.processOf(point);
    await service.killService();
    await run('umount', [point]);
    await eventually('the process to end', () => !isAlive(child));
    await service.start();
    await service.until(point, 'stopped');
    expect(mountedOn(point)).toBeUndefined();
  });

  test('nor starts what is never to be started again', async () => {
    configure(mirror({ restart: 'never' }));
    await service.start();
    const child = await service.processOf(point);
    await service.killService();
    kill(child);
    await eventually('the process to end', () => !isAlive(child));
    await service.start();
    expect((await service.until(point, 'failed')).lastError).toContain('no service was there');
  });

  test('takes paths of arguments as relative to its configuration', async () => {
    configure(mirror({ arguments: ['--root', 'root', '--mount', place.directory('other')] }));
    await service.start();
    await service.until(point, 'mounted');
    expect(await read('hello.txt')).toBe('hello\n');
  });

  test('tries again when a process cannot be started', async () => {
    configure(mirror());
    await service.start();
    const child = await service.processOf(point);
    const logs = join(place.path, 'state', 'log');
    rmSync(logs, { recursive: true });
    writeFileSync(logs, '');
    kill(child);
    const { lastError } = await service.until(point, 'backing off', (m) => m.restarts >= 1);
    expect(lastError).toMatch(/could not be started \(.*log/);
    rmSync(logs);
    await service.until(point, 'mounted');
  });

  test('goes by the configuration when it changed while the service was away', async () => {
    const other = place.directory('other');
    const gone = { point: other, example: 'memfs' };
    configure(mirror(), gone);
    await service.start();
    const [child, removed] = [await service.processOf(point), await service.processOf(other)];
    await service.killService();
    configure(mirror({ options: { volumeLabel: 'changed' } }));
    await service.start();
    expect(await service.processOf(point)).not.toBe(child);
    expect(mountedOn(point)?.source).toBe('changed');
    await eventually('the removed one to end', () => !isAlive(removed));
    expect(mountedOn(other)).toBeUndefined();
  });

  test('waits longer after each failure, says so meanwhile, and obeys', async () => {
    const missing = join(place.path, 'missing');
    configure(
      mirror({ arguments: ['--root', missing], backOff: { initial: 100, maximum: 60_000 } }),
    );
    await service.start();
    const failed = await service.until(point, 'backing off', ({ restarts }) => restarts >= 2);
    expect(failed).toMatchObject({
      processId: null,
      lastError: expect.stringContaining(missing) as string,
    });
    expect(Date.parse(failed.nextStart ?? '')).not.toBeNaN();
    expect((await service.ask('stop', point)).code).toBe(0);
    expect(await service.until(point, 'stopped')).toMatchObject({ nextStart: null });
    const refused = await service.ask('start', point);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^error: .*backing off.*missing/);
    mkdirSync(missing);
    expect((await service.ask('restart', point)).code).toBe(0);
    await service.until(point, 'mounted');
  });

  test('does not try again what will never be, or is not to be', async () => {
    const other = place.directory('other');
    configure(mirror({ restart: 'always', arguments: ['--no-such-option'] }), {
      ...mirror({ restart: 'never' }),
      point: other,
    });
    await service.start();
    const wrong = await service.until(point, 'failed');
    expect(wrong.lastError).toContain('--no-such-option');
    kill(await service.processOf(other));
    expect(await service.until(other, 'failed')).toMatchObject({ restarts: 0 });
  });

  test('leaves alone what somebody unmounted, unless it is to be always there', async () => {
    const other = place.directory('other');
    configure(mirror(), { ...mirror({ restart: 'always' }), point: other });
    await service.start();
    const child = await service.processOf(other);
    await service.until(point, 'mounted');
    await run('umount', [point]);
    await run('umount', [other]);
    expect(await service.until(point, 'stopped')).toMatchObject({ lastError: null });
    await service.until(other, 'mounted', ({ processId }) => processId !== child);
  });

  test('remembers what was stopped', async () => {
    configure(mirror());
    await service.start();
    const child = await service.processOf(point);
    expect(await service.ask('stop', point)).toEqual({
      code: 0,
      stdout: `stopped ${point}\n`,
      stderr: '',
    });
    expect(mountedOn(point)).toBeUndefined();
    expect(isAlive(child)).toBe(false);
    await service.killService();
    await service.start();
    await service.until(point, 'stopped');
    expect((await service.ask('start', point)).stdout).toBe(`mounted ${point}\n`);
    expect(mountedOn(point)).toBeDefined();
  });

  test('reports a volume that hangs, and restarts it where it may', async () => {
    const other = place.directory('other');
    configure(mirror({ hungAfter: 100 }), {
      ...mirror({ hungAfter: 100, restartWhenHung: true }),
      point: other,
    });
    await service.start();
    const [child, impatient] = [await service.processOf(point), await service.processOf(other)];
    process.kill(child, 'SIGSTOP');
    process.kill(impatient, 'SIGSTOP');
    const hung = await service.until(point, 'hung');
    expect(hung).toMatchObject({
      processId: child,
      lastError: expect.stringContaining('100 ms') as string,
    });
    await service.until(other, 'mounted', ({ processId }) => processId !== impatient);
    process.kill(child, 'SIGCONT');
    expect(await service.until(point, 'mounted')).toMatchObject({
      processId: child,
      lastError: null,
    });
    // One that hangs is stopped all the same.
    process.kill(child, 'SIGSTOP');
    expect((await service.ask('stop', point)).code).toBe(0);
    expect(isAlive(child)).toBe(false);
    expect(mountedOn(point)).toBeUndefined();
  });

  test('does not take a mount point away from a process that is not its own', async () => {
    const stranger = new TestService(place.directory('stranger'));
    try {
      writeFileSync(stranger.config, JSON.stringify({ mounts: [mirror()] }));
      await stranger.start();
      const child = await stranger.processOf(point);
      configure(mirror());
      await service.start();
      const refused = await service.until(point, 'backing off');
      expect(refused.lastError).toMatch(/serves a volume there.*dokan unmount/);
      expect(isAlive(child)).toBe(true);
      await stranger.ask('shutdown');
      await service.until(point, 'mounted');
    } finally {
      await stranger.cleanUp();
    }
  });
});

describe('a module of the configuration', () => {
  const operations = `{
    createFile(path, request, file) { file.isDirectory = path === '/'; return 'opened'; },
    getFileInformation(path, file) {
      return file.isDirectory ? { attributes: 16 } : { size: text.length };
    },
    readFile(path, buffer) { return text.copy(buffer); },
    *findFiles() { yield { name: 'text', size: text.length }; },
  }`;

  test('makes operations from its arguments', async () => {
    const source = `setInterval(() => {}, 1000); export default ({ words }) => { const text = Buffer.from(words); return ${operations}; };`;
    writeFileSync(join(place.path, 'words.mjs'), source);
    const options = { volumeLabel: 'words', writeProtect: true };
    configure({ point, module: './words.mjs', arguments: { words: 'from a module' }, options });
    await service.start();
    const child = await service.processOf(point);
    expect(await read('text')).toBe('from a module');
    expect(mountedOn(point)).toMatchObject({ source: 'words' });
    // What the module leaves running keeps nothing.
    await service.ask('stop', point);
    expect(isAlive(child)).toBe(false);
  });

  test('may be operations itself; anything else has failed', async () => {
    const other = place.directory('other');
    writeFileSync(
      join(place.path, 'a.mjs'),
      `const text = Buffer.from('a'); export default ${operations};`,
    );
    writeFileSync(join(place.path, 'b.mjs'), 'export default 5;');
    configure({ point, module: 'a.mjs' }, { point: other, module: 'b.mjs' });
    await service.start();
    await service.until(point, 'mounted');
    expect((await service.until(other, 'failed')).lastError).toMatch(/default export.*operations/);
  });
});

describe('reloading', () => {
  test('adds, removes and restarts what has changed, and nothing else', async () => {
    const removed = place.directory('removed');
    const changed = place.directory('changed');
    const added = place.directory('added');
    configure(mirror(), { point: removed, example: 'memfs' }, { point: changed, example: 'memfs' });
    await service.start();
    const kept = await service.processOf(point);
    const ends = [await service.processOf(removed), await service.processOf(changed)];
    configure(
      mirror({ restart: 'never' }),
      { point: added, example: 'memfs' },
      { point: changed, example: 'memfs', arguments: ['--size', '64M'] },
    );
    const done = await service.ask('reload');
    expect(done).toEqual({
      code: 0,
      stdout: `added ${added}\nremoved ${removed}\nrestarted ${changed}\n`,
      stderr: '',
    });
    await service.until(added, 'mounted');
    await service.until(changed, 'mounted');
    expect(await service.processOf(point)).toBe(kept);
    expect(ends.some(isAlive)).toBe(false);
    expect(mountedOn(removed)).toBeUndefined();
    // The policy of what was not restarted is the new one.
    kill(kept);
    await service.until(point, 'failed');
  });

  test('leaves stopped what was stopped', async () => {
    configure(mirror());
    await service.start();
    await service.until(point, 'mounted');
    await service.ask('stop', point);
    configure(mirror({ options: { volumeLabel: 'changed' } }));
    expect(await service.ask('reload')).toEqual({ code: 0, stdout: '', stderr: '' });
    await service.until(point, 'stopped');
    expect((await service.ask('start', point)).code).toBe(0);
    expect(mountedOn(point)?.source).toBe('changed');
  });

  test('a wrong configuration changes nothing and says why', async () => {
    configure(mirror());
    const running = await service.start();
    const child = await service.processOf(point);
    configure(mirror({ restart: 'sometimes' }));
    const refused = await service.ask('reload');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(`error: ${service.config}, mounts[0], restart: `);
    writeFileSync(service.config, '{');
    running.signal('SIGHUP');
    await eventually('the complaint', () => running.stderr.includes('it is no JSON'));
    expect(await service.processOf(point)).toBe(child);
    configure();
    running.signal('SIGHUP');
    await eventually('the volume to go', () => mountedOn(point) === undefined, 20_000);
  });
});

test('the output of file systems goes to files, also after the service', async () => {
  configure(mirror({ arguments: ['--root', root, '--debug'] }));
  await service.start();
  const { log } = await service.until(point, 'mounted');
  await service.killService();
  await read('hello.txt');
  await eventually('the request in the log', () => readFileSync(log, 'utf8').includes('hello.txt'));
  expect(log.startsWith(join(place.path, 'state', 'log'))).toBe(true);
  writeFileSync(log, 'x'.repeat(2 << 20), { flag: 'a' });
  await service.start();
  await eventually('the log to be begun anew', () => readFileSync(log).length < 1 << 20);
  expect(readFileSync(`${log}.old`).length).toBeGreaterThan(2 << 20);
  await read('hello.txt');
  expect(mountedOn(point)).toBeDefined();
});
