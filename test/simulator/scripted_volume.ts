/**
 * scripted_volume.exe under Wine, with both its sockets: the simulator's, where the driver's
 * orders go, and its own, which says what the callbacks answer.
 */
import { join } from 'node:path';
import { eventually, within } from '../support/eventually.js';
import { simulatorFiles } from '../support/simulator_build.js';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary.js';
import { startWindows, windowsPath, type WindowsProcess } from '../support/wine.js';
import { SimulatorClient, simulatorPort, type Fields, type Reply } from './client.js';

/** What a callback is to do, as the transcripts write it. */
export interface Answer {
  readonly status?: string;
  readonly entries?: readonly { name: string; attributes?: number }[];
  readonly streams?: readonly { name: string; size: number }[];
  /** The callback waits for {@link ScriptedVolume.release}. */
  readonly held?: boolean;
  readonly [field: string]: unknown;
}

export interface MountResult extends Reply {
  readonly result: number;
  readonly optionsAfter: number;
  readonly allocationUnitSize: number;
  readonly sectorSize: number;
}

export class ScriptedVolume {
  /** The driver's side. */
  readonly driver: SimulatorClient;
  /** The file system's side. */
  readonly script: SimulatorClient;
  readonly process: WindowsProcess;
  readonly #directory: TemporaryDirectory;

  private constructor(
    driver: SimulatorClient,
    script: SimulatorClient,
    process: WindowsProcess,
    directory: TemporaryDirectory,
  ) {
    this.driver = driver;
    this.script = script;
    this.process = process;
    this.#directory = directory;
  }

  static async start(env: NodeJS.ProcessEnv = {}): Promise<ScriptedVolume> {
    const { scriptedVolume } = await simulatorFiles();
    const directory = temporaryDirectory();
    const driverPort = join(directory.path, 'driver');
    const scriptPort = join(directory.path, 'script');
    const process = await startWindows(scriptedVolume, [windowsPath(scriptPort)], {
      env: { DOKAN_SIMULATOR_PORT_FILE: windowsPath(driverPort), ...env },
    });
    try {
      const ports = Promise.all([simulatorPort(driverPort), simulatorPort(scriptPort)]);
      const [driver, script] = await Promise.race([
        ports,
        process.exit.then(({ code, stderr }) => {
          throw new Error(`scripted_volume.exe ended with ${String(code)}: ${stderr}`);
        }),
      ]);
      return new ScriptedVolume(
        await SimulatorClient.connect(driver),
        await SimulatorClient.connect(script),
        process,
        directory,
      );
    } catch (error) {
      process.kill();
      directory.remove();
      throw error;
    }
  }

  async mount(options: Fields = {}): Promise<MountResult> {
    return (await this.script.must('mount', options)) as MountResult;
  }

  async unmount(): Promise<void> {
    await this.script.must('unmount');
  }

  /** The next answers, callback by callback. */
  async answer(callback: string, answer: Answer): Promise<void> {
    const { status, entries, streams, ...rest } = answer;
    const items = [
      ...(entries ?? []).map(({ name, attributes }) => `${attributes ?? ''}\t${name}\n`),
      ...(streams ?? []).map(({ name, size }) => `${size}\t${name}\n`),
    ];
    await this.script.must(
      'answer',
      { callback, status: Number(status ?? 0), ...(rest as Fields) },
      Buffer.from(items.join('')),
    );
  }

  async release(): Promise<void> {
    await this.script.must('release');
  }

  /** The callbacks since the last time; forgets answers that nobody took. */
  async log(): Promise<Record<string, unknown>[]> {
    const reply = (await this.script.must('log')) as unknown as {
      callbacks: Record<string, unknown>[];
    };
    return reply.callbacks;
  }

  /** Waits until a callback has been called that often in all. */
  async called(callback: string, times: number): Promise<void> {
    await eventually(`${String(times)} calls of ${callback}`, async () => {
      const { callbacks } = await this.driver.must('counters');
      return (callbacks[callback] ?? 0) >= times;
    });
  }

  /** How often a callback has been called so far. */
  async calls(callback: string): Promise<number> {
    return (await this.driver.must('counters')).callbacks[callback] ?? 0;
  }

  async end(): Promise<void> {
    await this.script.order('end');
    try {
      await within('the end of scripted_volume.exe', 20_000, this.process.exit);
    } finally {
      this.kill();
    }
  }

  kill(): void {
    this.driver.close();
    this.script.close();
    this.process.kill();
    this.#directory.remove();
  }
}
