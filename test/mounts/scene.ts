import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ListOptions, MountEntry, MountOptions } from 'node-dokan';
import { afterEach } from 'vitest';
import { asUser } from '../lifecycle/host_process.js';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary.js';
import { runProgram } from '../support/tools.js';
import { VolumeProcess } from '../support/volume_process.js';

/** How long who asks may take in all: a hang takes longer, and so does nothing else. */
const DEADLINE = 40_000;

/** A tenth of it would do; on a loaded machine a volume that is well may take its time. */
export const PATIENT = { timeout: 10_000 };
/** For volumes that never answer. */
export const SHORT = { timeout: 500 };
/** For tests that list: they wait for the volumes of other tests, too, which may not answer. */
export const LONG = { timeout: 180_000 };

export type Behaviour =
  'ordinary' | 'loop' | 'stuck' | 'never' | 'failing' | 'throws' | 'exits' | 'file';

const program = (name: string): string =>
  fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url));

const undo: (() => void)[] = [];

// Processes before the directories they are mounted in.
afterEach(() => {
  for (const finish of undo.splice(0).reverse()) finish();
});

export interface ListerOptions extends ListOptions {
  /** Ends it in the middle. */
  readonly how?: 'exit';
  readonly uid?: number;
  /** Started by this command line, e.g. one that enters a mount namespace. */
  readonly via?: readonly string[];
}

/** A directory for mounts, one for notes, and processes that use both. */
export class MountScene {
  readonly directory: TemporaryDirectory;
  readonly notes: string;

  constructor() {
    this.directory = temporaryDirectory();
    undo.push(() => this.directory.remove());
    this.notes = join(this.directory.path, 'notes');
  }

  get env(): NodeJS.ProcessEnv {
    return { NODE_DOKAN_RUNTIME_DIR: this.notes };
  }

  /** A process that serves a volume. */
  start(
    name: string,
    behaviour: Behaviour = 'ordinary',
    options: MountOptions = {},
  ): Promise<VolumeProcess> {
    return this.startAt(this.directory.directory(name), behaviour, options);
  }

  startAt(
    point: string,
    behaviour: Behaviour = 'ordinary',
    options: MountOptions = {},
    env: NodeJS.ProcessEnv = {},
  ): Promise<VolumeProcess> {
    const args = [program('volume'), point, behaviour, JSON.stringify(options)];
    const volume = new VolumeProcess(point, args, { ...this.env, ...env });
    undo.push(() => volume.cleanUp());
    return volume.mounted();
  }

  /** What a new process lists, which has to end by itself. */
  async lists(options: ListerOptions = {}): Promise<MountEntry[]> {
    const { how = '', uid, via = [], ...given } = options;
    const command = [
      ...via,
      ...(uid === undefined ? [] : asUser(uid)),
      ...[process.execPath, program('list'), JSON.stringify(given), how],
    ];
    const [first = '', ...args] = command;
    const { code, stdout, stderr } = await runProgram(first, args, {
      env: this.env,
      deadline: DEADLINE,
    });
    if (code !== 0) throw new Error(`it ended with ${String(code)}: ${stderr}`);
    return JSON.parse(stdout === '' ? '[]' : stdout) as MountEntry[];
  }

  /** What a new process lists in this scene's directory. */
  async list(options: ListerOptions = {}): Promise<MountEntry[]> {
    const list = await this.lists(options);
    return list.filter(({ mountPoint }) => mountPoint.startsWith(`${this.directory.path}/`));
  }

  /** How a new process finds the volume at a mount point. */
  async entry(point: string, options: ListerOptions = {}): Promise<MountEntry | undefined> {
    return (await this.list(options)).find(({ mountPoint }) => mountPoint === point);
  }

  /** Files in the directory of the notes. */
  noteNames(): string[] {
    return readdirSync(this.notes);
  }
}
