import { expect } from 'vitest';
import type {
  CleanupOrder,
  CreateOrder,
  DispositionOrder,
  DriverBackend,
  FileOrder,
  Order,
  RenameOrder,
  Reply,
  TransferOrder,
} from '../../../lib/hosts/loopback/backend.js';
import { Driver, type DriverSettings } from '../../../lib/hosts/loopback/driver.js';
import { DriverClient } from '../../../lib/hosts/loopback/client.js';
import { DokanError } from '../../../lib/errors.js';
import { NtStatus, statusName } from '../../../lib/status.js';

type Operation = Exclude<keyof DriverBackend, 'expire'>;
/** What a test has an order answered with instead of success; undefined for the usual. */
export type Script = Partial<
  Record<Operation, (order: never) => object | Promise<object | undefined> | undefined>
>;

const INFORMATION = {
  attributes: 0x20,
  creationTime: 1n,
  lastAccessTime: 2n,
  lastWriteTime: 3n,
  size: 10_000,
  allocationSize: 12_288,
  links: 1,
  index: 7n,
  isDirectory: false,
};

interface OpenState {
  cleanedUp: boolean;
  running: number;
}

/**
 * Answers every order, notes it, and insists on what the driver promises the library: one cleanup per
 * open, then one close, nothing after that, between the two only paging I/O, and no close while
 * another order about the open is running.
 */
export class ScriptedBackend implements DriverBackend {
  readonly log: string[] = [];
  readonly orders: Order[] = [];
  readonly expired: number[] = [];
  readonly #script: Script;
  readonly #opens = new Map<unknown, OpenState>();
  #contexts = 0;

  constructor(script: Script = {}) {
    this.#script = script;
  }

  get openCount(): number {
    return this.#opens.size;
  }

  expire(id: number): void {
    this.expired.push(id);
  }

  async create(order: CreateOrder): Promise<Reply<never>> {
    const { name, openTargetDirectory } = order;
    const reply = await this.#answer(
      'create',
      order,
      openTargetDirectory ? `target ${name}` : name,
      {
        information: order.createDisposition === 2 ? 2 : 1,
        isDirectory: (order.createOptions & 1) !== 0 || openTargetDirectory,
        context: ++this.#contexts,
      },
    );
    const { context, status } = reply as Reply<{ context: unknown }>;
    if (status === NtStatus.SUCCESS) this.#opens.set(context, { cleanedUp: false, running: 0 });
    return reply;
  }

  async cleanup(order: CleanupOrder): Promise<Reply> {
    const open = this.#open(order);
    expect(open.cleanedUp, 'one cleanup').toBe(false);
    open.cleanedUp = true;
    return this.#onOpen('cleanup', order, order.deleteOnClose ? ' delete' : '');
  }

  async close(order: FileOrder): Promise<Reply> {
    const open = this.#open(order);
    expect(open.cleanedUp, 'cleanup before close').toBe(true);
    expect(open.running, 'nothing running at the close').toBe(0);
    this.#opens.delete(order.context);
    return this.#answer('close', order, order.name, {});
  }

  read(order: TransferOrder & { length: number }): Promise<Reply<never>> {
    const what = ` ${order.offset}+${order.length}${order.pagingIo ? ' paging' : ''}`;
    return this.#onOpen('read', order, what, { data: Buffer.alloc(order.length, 0x61) });
  }

  write(order: TransferOrder & { data: Buffer }): Promise<Reply<never>> {
    const what = ` ${order.offset}+${order.data.length}${order.pagingIo ? ' paging' : ''}`;
    return this.#onOpen('write', order, what, { written: order.data.length });
  }

  flush = this.#plain('flush');
  queryInformation = this.#plain('queryInformation', INFORMATION);
  queryStreams = this.#plain('queryStreams', { streams: [] });
  setBasic = this.#plain('setBasic');
  setAllocation = this.#plain('setAllocation');
  setEndOfFile = this.#plain('setEndOfFile');
  setValidDataLength = this.#plain('setValidDataLength');
  queryDirectory = this.#plain('queryDirectory', {
    entries: ['a', 'b', 'c'].map((name) => ({ name, ...INFORMATION })),
  });
  lock = this.#plain('lock');
  unlock = this.#plain('unlock');
  querySecurity = this.#plain('querySecurity', { needed: 20, descriptor: Buffer.alloc(20) });
  setSecurity = this.#plain('setSecurity');

  setDisposition(order: DispositionOrder): Promise<Reply<never>> {
    const what = order.delete ? '' : ' not';
    return this.#onOpen('setDisposition', order, what, { deletePending: order.delete });
  }

  rename(order: RenameOrder): Promise<Reply> {
    return this.#onOpen('rename', order, ` ${order.newName} ${order.flags}`);
  }

  queryVolume(order: Order): Promise<Reply<never>> {
    const volume = { label: 'l', serial: 1, maxComponent: 255, flags: 6, fileSystemName: 'NTFS' };
    return this.#answer('queryVolume', order, '', volume);
  }

  querySize(order: Order): Promise<Reply<never>> {
    const size = { available: 1, total: 3, free: 2, allocationUnitSize: 512, sectorSize: 512 };
    return this.#answer('querySize', order, '', size);
  }

  #plain(operation: Operation, fields: object = {}): (order: FileOrder) => Promise<Reply<never>> {
    return (order) => this.#onOpen(operation, order, '', fields);
  }

  #open(order: FileOrder): OpenState {
    const open = this.#opens.get(order.context);
    if (open === undefined) throw new Error(`order about no open: ${JSON.stringify(order)}`);
    return open;
  }

  async #onOpen(
    operation: Operation,
    order: FileOrder,
    what: string,
    fields: object = {},
  ): Promise<Reply<never>> {
    const open = this.#open(order);
    const { pagingIo } = order as Partial<TransferOrder>;
    if (operation !== 'cleanup' && pagingIo !== true) {
      expect(open.cleanedUp, `${operation} after cleanup`).toBe(false);
    }
    open.running += 1;
    try {
      return await this.#answer(operation, order, order.name + what, fields);
    } finally {
      open.running -= 1;
    }
  }

  async #answer(
    operation: Operation,
    order: Order,
    what: string,
    fields: object,
  ): Promise<Reply<never>> {
    this.log.push(`${operation} ${what}`.trim());
    this.orders.push(order);
    const scripted = await this.#script[operation]?.(order as never);
    return { status: NtStatus.SUCCESS, ...fields, ...scripted } as unknown as Reply<never>;
  }
}

const SETTINGS: DriverSettings = {
  caseSensitive: false,
  altStreams: true,
  writeProtect: false,
  userModeLock: false,
  sectorSize: 512,
  requestTimeout: Infinity,
  renameRules: 'dokan',
};

export interface Bench {
  readonly backend: ScriptedBackend;
  readonly driver: Driver;
  readonly client: DriverClient;
  /** The orders so far, which are then forgotten. */
  readonly log: () => string[];
}

export function bench(script: Script = {}, settings: Partial<DriverSettings> = {}): Bench {
  const backend = new ScriptedBackend(script);
  const driver = new Driver(backend, { ...SETTINGS, ...settings });
  const client = new DriverClient(driver);
  return { backend, driver, client, log: () => backend.log.splice(0) };
}

/** The name of the status that something fails with; 'SUCCESS' when it does not. */
export async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'SUCCESS';
  } catch (error) {
    if (!(error instanceof DokanError)) throw error;
    return statusName(error.status);
  }
}
