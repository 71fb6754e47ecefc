import type { EntryReply, ListOrder, Reply } from '../../../lib/hosts/loopback/backend.js';
import { isSuccess, NtStatus } from '../../../lib/status.js';
import type { SimulatorClient } from '../../simulator/client.js';
import { SimulatorBackend } from '../bridge/simulator_backend.js';

/** Numbers of orders that may still be given up; more are never outstanding. */
const REMEMBERED = 1_000;

/** What the driver model stands on when a real addon answers it: a simulator's socket. */
export class SocketBackend extends SimulatorBackend {
  readonly #client: SimulatorClient;
  /** The driver's numbers of orders, and the client's. */
  readonly #numbers = new Map<number, number>();

  /** @param volume - its number, from the order `mounts` */
  constructor(client: SimulatorClient, volume: number) {
    super(client, volume);
    this.#client = client;
  }

  protected override sending = (id: number): void => {
    this.#numbers.set(id, this.#client.nextId);
    if (this.#numbers.size > REMEMBERED) {
      const [oldest = 0] = this.#numbers.keys();
      this.#numbers.delete(oldest);
    }
  };

  /** The model pages by itself; whoever answers here may have done so as well. */
  override async queryDirectory(
    order: ListOrder,
  ): Promise<Reply<{ readonly entries: readonly EntryReply[] }>> {
    const all: EntryReply[] = [];
    for (let next = order; ;) {
      const { status, entries = [] } = await super.queryDirectory(next);
      if (all.length > 0 && status === NtStatus.NO_MORE_FILES) break;
      if (!isSuccess(status)) return { status };
      if (entries.length === 0) break;
      all.push(...entries);
      // The driver asks on from where it is, and the library answers from memory.
      next = { ...order, restartScan: false, ...{ index: all.length } };
    }
    return { status: NtStatus.SUCCESS, entries: all };
  }

  override expire = (id: number): void => {
    const number = this.#numbers.get(id);
    if (number !== undefined) void this.#client.order('expire', { order: number });
  };
}
