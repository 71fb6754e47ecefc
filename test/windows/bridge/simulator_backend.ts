import type {
  BasicOrder,
  CleanupOrder,
  CreateOrder,
  CreateReply,
  DispositionOrder,
  DriverBackend,
  EntryReply,
  FileOrder,
  InformationReply,
  ListOrder,
  Order,
  QuerySecurityOrder,
  RangeOrder,
  ReadOrder,
  RenameOrder,
  Reply,
  SecurityReply,
  SetSecurityOrder,
  SizeOrder,
  SizeReply,
  StreamReply,
  VolumeReply,
  WriteOrder,
} from '../../../lib/hosts/loopback/backend.js';
import { isSuccess, NtStatus } from '../../../lib/status.js';
import type { Field, Fields, Replies, Reply as Answer, ReplyOf } from '../../simulator/client.js';

/** Where orders go: the simulator's client, or whatever a test puts in its place. */
export interface OrderChannel {
  /**
   * @param payload - the bytes behind the order
   * @throws Error when no reply will come
   */
  order(op: string, fields: Fields, payload?: Buffer): Promise<Answer>;
}

/** The driver's orders as the simulator takes them, for one volume. */
export class SimulatorBackend implements DriverBackend {
  /** Fulfilled when an order got no reply because the simulator has gone. */
  readonly lost: Promise<void>;
  readonly #channel: OrderChannel;
  readonly #volume: number;
  #markLost!: () => void;
  #pending = 0;

  /** @param volume - its number, from the order `mounts` */
  constructor(channel: OrderChannel, volume: number) {
    this.#channel = channel;
    this.#volume = volume;
    this.lost = new Promise((resolve) => (this.#markLost = resolve));
  }

  /** Orders without a reply. */
  get pendingCount(): number {
    return this.#pending;
  }

  async create(order: CreateOrder): Promise<Reply<CreateReply>> {
    const { securityDescriptor, ...rest } = order;
    return this.#send('create', rest, securityDescriptor);
  }

  cleanup(order: CleanupOrder): Promise<Reply> {
    return this.#send('cleanup', order);
  }

  close(order: FileOrder): Promise<Reply> {
    return this.#send('close', order);
  }

  async read(order: ReadOrder): Promise<Reply<{ readonly data: Buffer }>> {
    const { status, payload } = await this.#send('read', order);
    return { status, data: payload };
  }

  write(order: WriteOrder): Promise<Reply<{ readonly written: number }>> {
    const { data, ...rest } = order;
    return this.#send('write', rest, data);
  }

  flush(order: FileOrder): Promise<Reply> {
    return this.#send('flush', order);
  }

  async queryInformation(order: FileOrder): Promise<Reply<InformationReply>> {
    const reply = await this.#send('queryInformation', order);
    if (!isSuccess(reply.status)) return { status: reply.status };
    return {
      ...reply,
      ...timesOf(reply),
      size: Number(reply.size),
      allocationSize: Number(reply.allocationSize),
      index: BigInt(reply.index),
    };
  }

  async queryStreams(
    order: FileOrder,
  ): Promise<Reply<{ readonly streams: readonly StreamReply[] }>> {
    const { status, streams = [] } = await this.#send('queryStreams', order);
    return { status, streams: streams.map(({ name, size }) => ({ name, size: Number(size) })) };
  }

  setBasic(order: BasicOrder): Promise<Reply> {
    return this.#send('setBasic', order);
  }

  setAllocation(order: SizeOrder): Promise<Reply> {
    return this.#send('setAllocation', order);
  }

  setEndOfFile(order: SizeOrder): Promise<Reply> {
    return this.#send('setEndOfFile', order);
  }

  setValidDataLength(order: SizeOrder): Promise<Reply> {
    return this.#send('setValidDataLength', order);
  }

  setDisposition(order: DispositionOrder): Promise<Reply<{ readonly deletePending: boolean }>> {
    return this.#send('setDisposition', order);
  }

  rename(order: RenameOrder): Promise<Reply> {
    return this.#send('rename', order);
  }

  async queryDirectory(
    order: ListOrder,
  ): Promise<Reply<{ readonly entries: readonly EntryReply[] }>> {
    const { status, entries = [] } = await this.#send('queryDirectory', order);
    return {
      status,
      entries: entries.map((entry) => ({
        ...entry,
        ...timesOf(entry),
        size: Number(entry.size),
      })),
    };
  }

  queryVolume(order: Order): Promise<Reply<VolumeReply>> {
    return this.#send('queryVolume', order);
  }

  async querySize(order: Order): Promise<Reply<SizeReply>> {
    const reply = await this.#send('querySize', order);
    return {
      ...reply,
      available: Number(reply.available),
      total: Number(reply.total),
      free: Number(reply.free),
    };
  }

  lock(order: RangeOrder): Promise<Reply> {
    return this.#send('lock', order);
  }

  unlock(order: RangeOrder): Promise<Reply> {
    return this.#send('unlock', order);
  }

  async querySecurity(order: QuerySecurityOrder): Promise<Reply<SecurityReply>> {
    const { status, needed, payload } = await this.#send('querySecurity', order);
    return { status, needed, descriptor: payload };
  }

  setSecurity(order: SetSecurityOrder): Promise<Reply> {
    const { descriptor, ...rest } = order;
    return this.#send('setSecurity', rest, descriptor);
  }

  /** The bridge gives no order up. */
  expire: (id: number) => void = () => undefined;

  /** An order is about to be sent. @param id - as whoever gives it numbers it */
  protected sending: (id: number) => void = () => undefined;

  async #send<Op extends string>(op: Op, order: Order, payload?: Buffer): Promise<ReplyOf<Op>> {
    // Contexts are decimal strings of the simulator's.
    const fields: Record<string, Field> = { ...(order as Order & Fields), volume: this.#volume };
    // The number on the wire is the client's own.
    delete fields['id'];
    this.#pending += 1;
    this.sending(order.id);
    try {
      const reply = await this.#channel.order(op, fields, payload);
      return reply as ReplyOf<Op>;
    } catch {
      this.#markLost();
      return { id: 0, status: NtStatus.VOLUME_DISMOUNTED, payload: NOTHING } as ReplyOf<Op>;
    } finally {
      this.#pending -= 1;
    }
  }
}

const NOTHING = Buffer.alloc(0);

type Times = Record<'creationTime' | 'lastAccessTime' | 'lastWriteTime', bigint>;

/** Times are decimal strings on the wire, which JSON's numbers would round. */
function timesOf(reply: Pick<Replies['queryInformation'], keyof Times>): Times {
  return {
    creationTime: BigInt(reply.creationTime),
    lastAccessTime: BigInt(reply.lastAccessTime),
    lastWriteTime: BigInt(reply.lastWriteTime),
  };
}
