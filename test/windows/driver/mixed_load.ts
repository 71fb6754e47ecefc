import { CreateDisposition, FileAccess } from '../../../lib/constants.js';
import { NtStatus, statusName } from '../../../lib/status.js';
import type { Opened, Scene } from './scene.js';

const LARGEST_FILE = 200_000;
const LARGEST_TRANSFER = 12_000;

/** One application that does all sorts of things to a file of its own, and knows what must be there. */
export class MixedLoad {
  /** Orders given so far. */
  requests = 0;
  readonly #scene: Scene;
  readonly #number: number;
  #opened: Opened | undefined = undefined;
  #content = Buffer.alloc(LARGEST_FILE);
  #size = 0;
  #renames = 0;
  #seed: number;

  constructor(scene: Scene, number: number) {
    this.#scene = scene;
    this.#number = number;
    this.#seed = number + 1;
  }

  /** The same numbers every time. */
  #random(limit: number): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed % limit;
  }

  /** Goes on until it has given so many orders in all. */
  async run(requests: number): Promise<void> {
    while (this.requests < requests) {
      const opened = (this.#opened ??= await this.#open());
      const dice = this.#random(100);
      if (dice < 40) await this.#read(opened);
      else if (dice < 70) await this.#write(opened);
      else if (dice < 78) await this.#resize(opened);
      else if (dice < 88) await this.#stat(opened);
      else if (dice < 91) await this.#rename(opened);
      else if (dice < 93) await this.#list();
      else if (dice < 96) await this.#order('flush', opened);
      else await this.#close(opened);
    }
  }

  async end(): Promise<void> {
    if (this.#opened !== undefined) await this.#close(this.#opened);
  }

  get #name(): string {
    return `\\file ${this.#number} \u8a9e ${this.#renames % 3}`;
  }

  async #open(): Promise<Opened> {
    this.requests += 1;
    return this.#scene.open(this.#name, {
      desiredAccess: FileAccess.FILE_GENERIC_READ | FileAccess.FILE_GENERIC_WRITE,
      createDisposition: CreateDisposition.OPEN_IF,
    });
  }

  async #close(opened: Opened): Promise<void> {
    this.requests += 2;
    this.#opened = undefined;
    await this.#scene.close(opened);
  }

  #order(...order: Parameters<Scene['must']>): ReturnType<Scene['must']> {
    this.requests += 1;
    return this.#scene.must(...order);
  }

  async #read(opened: Opened): Promise<void> {
    this.requests += 1;
    const offset = this.#random(LARGEST_FILE);
    const length = 1 + this.#random(LARGEST_TRANSFER);
    const reply = await this.#scene.order('read', { ...opened, offset, length });
    const expected = this.#content.subarray(offset, Math.min(this.#size, offset + length));
    const status = offset >= this.#size ? NtStatus.END_OF_FILE : NtStatus.SUCCESS;
    if (reply.status !== status) this.#fail(`reading at ${offset}: ${statusName(reply.status)}`);
    if (!reply.payload.equals(expected)) this.#fail(`what was read at ${offset}`);
  }

  async #write(opened: Opened): Promise<void> {
    const data = Buffer.alloc(1 + this.#random(LARGEST_TRANSFER), this.#random(256));
    data.writeUInt8(this.#random(256), this.#random(data.length));
    const offset = Math.min(this.#random(this.#size + 5_000), LARGEST_FILE - data.length);
    await this.#order('write', { ...opened, offset }, data);
    data.copy(this.#content, offset);
    this.#size = Math.max(this.#size, offset + data.length);
  }

  async #resize(opened: Opened): Promise<void> {
    const size = this.#random(LARGEST_FILE);
    await this.#order('setEndOfFile', { ...opened, size });
    // What lies behind the end is zeros when it is reached again.
    this.#content.fill(0, size);
    this.#size = size;
  }

  async #stat(opened: Opened): Promise<void> {
    this.requests += 1;
    const { size } = await this.#scene.must('queryInformation', opened);
    if (size !== this.#size) this.#fail(`the size ${size}, not ${this.#size}`);
  }

  async #rename(opened: Opened): Promise<void> {
    this.#renames += 1;
    await this.#order('rename', { ...opened, newName: this.#name, flags: 0 });
    this.#opened = { ...opened, name: this.#name };
  }

  async #list(): Promise<void> {
    this.requests += 4;
    const directory = await this.#scene.open('\\', { createOptions: 1 });
    const { entries } = await this.#scene.must('queryDirectory', directory);
    await this.#scene.close(directory);
    const entry = entries?.find(({ name }) => name === this.#name.slice(1));
    if (entry?.size !== this.#size) this.#fail(`the listing ${JSON.stringify(entry)}`);
  }

  #fail(what: string): never {
    throw new Error(`load ${this.#number}, request ${this.requests}: wrong is ${what}`);
  }
}
