import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import type { ProcessIdentity } from '../mounts/process_identity.js';
import { comparable } from './config.js';
import type { MountSpec } from './entry.js';
import { isRecord, readJson, remove, writeWhole } from './files.js';

/**
 * What the service keeps of a mount on disk, in three files: what is to be mounted (`.spec`, read by
 * the process that serves it), which process that is and how it ended (`.process`, written by the
 * service at the start and by that process), and that somebody stopped it (`.stopped`). A service that
 * is started again finds all of it here.
 */
export class MountRecord {
  readonly key: string;
  readonly #base: string;

  /** @param directory - the service's own */
  constructor(directory: string, point: string) {
    this.key = createHash('sha256').update(comparable(point)).digest('hex').slice(0, 16);
    this.#base = join(directory, this.key);
  }

  get specFile(): string {
    return `${this.#base}.spec`;
  }

  writeSpec(spec: ServedSpec): void {
    writeWhole(this.specFile, JSON.stringify(spec));
  }

  /** What the last process was told to mount. */
  readSpec(): ServedSpec | undefined {
    return readSpec(this.specFile);
  }

  writeProcess(record: ProcessRecord): void {
    writeProcess(this.specFile, record);
  }

  readProcess(): ProcessRecord | undefined {
    return readProcessOf(this.specFile);
  }

  /** The machine was started again since: how the process ended says nothing of now. */
  get isOfEarlierStart(): boolean {
    try {
      return statSync(processFile(this.specFile)).mtimeMs < Date.now() - uptime() * 1_000;
    } catch {
      return true;
    }
  }

  get isStopped(): boolean {
    return readJson(`${this.#base}.stopped`) === true;
  }

  set isStopped(stopped: boolean) {
    if (stopped) writeWhole(`${this.#base}.stopped`, 'true');
    else remove(`${this.#base}.stopped`);
  }

  /** Its process is gone, and what it had mounted. */
  clear(): void {
    for (const kind of ['spec', 'process']) remove(`${this.#base}.${kind}`);
  }

  /** The entry is gone as well. */
  forget(): void {
    this.clear();
    this.isStopped = false;
  }
}

/** What a process serves. */
export interface ServedSpec {
  readonly spec: MountSpec;
  readonly hash: string;
  /** The mount point as the kernel's list has it: later nobody may ask the path. */
  readonly place: string;
}

export interface ProcessRecord {
  readonly process: ProcessIdentity;
  /** `hash` of what it serves. */
  readonly hash: string;
  /** Set when it ended by itself. */
  readonly exitCode?: number;
}

/** Every mount that is on disk, of this configuration or an older one. */
export function recordedSpecs(directory: string): ServedSpec[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.spec'))
    .map((name) => readSpec(join(directory, name)))
    .filter((spec) => spec !== undefined);
}

export function readSpec(file: string): ServedSpec | undefined {
  const value = readJson(file);
  if (!isRecord(value) || !isRecord(value['spec'])) return undefined;
  const right = typeof value['spec']['point'] === 'string' && typeof value['place'] === 'string';
  // Written by this program alone, whole, into a directory nobody else writes to.
  return right ? (value as unknown as ServedSpec) : undefined;
}

/** @param specFile - beside which the record lies */
export function writeProcess(specFile: string, record: ProcessRecord): void {
  writeWhole(processFile(specFile), JSON.stringify(record));
}

export function readProcessOf(specFile: string): ProcessRecord | undefined {
  const value = readJson(processFile(specFile));
  if (!isRecord(value) || !isRecord(value['process'])) return undefined;
  const { id, started } = value['process'];
  const right = typeof id === 'number' && typeof started === 'string';
  return right ? (value as unknown as ProcessRecord) : undefined;
}

function processFile(specFile: string): string {
  return specFile.replace(/\.spec$/, '.process');
}
