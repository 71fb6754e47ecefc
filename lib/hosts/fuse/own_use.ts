import { existsSync } from 'node:fs';
import { Opcode } from './protocol.js';
import type { Request } from './request.js';

const ROOT = 1;

/** What this library asks of its own volumes: realpath, the look at a mount point, the list of mounts. */
const OF_OURS: ReadonlySet<number> = new Set([
  Opcode.GETATTR,
  Opcode.STATX,
  Opcode.ACCESS,
  Opcode.STATFS,
]);

/** Threads known to be others'. More come and go than are worth remembering. */
const KNOWN = 64;

/** Whether a thread is one of this process. @param id - as the kernel numbers threads */
function isOfThisProcess(id: number): boolean {
  return existsSync(`/proc/self/task/${id}`);
}

/** Finds out whether this process uses a volume of its own, and warns once. */
export class OwnUse {
  readonly #warn: () => void;
  readonly #isOurs: (id: number) => boolean;
  readonly #others = new Set<number>();
  #last = 0;
  #isOver = false;

  /**
   * @param warn - called once at most
   * @param isOurs - whether a thread, as the kernel numbers them, should not use the volume
   */
  constructor(warn: () => void, isOurs = isOfThisProcess) {
    this.#warn = warn;
    this.#isOurs = isOurs;
  }

  /** No warning from here on: this process unmounts the volume, which uses it. */
  stop(): void {
    this.#isOver = true;
  }

  /** For every request: nearly always the same thread has asked as before. */
  notice(request: Request): void {
    if (request.processId !== this.#last) this.#look(request);
  }

  #look({ processId, nodeId, opcode }: Request): void {
    // 0: the kernel itself, or a process that is not to be seen from here.
    if (this.#isOver || processId === 0) return;
    if (this.#others.has(processId)) {
      this.#last = processId;
      return;
    }
    if (nodeId === ROOT && OF_OURS.has(opcode)) return;
    if (this.#isOurs(processId)) {
      this.#isOver = true;
      this.#warn();
      return;
    }
    if (this.#others.size === KNOWN) this.#others.clear();
    this.#others.add(processId);
    this.#last = processId;
  }
}
