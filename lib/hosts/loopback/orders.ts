import { DokanError } from '../../errors.js';
import { isSuccess, NtStatus } from '../../status.js';
import type { DriverBackend, Reply } from './backend.js';

const SHORTEST = 15_000;
const LONGEST = 300_000;

/** How long the driver waits with an option `timeout`: 15 s to 5 min; 0 for 15 s. */
export function driverTimeout(option: number): number {
  return Math.min(Math.max(option, SHORTEST), LONGEST);
}

/** The orders that the backend has not answered. */
export class Orders {
  readonly #backend: DriverBackend;
  readonly #timeout: number;
  readonly #giveUps = new Set<(status: number) => void>();
  #nextId = 1;

  /** @param timeout - milliseconds an order may take; Infinity for no limit */
  constructor(backend: DriverBackend, timeout: number) {
    this.#backend = backend;
    this.#timeout = timeout;
  }

  /** Orders without a reply. */
  get pendingCount(): number {
    return this.#giveUps.size;
  }

  /**
   * Gives an order.
   * @param send - hands it to the backend under the number it is given
   * @param late - called with a reply that came after the order had been given up
   * @returns the reply; INSUFFICIENT_RESOURCES when it takes too long (what Dokan says then),
   *   CANCELLED when the volume goes
   */
  send<F>(
    send: (id: number) => Promise<Reply<F>>,
    late?: (reply: Reply<F>) => void,
  ): Promise<Reply<F>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      let isOver = false;
      let timer: NodeJS.Timeout | undefined;
      const finish = (): boolean => {
        clearTimeout(timer);
        this.#giveUps.delete(giveUp);
        const wasOver = isOver;
        isOver = true;
        return !wasOver;
      };
      const giveUp = (status: number): void => {
        if (!finish()) return;
        this.#backend.expire(id);
        resolve({ status } as Reply<F>);
      };
      this.#giveUps.add(giveUp);
      if (this.#timeout !== Infinity) {
        timer = setTimeout(() => giveUp(NtStatus.INSUFFICIENT_RESOURCES), this.#timeout);
      }
      send(id).then(
        (reply) => {
          if (finish()) resolve(reply);
          else late?.(reply);
        },
        (error: unknown) => {
          if (finish()) reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }

  /** The volume is gone: nobody waits for anything any more. */
  cancelAll(): void {
    for (const giveUp of [...this.#giveUps]) giveUp(NtStatus.CANCELLED);
  }
}

/** The fields of a reply. @throws DokanError with the status of one that is no success */
export function succeed<F>(reply: Reply<F>): F {
  if (!isSuccess(reply.status)) throw new DokanError(reply.status);
  return reply as F;
}
