import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Namespace, withoutRoot } from '../lifecycle/place.js';
import { eventually } from '../support/eventually.js';
import { startExample, type ExampleProcess } from '../support/example.js';
import { mountedOn } from '../support/mounts.js';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary.js';
import { missingTools, run } from '../support/tools.js';
import { VolumeProcess } from '../support/volume_process.js';
import { projectRoot } from '../support/wine.js';
import { dokan, program } from './dokan.js';

let place: TemporaryDirectory;
let point: string;
let env: NodeJS.ProcessEnv;
const started: VolumeProcess[] = [];

beforeEach(() => {
  place = temporaryDirectory();
  point = place.directory('mnt');
  env = { NODE_DOKAN_RUNTIME_DIR: join(place.path, 'run') };
});
afterEach(() => {
  for (const each of started.splice(0)) each.cleanUp();
  place.remove();
});

async function memfs(...args: string[]): Promise<ExampleProcess> {
  const volume = await startExample('memfs', point, { args, env });
  started.push(volume);
  return volume;
}

interface Listed {
  readonly mountPoint: string;
  readonly state: string;
  readonly [field: string]: unknown;
}

/** What `dokan list --json` says of the test's volume. */
async function listed(): Promise<Listed | undefined> {
  const { code, stdout } = await dokan(['list', '--json'], { env });
  expect(code).toBe(0);
  return (JSON.parse(stdout) as Listed[]).find(({ mountPoint }) => mountPoint === point);
}

