import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { identityOf, isRunning, type ProcessIdentity } from '../mounts/process_identity.js';
import type { LogFile } from './log_file.js';
import type { MountRecord, ServedSpec } from './record.js';

/** How a process ended. */
export interface Ending {
  /** Undefined when a signal ended it, or nobody knows. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** Why it could not even be started. */
  readonly problem?: string;
}

const UNKNOWN: Ending = { exitCode: undefined, signal: undefined };

/** A process that serves a volume: started by this service, or by an earlier one. */
export class ServedProcess {
  readonly id: number;
  /** `hash` of what it serves. */
  readonly hash: string;
  readonly isAdopted: boolean;
  readonly #record: MountRecord;
  #ending: Ending | undefined;
  #identity: ProcessIdentity | undefined;

  private constructor(record: MountRecord, id: number, hash: string, isAdopted: boolean) {
    this.#record = record;
    this.id = id;
    this.hash = hash;
    this.isAdopted = isAdopted;
  }

  /**
   * Starts one, which goes on when the service ends.
   * @param directory - where it works: what its arguments have of relative paths is relative to it
   * @param onEnd - called when it has ended, unless this process ends before
   */
  static async start(
    record: MountRecord,
    served: ServedSpec,
    log: LogFile,
    directory: string,
    onEnd: () => void,
  ): Promise<ServedProcess> {
    record.writeSpec(served);
    const output = log.open();
    try {
      const runner = fileURLToPath(new URL('./runner.js', import.meta.url));
      const child = spawn(process.execPath, [runner, record.specFile, served.spec.point], {
        cwd: directory,
        detached: true,
        windowsHide: true,
        stdio: ['ignore', output, output],
      });
      child.unref();
      const started = new ServedProcess(record, child.pid ?? 0, served.hash, false);
      const end = (ending: Ending): void => {
        started.#ending ??= ending;
        onEnd();
      };
      child.once('exit', (code, signal) =>
        end({ exitCode: code ?? undefined, signal: signal ?? undefined }),
      );
      child.once('error', ({ message }) => end({ ...UNKNOWN, problem: message }));
      await started.#note();
      return started;
    } finally {
      closeSync(output);
    }
  }

  /** So that it is known from the start, should this process be killed before the other one is ready. */
  async #note(): Promise<void> {
    try {
      const identity = await identityOf(this.id);
      // It may be quick, and have written already, even how it ended.
      if (identity === undefined || this.#record.readProcess()?.process.id === this.id) return;
      this.#record.writeProcess({ process: identity, hash: this.hash });
    } catch {
      // The disk is full: perhaps no longer when it writes itself.
    }
  }

  /** The one an earlier service has left, when that very process still runs. */
  static async adopt(record: MountRecord): Promise<ServedProcess | undefined> {
    const left = record.readProcess();
    if (left === undefined || !(await isRunning(left.process))) return undefined;
    const adopted = new ServedProcess(record, left.process.id, left.hash, true);
    adopted.#identity = left.process;
    return adopted;
  }

  /** How it ended; undefined while it runs. */
  async ending(): Promise<Ending | undefined> {
    if (this.#ending !== undefined || !this.isAdopted) return this.#ending;
    if (this.#identity !== undefined && (await isRunning(this.#identity))) return undefined;
    const exitCode = this.#record.readProcess()?.exitCode;
    this.#ending = { ...UNKNOWN, exitCode };
    return this.#ending;
  }

  /** Nothing happens when it has ended: its number may be another process's by now. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    // Number 0, of one that could not be started, would be this process and all its relatives.
    if (this.id === 0 || (await this.ending()) !== undefined) return;
    try {
      process.kill(this.id, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}
