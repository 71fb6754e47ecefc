/** One piece of memory in all the units its fields have. The views are made once, and only moved over. */
export class Memory {
  readonly bytes: Buffer;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  readonly i64: BigInt64Array;
  readonly u64: BigUint64Array;

  /** @param memory - its length a multiple of 8 */
  constructor(memory: ArrayBuffer) {
    this.bytes = Buffer.from(memory);
    this.u16 = new Uint16Array(memory);
    this.i32 = new Int32Array(memory);
    this.u32 = new Uint32Array(memory);
    this.f64 = new Float64Array(memory);
    this.i64 = new BigInt64Array(memory);
    this.u64 = new BigUint64Array(memory);
  }
}

/** Writes the UTF-16 units of a text, whatever they are. @param position - in bytes, even */
export function writeUnits(memory: Memory, position: number, text: string): void {
  const start = position >>> 1;
  const { u16 } = memory;
  for (let index = 0; index < text.length; index += 1) u16[start + index] = text.charCodeAt(index);
}
