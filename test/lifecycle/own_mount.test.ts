import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { detach, mountedOn } from '../support/mounts.js';
import { temporaryDirectory } from '../support/temporary.js';

const program = fileURLToPath(new URL('./programs/own_mount.mjs', import.meta.url));
const execute = promisify(execFile);

/** Node has no name for it. */
const EDEADLK = -35;

interface Said {
  readonly errno?: number;
  readonly milliseconds?: number;
  readonly mounted?: boolean;
  readonly computing?: boolean;
  readonly computed?: boolean;
  readonly waiting?: boolean;
  readonly waited?: boolean;
  readonly stderr?: string;
  readonly warnings?: readonly { code: string; message: string }[];
  readonly answers?: readonly string[];
}

let temporary: ReturnType<typeof temporaryDirectory>;
let point: string;
let child: ChildProcess | undefined;
let said: Said[];

beforeEach(() => {
  temporary = temporaryDirectory();
  point = temporary.directory('mount');
  said = [];
});

afterEach(() => {
  child?.kill('SIGKILL');
  detach(point);
  temporary.remove();
});

function start(mistake: string, thread = 'main'): void {
  child = spawn(process.execPath, [program, point, mistake, thread], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    said.push(...lines.map((line) => JSON.parse(line) as Said));
  });
}

const heard = (what: string, matches: (line: Said) => boolean): Promise<Said> =>
  eventually(what, () => said.find(matches), 25_000);

/** The volume still answers, asked by another process. */
async function expectAlive(): Promise<void> {
  const { stdout } = await execute('ls', [point], { timeout: 10_000 });
  expect(stdout).not.toBe('');
}

describe('a program that uses its own volume from the thread that serves it', () => {
  describe.each(['main', 'worker'])('in the %s thread', (thread) => {
    it.each(['stat', 'read', 'list'])('gets EDEADLK: %s', async (mistake) => {
      start(mistake, thread);
      const result = await heard('the result', ({ errno }) => errno !== undefined);
      expect(result.errno).toBe(EDEADLK);
      await expectAlive();
    });
  });

  it('gets it inside a callback, whose request is then answered', async () => {
    start('callback');
    await heard('the mount', ({ mounted }) => mounted === true);
    // Not a name that the callback asks for itself: the kernel lets only one ask for a name.
    const asking = execute('stat', [join(point, 'file')], { timeout: 10_000 }).then(
      () => 0,
      (error: unknown) => (error as { code?: unknown }).code,
    );
    const result = await heard('the result', ({ errno }) => errno !== undefined);
    expect(result.errno).toBe(EDEADLK);
    // There is no such file: that is an answer.
    expect(await asking).toBe(1);
    await expectAlive();
  });

  it('is asked by others meanwhile: they are answered when it goes on', async () => {
    start('stat');
    await heard('the mount', ({ mounted }) => mounted === true);
    const others = Array.from({ length: 40 }, () => execute('ls', [point], { timeout: 10_000 }));
    for (const { stdout } of await Promise.all(others)) expect(stdout).not.toBe('');
    const result = await heard('the result', ({ errno }) => errno !== undefined);
    expect(result.errno).toBe(EDEADLK);
  });
});

describe('a program that waits for a child of its own that uses the volume', () => {
  const deadlock = 'Resource deadlock avoided';

  it.each(['child', 'grandchildren'])('goes on, and the child has EDEADLK: %s', async (mistake) => {
    start(mistake);
    const result = await heard('the result', ({ stderr }) => stderr !== undefined);
    expect(result.stderr).toContain(deadlock);
    await expectAlive();
  });

  it.each(['working-directory', 'program', 'thread'])('gets EDEADLK: %s', async (mistake) => {
    start(mistake);
    const result = await heard('the result', ({ errno }) => errno !== undefined);
    expect(result.errno).toBe(EDEADLK);
    await expectAlive();
  });

  it('is no longer suspected once it has gone on', async () => {
    start('afterwards');
    const result = await heard('the result', ({ stderr }) => stderr !== undefined);
    expect(result.stderr).toContain(deadlock);
    expect(result.errno).toBe(0);
  });
});

describe('a program that uses its own volume from another thread', () => {
  it('is served, and warned once', async () => {
    start('asynchronous');
    const result = await heard('the result', ({ warnings }) => warnings !== undefined);
    expect(result.answers).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(result.warnings).toMatchObject([{ code: 'NODE_DOKAN_OWN_MOUNT' }]);
    expect(result.warnings?.[0]?.message).toContain(point);
  });

  it('is not warned of what the library does', async () => {
    start('library');
    const result = await heard('the result', ({ warnings }) => warnings !== undefined);
    expect(result.warnings).toEqual([]);
  });
});

describe('a program that waits for long', () => {
  it('does not fail others: they are answered when it goes on', async () => {
    start('wait');
    await heard('waiting', ({ waiting }) => waiting === true);
    const { stdout } = await execute('ls', [point], { timeout: 20_000 });
    expect(stdout).not.toBe('');
    expect(said).toContainEqual({ waited: true });
  });
});

describe('a program that computes for long', () => {
  it('is no mistake: others wait for it and are answered', async () => {
    start('compute');
    await heard('computing', ({ computing }) => computing === true);
    const { stdout } = await execute('ls', [point], { timeout: 10_000 });
    expect(stdout).not.toBe('');
    expect(said).toContainEqual({ computed: true });
  });
});

describe('an idle volume', () => {
  it('is not looked at: none of its threads wakes up', async () => {
    start('callback');
    await heard('the mount', ({ mounted }) => mounted === true);
    expect(mountedOn(point)).toBeDefined();
    const threads = await execute('ls', [`/proc/${child?.pid}/task`]);
    const switches = (): number[] =>
      threads.stdout
        .trim()
        .split('\n')
        .map((thread) => {
          const status = readFileSync(`/proc/${child?.pid}/task/${thread}/status`, 'utf8');
          return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
        });
    let last = switches().join();
    let since = performance.now();
    const isQuiet = (): boolean => {
      const now = switches().join();
      if (now !== last) since = performance.now();
      last = now;
      // Three periods of the watch.
      return performance.now() - since > 1_000;
    };
    // Node's own start has its aftermath, and others may list mounts.
    await eventually('a second without a wake-up', isQuiet, 60_000);
  }, 70_000);
});
