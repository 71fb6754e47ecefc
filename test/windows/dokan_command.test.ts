import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SimulatorClient, simulatorPort } from '../simulator/client.js';
import { eventually, within } from '../support/eventually.js';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary.js';
import {
  missingWine,
  projectRoot,
  runWindows,
  startWindows,
  windowsNode,
  windowsPath,
  type WindowsProcess,
  type WindowsResult,
} from '../support/wine.js';
import { addonEnvironment, testLibrary } from './windows_volume.js';

const missing = missingWine();
const program = windowsPath(join(projectRoot, 'dist', 'cli', 'main.js'));
const DEADLINE = 120_000;

describe.skipIf(missing !== undefined)(`the dokan command on Windows ${missing ?? ''}`, () => {
  let place: TemporaryDirectory;
  let env: NodeJS.ProcessEnv;
  const started: WindowsProcess[] = [];

  beforeEach(async () => {
    place = temporaryDirectory();
    env = {
      NODE_DOKAN_RUNTIME_DIR: windowsPath(join(place.path, 'run')),
      NODE_DOKAN_STATE_DIR: windowsPath(join(place.path, 'state')),
      DOKAN_SIMULATOR_PORT_FILE: windowsPath(join(place.path, 'port')),
      ...(await addonEnvironment(place.path)),
    };
  }, 600_000);
  afterEach(() => {
    for (const each of started.splice(0)) if (each.running) each.kill();
    place.remove();
  });

  async function dokan(...args: string[]): Promise<WindowsResult> {
    return runWindows(await windowsNode(22), [program, ...args], { env, deadline: DEADLINE });
  }

  async function start(...args: string[]): Promise<WindowsProcess> {
    const process = await startWindows(await windowsNode(22), [program, ...args], { env });
    started.push(process);
    return process;
  }

  async function library(): Promise<string[]> {
    return ['--library-path', windowsPath(await testLibrary())];
  }

  async function says(process: WindowsProcess, line: RegExp): Promise<void> {
    await eventually(
      `the line ${String(line)}`,
      () => {
        if (!process.running) throw new Error(`it ended: ${process.stderr}`);
        return line.test(process.stdout);
      },
      DEADLINE,
    );
  }

  it('lists and unmounts', async () => {
    const list = await dokan('list', '--json', ...(await library()));
    expect([list.code, list.stdout, list.stderr]).toEqual([0, '[]\n', '']);
    const { code, stdout, stderr } = await dokan('unmount', 'M:', ...(await library()));
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: .*M:/);
  }, 600_000);

  it('doctor looks at library, driver and addon', async () => {
    const { code, stdout } = await dokan('doctor', '--json', ...(await library()));
    const findings = JSON.parse(stdout) as { check: string; level: string; message: string }[];
    const level = (name: string) => findings.find(({ check }) => check === name)?.level;
    expect(findings.map(({ check }) => check)).toEqual([
      ...['addon', 'library', 'driver', 'runtime directory', 'mounts'],
    ]);
    expect([level('addon'), level('library'), level('driver'), level('mounts')]).toEqual([
      ...['ok', 'ok', 'ok', 'ok'],
    ]);
    expect(code).toBe(0);
  }, 600_000);

  it('doctor says how to install Dokan where it is missing', async () => {
    const { code, stdout } = await dokan('doctor');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^problem {2}library: .*\n +Install Dokan 2 \(winget install/m);
  }, 600_000);

  it('mirror mounts until the drive is ejected', async () => {
    const root = windowsPath(place.directory('root'));
    const mirror = await start('mirror', root, 'M:', ...(await library()));
    const client = await SimulatorClient.connect(await simulatorPort(join(place.path, 'port')));
    try {
      await says(mirror, /^mounted M:$/m);
      await client.must('unmountOutside', { mountPoint: 'M:' });
      expect((await within('its end', DEADLINE, mirror.exit)).code).toBe(0);
    } finally {
      client.close();
    }
  }, 600_000);

  it('service listens on a pipe, refuses a second one, and ends', async () => {
    const config = join(place.path, 'mounts.json');
    writeFileSync(config, '{"mounts": []}');
    const run = ['service', 'run', '--config', windowsPath(config)];
    const service = await start(...run);
    await says(service, /^service runs/m);
    const second = await dokan(...run);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/^error: .*runs already/);
    const status = await dokan('service', 'status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({ mounts: [] });
    writeFileSync(config, '{"mounts": 5}');
    const refused = await dokan('service', 'reload');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^error: .*mounts\.json, mounts: Expected a list/);
    expect((await dokan('service', 'shutdown')).code).toBe(0);
    expect((await within('its end', DEADLINE, service.exit)).code).toBe(0);
    const after = await dokan('service', 'status');
    expect([after.code, after.stderr]).toEqual([
      1,
      'error: No service of this user runs. Start it: dokan service run\n',
    ]);
  }, 600_000);
});