describe('the dokan command', () => {
  test('shows its help: asked for it is done, else it is wrong usage', async () => {
    const help = await dokan(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const command of ['mirror', 'list', 'unmount', 'doctor', 'service']) {
      expect(help.stdout).toMatch(new RegExp(`^  ${command}`, 'm'));
    }
    expect(help.stdout).toContain('Exit codes: 0 done, 1 failed, 2 wrong usage.');
    expect(await dokan([])).toEqual({ code: 2, stdout: '', stderr: help.stdout });
    expect(await dokan(['service'])).toMatchObject({ code: 2, stdout: '' });
  });

  test('tells its version', async () => {
    const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(await dokan(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.each([
    [['lst'], /Did you mean list\?/],
    [['list', '--jsn'], /Did you mean --json\?/],
    [['list', 'more'], /too many arguments/],
    [['service', 'stat'], /Did you mean (start|status|one of)/],
    [['unmount'], /missing required argument 'point'/],
    [['unmount', '/mnt', '--timeout', 'soon'], /whole number of milliseconds/],
    [['unmount', ''], /Expected a path for option 'mountPoint'/],
    [['mirror', '/usr'], /mirror needs ROOT and POINT/],
    [['mirror', '--write-protect', '/usr', '/mnt'], /mirror needs ROOT and POINT/],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stdout, stderr } = await dokan(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test.each([
    ['NO_COLOR=1', false],
    ['FORCE_COLOR=1', true],
    ['', false],
  ])('with %s in a pipe: coloured is %s', async (setting, coloured) => {
    const [name = '', value = ''] = setting.split('=');
    const { stdout } = await dokan(['doctor'], {
      env: name === '' ? env : { ...env, [name]: value },
    });
    expect(stdout.includes('\u001b[')).toBe(coloured);
  });

  const withoutScript = missingTools('script');
  test.skipIf(withoutScript !== undefined)('is coloured on a terminal, and no wider', async () => {
    const label = 'a label';
    await memfs('--volume-label', label);
    const command = `stty cols 60; ${process.execPath} ${program} list`;
    const shown = await run('script', ['-qec', command, '/dev/null'], {
      // In CI Node takes no terminal for coloured.
      env: { ...env, TERM: 'xterm', CI: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined },
    });
    const line = shown.split('\r\n').find((each) => each.includes(label)) ?? '';
    expect(line).toContain('\u001b[32mlive');
    const plain = await dokan(['list'], { env });
    const whole = plain.stdout.split('\n').find((each) => each.includes(label)) ?? '';
    expect(whole).toMatch(/main\.js/);
    expect(line.includes('main.js')).toBe(false);
  });

  test('is not troubled by a reader that goes', async () => {
    for (const args of [['doctor'], ['list'], ['--help']]) {
      const child = spawn(process.execPath, [program, ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...env },
      });
      child.stdout.destroy();
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      const [code] = (await once(child, 'close')) as [number];
      expect(stderr).toBe('');
      // The doctor finds what other tests have mounted, and may not like it.
      expect(args[0] === 'doctor' ? [0, 1] : [0]).toContain(code);
    }
  });
});

describe('dokan list', () => {
  test.skipIf(withoutRoot !== undefined)('says so when there is nothing', async () => {
    const namespace = await Namespace.create();
    const list = [process.execPath, program, 'list'];
    expect(await namespace.run(...list)).toBe('Nothing is mounted.\n');
    expect(await namespace.run(...list, '--json')).toBe('[]\n');
  });

  test('shows who serves what, as a table and as JSON', async () => {
    const volume = await memfs('--volume-label', 'words\u001b[31m');
    const { stdout } = await dokan(['list'], { env });
    const [titles = '', ...lines] = stdout.split('\n');
    expect(titles.split(/ {2,}/)).toEqual([
      ...['MOUNT POINT', 'STATE', 'LABEL', 'FILE SYSTEM', 'PID', 'USER', 'SINCE', 'COMMAND'],
    ]);
    const line = lines.find((each) => each.startsWith(point)) ?? '';
    // What would steer the terminal is not passed on.
    expect(line).toMatch(/live {2,}words\\x1b\[31m {2,}\w+ {2,}/);
    expect(line).toContain(` ${String(volume.pid)} `);
    expect(line).toMatch(/ \d{4}-\d\d-\d\d \d\d:\d\d {2,}.*memfs\/main\.js --mount/);
    const entry = await listed();
    expect(entry).toEqual({
      mountPoint: point,
      state: 'live',
      volumeLabel: 'words\u001b[31m',
      fileSystem: 'MemoryFileSystem',
      readOnly: false,
      processId: volume.pid,
      userId: process.getuid?.(),
      sessionId: null,
      mountedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      command: expect.arrayContaining(['--mount', point]) as string[],
      options: expect.objectContaining({ volumeLabel: 'words\u001b[31m' }) as object,
    });
  });
});

describe('dokan unmount', () => {
  test('unmounts what another process serves', async () => {
    const volume = await memfs();
    expect(await dokan(['unmount', point], { env })).toEqual({
      code: 0,
      stdout: `unmounted ${point}\n`,
      stderr: '',
    });
    expect(mountedOn(point)).toBeUndefined();
    expect((await volume.exit).code).toBe(0);
  });

  test('fails where nothing is mounted, with the cure', async () => {
    const { code, stdout, stderr } = await dokan(['unmount', point], { env });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: Nothing is mounted there: .+\. .+\n$/);
  });

  test('needs --force while a program uses it', async () => {
    const volume = await memfs();
    const user = spawn('sleep', ['600'], { cwd: point, stdio: 'ignore' });
    try {
      await once(user, 'spawn');
      const refused = await dokan(['unmount', point, '--timeout', '50'], { env });
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(/^error: The volume is in use/);
      const forced = await dokan(['unmount', point, '--force', '--timeout', '50'], { env });
      expect(forced).toMatchObject({ code: 0, stderr: '' });
      expect(mountedOn(point)).toBeUndefined();
      await volume.exit;
    } finally {
      user.kill('SIGKILL');
    }
  });
});

describe('dokan mirror', () => {
  test('is mirrorfs, with all its options, until a signal', async () => {
    const root = place.directory('root');
    writeFileSync(join(root, 'hello.txt'), 'hello\n');
    const made = join(place.path, 'made');
    const args = [program, 'mirror', root, made, '--write-protect', '--volume-label', 'shown'];
    const mirror = await new VolumeProcess(made, args, env).mounted(30_000);
    started.push(mirror);
    expect(await run('cat', [join(made, 'hello.txt')])).toBe('hello\n');
    expect(mountedOn(made)).toMatchObject({ source: 'shown' });
    expect(mountedOn(made)?.options).toContain('ro');
    await mirror.stop();
    expect(existsSync(made)).toBe(false);
  });

  test('outlives who reads what it says', async () => {
    const root = place.directory('root');
    writeFileSync(join(root, 'hello.txt'), 'hello\n');
    const command = `"$1" "$2" mirror "$3" "$4" --debug 2>&1 & echo $! >&2; wait`;
    const shell = spawn('sh', ['-c', command, 'sh', process.execPath, program, root, point], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const ended = once(shell, 'close');
    shell.stderr.setEncoding('utf8');
    const [pid] = (await once(shell.stderr, 'data')) as [string];
    try {
      await eventually('the mount', () => mountedOn(point) !== undefined, 30_000);
      shell.stdout.destroy();
      // Every request is printed: the first one finds that nobody reads.
      for (let time = 0; time < 3; time += 1) {
        expect(await run('cat', [join(point, 'hello.txt')])).toBe('hello\n');
      }
    } finally {
      process.kill(Number(pid), 'SIGTERM');
      await ended;
    }
    expect(mountedOn(point)).toBeUndefined();
  });

  test('has the help and the exit codes of mirrorfs', async () => {
    const help = await dokan(['mirror', '--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/^Usage: dokan mirror ROOT POINT \[options\]/);
    expect(help.stdout).toContain('--write-protect');
    const missing = await dokan(['mirror', join(place.path, 'no'), point], { env });
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    const wrong = await dokan(['mirror', place.path, point, '--no-such-option'], { env });
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('dokan doctor', () => {
  interface Finding {
    readonly check: string;
    readonly level: string;
    readonly message: string;
    readonly cure: string | null;
  }

  async function examine(path?: string): Promise<{ code: number; findings: Finding[] }> {
    const { code, stdout } = await dokan(['doctor', '--json'], {
      env: path === undefined ? env : { ...env, PATH: path },
    });
    return { code, findings: JSON.parse(stdout) as Finding[] };
  }

  test('looks at all that mounting needs', async () => {
    const { findings } = await examine();
    const checks = findings.map(({ check }) => check);
    for (const check of ['addon', 'kernel', 'device', 'fusermount3', 'user_allow_other']) {
      expect(checks).toContain(check);
    }
    expect(checks).toContain('runtime directory');
    expect(checks).toContain('mounts');
    for (const { level, cure } of findings) expect(cure === null).toBe(level === 'ok');
    expect(findings.find(({ check }) => check === 'addon')?.message).toMatch(/\.node$/);
  });

  test('finds a dead volume, and its cure is one', async () => {
    const volume = await memfs('--no-auto-unmount');
    volume.kill();
    await volume.exit;
    const here = ({ check, message }: Finding): boolean =>
      check === 'mounts' && message.includes(point);
    const { code, findings } = await examine();
    expect(code).toBe(1);
    const found = findings.find(here);
    expect(found).toMatchObject({ level: 'problem' });
    const cure = `dokan unmount --force ${point}`;
    expect(found?.cure).toContain(cure);
    execFileSync('sh', ['-c', cure.replace('dokan', `"${process.execPath}" "${program}"`)]);
    expect(mountedOn(point)).toBeUndefined();
    expect((await examine()).findings.some(here)).toBe(false);
  });

  test('finds a volume that hangs', async () => {
    const volume = await memfs();
    volume.signal('SIGSTOP');
    const found = await eventually('it to hang', async () =>
      (await examine()).findings.find(({ message }) => message.startsWith(`${point} is hung`)),
    );
    expect(found.message).toContain(`process ${String(volume.pid)}`);
    volume.signal('SIGCONT');
  });

  test('misses fusermount3 where it is needed, and says how to install it', async () => {
    const { findings } = await examine(place.directory('empty'));
    const { level, cure } = findings.find(({ check }) => check === 'fusermount3')!;
    if (process.getuid?.() === 0) expect(level).toBe('ok');
    else expect(cure).toContain('apt-get install fuse3');
  });

  test('does not trust a runtime directory that others can write to', async () => {
    const open = place.directory('run');
    await run('chmod', ['777', open]);
    const { code, findings } = await examine();
    expect(code).toBe(1);
    const found = findings.find(({ check }) => check === 'runtime directory');
    expect(found).toMatchObject({
      level: 'problem',
      message: expect.stringContaining(open) as string,
    });
  });
});
