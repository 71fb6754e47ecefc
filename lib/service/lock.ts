import { linkSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, thisProcess } from '../mounts/process_identity.js';
import { ServiceError } from './errors.js';
import { isRecord, readJson, remove, writeWhole } from './files.js';

/**
 * One service for each user: the file says which process it is. It appears whole (link(2)), and is
 * taken over from a process that is gone.
 */
export class ServiceLock {
  readonly #file: string;
  readonly #own: string;
  readonly #text: string;

  private constructor(file: string, own: string, text: string) {
    this.#file = file;
    this.#own = own;
    this.#text = text;
  }

  /** @throws ServiceError ERR_SERVICE_RUNNING when another service runs */
  static async take(directory: string): Promise<ServiceLock> {
    const file = join(directory, 'service.json');
    const own = `${file}.${process.pid}`;
    const text = JSON.stringify(await thisProcess());
    writeWhole(own, text);
    // Twice: a stale one may be in the way.
    for (let isAgain = false; ; isAgain = true) {
      try {
        linkSync(own, file);
        return new ServiceLock(file, own, text);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = readJson(file);
      if (isAgain || (await isHeld(holder))) {
        remove(own);
        throw alreadyRuns(holder);
      }
      removeStale(file, holder);
    }
  }

  /** Two that take over from the same dead one may both believe for a moment that they have it. */
  get isOurs(): boolean {
    return JSON.stringify(readJson(this.#file)) === this.#text;
  }

  /** @throws ServiceError ERR_SERVICE_RUNNING when another service has got it after all */
  confirm(): void {
    if (!this.isOurs) throw alreadyRuns(readJson(this.#file));
  }

  release(): void {
    if (this.isOurs) remove(this.#file);
    remove(this.#own);
  }
}

async function isHeld(holder: unknown): Promise<boolean> {
  if (!isRecord(holder)) return false;
  const { id, started } = holder;
  return typeof id === 'number' && typeof started === 'string' && isRunning({ id, started });
}

/** Another service may have done the same, and hold the file by now: then it gets it back. */
function removeStale(file: string, stale: unknown): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
    if (JSON.stringify(readJson(aside)) !== JSON.stringify(stale)) linkSync(aside, file);
    if (isRecord(stale)) remove(`${file}.${String(stale['id'])}`);
  } catch {
    // Gone already, or there again.
  }
  remove(aside);
}

function alreadyRuns(holder: unknown): ServiceError {
  const id = isRecord(holder) ? ` (process ${String(holder['id'])})` : '';
  const message = `A service of this user runs already${id}. "dokan service shutdown" ends it.`;
  return new ServiceError('ERR_SERVICE_RUNNING', message);
}
