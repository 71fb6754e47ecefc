import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { KeeperStatus } from '../../lib/service/keeper_status.js';
import type { ServiceStatus } from '../../lib/service/protocol.js';
import { atExit } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { runProgram, type RunOptions, type RunResult } from '../support/tools.js';
import { VolumeProcess } from '../support/volume_process.js';
import { projectRoot } from '../support/wine.js';

/** The compiled command. */
export const program = join(projectRoot, 'dist', 'cli', 'main.js');
if (!existsSync(program)) throw new Error(`${program} is missing: run \`npm run build\` first`);

/** Runs `dokan` to its end. */
export function dokan(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return runProgram(process.execPath, [program, ...args], { deadline: 60_000, ...options });
}

/** The file systems that a service has started, to be killed when a test fails half way. */
const served = new Set<number>();
atExit(() => {
  for (const id of served) kill(id);
});

export function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
}

export function kill(id: number): void {
  served.delete(id);
  try {
    process.kill(id, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** A service with directories of its own, and those who ask it. */
export class TestService {
  readonly env: NodeJS.ProcessEnv;
  readonly config: string;
  readonly runtime: string;
  process: VolumeProcess | undefined;

  /** @param directory - an empty one */
  constructor(directory: string) {
    this.runtime = join(directory, 'run');
    this.env = {
      NODE_DOKAN_RUNTIME_DIR: this.runtime,
      NODE_DOKAN_STATE_DIR: join(directory, 'state'),
    };
    this.config = join(directory, 'mounts.json');
  }

  get socket(): string {
    return join(this.runtime, 'service', 'control.sock');
  }

  /** Starts `dokan service run`; whether it stays is for the caller to see. */
  launch(...args: string[]): VolumeProcess {
    const command = [program, 'service', 'run', '--config', this.config, ...args];
    return new VolumeProcess('no mount of its own', command, this.env);
  }

  /** The same, until it says that it runs. */
  async start(...args: string[]): Promise<VolumeProcess> {
    this.process = this.launch(...args);
    await this.process.line(/^service runs/, 30_000);
    return this.process;
  }

  /** As the system does when there is no memory. */
  async killService(): Promise<void> {
    this.process?.kill();
    await this.process?.exit;
  }

  ask(...args: string[]): Promise<RunResult> {
    return dokan(['service', ...args], { env: this.env });
  }

  async status(): Promise<ServiceStatus> {
    const { code, stdout, stderr } = await this.ask('status', '--json');
    if (code !== 0) throw new Error(stderr);
    const status = JSON.parse(stdout) as ServiceStatus;
    for (const { processId } of status.mounts) if (processId !== null) served.add(processId);
    return status;
  }

  /** Waits until a mount is in a state (and whatever else is asked), and gives all of it. */
  async until(
    point: string,
    state: KeeperStatus['state'],
    isRight: (mount: KeeperStatus) => boolean = () => true,
  ): Promise<KeeperStatus> {
    let seen: KeeperStatus | undefined;
    try {
      return await eventually(
        `${point} to be ${state}`,
        async () => {
          seen = (await this.status()).mounts.find((mount) => mount.point === point);
          return seen?.state === state && isRight(seen) ? seen : undefined;
        },
        30_000,
      );
    } catch (error) {
      const report = `${JSON.stringify(seen)}\n${this.process?.report() ?? ''}`;
      throw new Error(`${String(error)}\n${report}`, { cause: error });
    }
  }

  /** The process that serves a mount. */
  async processOf(point: string): Promise<number> {
    const { processId } = await this.until(point, 'mounted');
    if (processId === null) throw new Error(`nobody serves ${point}`);
    return processId;
  }

  /** Ends everything, whatever state it is in. */
  async cleanUp(): Promise<void> {
    if (this.process?.ended === undefined) await this.status().catch(() => undefined);
    this.process?.cleanUp();
    for (const id of served) kill(id);
  }
}
