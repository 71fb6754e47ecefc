import type { DokanOperations } from '../../../lib/operations.js';

export class CallbackJournal {
  readonly lines: string[];
  /** Opens without a closeFile. */
  get openCount(): number;
  /** The callbacks so far, which are then forgotten. */
  take(): string[];
  /** The same file system, watched. */
  watch(operations: object): DokanOperations;
}
