import { DokanError } from '../../errors.js';
import { NtStatus } from '../../status.js';
import { POOLED_BLOCKS } from './slot.js';

/** The Buffers over data blocks. A block is used again and again, mostly for the same length. */
export class Blocks {
  readonly #memoryOf: (number: number) => ArrayBuffer;
  readonly #blocks: (Buffer | undefined)[] = [];
  readonly #parts: (Buffer | undefined)[] = [];

  constructor(memoryOf: (number: number) => ArrayBuffer) {
    this.#memoryOf = memoryOf;
  }

  /**
   * The first `length` bytes of a block.
   * @throws DokanError when there are fewer, because somebody has transferred the memory away
   */
  part(number: number, length: number): Buffer {
    const last = this.#parts[number];
    if (last?.length === length) return last;
    const block = this.#block(number);
    if (block.length < length) throw new DokanError(NtStatus.INSUFFICIENT_RESOURCES);
    const part = block.subarray(0, length);
    if (number < POOLED_BLOCKS) this.#parts[number] = part;
    return part;
  }

  /** The block is not used again: its number may come back with other memory. */
  forget(number: number): void {
    if (number >= POOLED_BLOCKS) return;
    this.#blocks[number] = undefined;
    this.#parts[number] = undefined;
  }

  #block(number: number): Buffer {
    const known = this.#blocks[number];
    if (known !== undefined) return known;
    const block = Buffer.from(this.#memoryOf(number));
    if (number < POOLED_BLOCKS) this.#blocks[number] = block;
    return block;
  }
}
