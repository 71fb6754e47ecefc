import { DokanError } from '../../errors.js';
import { NtStatus } from '../../status.js';
import { POOLED_BLOCKS, SINGLE_BLOCKS } from './slot.js';

/** The Buffer over a block of the pool, and the part of it that was asked for last. */
interface Known {
  readonly number: number;
  readonly block: Buffer;
  part: Buffer;
}

/** The Buffers over data blocks. A block is used again and again, mostly for the same length. */
export class Blocks {
  readonly #memoryOf: (number: number) => ArrayBuffer;
  /** By their places in the pool. */
  readonly #known: (Known | undefined)[] = [];

  constructor(memoryOf: (number: number) => ArrayBuffer) {
    this.#memoryOf = memoryOf;
  }

  /**
   * The first `length` bytes of a block.
   * @throws DokanError when there are fewer, because somebody has transferred the memory away
   */
  part(number: number, length: number): Buffer {
    const known = this.#known[number % POOLED_BLOCKS];
    if (known?.number !== number) return this.#first(number, length);
    if (known.part.length !== length) known.part = partOf(known.block, length);
    return known.part;
  }

  /** The block is not used again: its number may come back with other memory. */
  forget(number: number): void {
    const place = number % POOLED_BLOCKS;
    if (this.#known[place]?.number === number) this.#known[place] = undefined;
  }

  #first(number: number, length: number): Buffer {
    const block = Buffer.from(this.#memoryOf(number));
    const part = partOf(block, length);
    if (number < SINGLE_BLOCKS) this.#known[number % POOLED_BLOCKS] = { number, block, part };
    return part;
  }
}

function partOf(block: Buffer, length: number): Buffer {
  if (block.length < length) throw new DokanError(NtStatus.INSUFFICIENT_RESOURCES);
  return block.subarray(0, length);
}
