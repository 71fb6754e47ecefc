import {
  AnswerField,
  AnswerFlag,
  EntryField,
  NAMES,
  StreamField,
} from '../../../lib/hosts/dokan/slot.js';

/** What Dokan's thread makes of the answer. */
export class Answer {
  readonly view: DataView;
  readonly slot: Buffer;
  readonly data: Buffer | undefined;
  /** What was read. */
  readonly read: Buffer;

  constructor(slot: Buffer, data: Buffer | undefined, read: Buffer) {
    this.slot = slot;
    this.data = data;
    this.read = read;
    this.view = new DataView(slot.buffer, slot.byteOffset, slot.byteLength);
  }

  get status(): number {
    return this.view.getUint32(AnswerField.STATUS, true);
  }

  get context(): number {
    return this.view.getFloat64(AnswerField.CONTEXT, true);
  }

  get isDirectory(): boolean {
    return (this.view.getUint32(AnswerField.FLAGS, true) & AnswerFlag.IS_DIRECTORY) !== 0;
  }

  get dropsBlock(): boolean {
    return (this.view.getUint32(AnswerField.FLAGS, true) & AnswerFlag.DROP_BLOCK) !== 0;
  }

  result(index: number): number {
    return this.view.getUint32(AnswerField.RESULT_0 + 4 * index, true);
  }

  size(index: number): number {
    return this.view.getFloat64(AnswerField.SIZE_0 + 8 * index, true);
  }

  get index(): bigint {
    return this.view.getBigUint64(AnswerField.INDEX, true);
  }

  time(index: number): bigint | number | undefined {
    return readTime(
      this.view,
      AnswerField.TIMES + 8 * index,
      this.view.getUint32(AnswerField.TIME_KINDS, true) >>> (2 * index),
    );
  }

  /** Label and name of the file system. */
  get texts(): [string, string] {
    const middle = NAMES + this.result(3);
    return [
      this.slot.toString('utf16le', NAMES, middle),
      this.slot.toString('utf16le', middle, middle + this.result(4)),
    ];
  }

  get entries(): FoundEntry[] {
    const found: FoundEntry[] = [];
    const data = this.data ?? Buffer.alloc(0);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < data.length;) {
      const units = view.getUint32(at + EntryField.NAME_UNITS, true);
      const end = at + EntryField.NAME + 2 * units;
      const kinds = view.getUint32(at + EntryField.TIME_KINDS, true);
      found.push({
        name: data.toString('utf16le', at + EntryField.NAME, end),
        attributes: view.getUint32(at + EntryField.ATTRIBUTES, true),
        size: view.getFloat64(at + EntryField.SIZE, true),
        times: [0, 1, 2].map((index) =>
          readTime(view, at + EntryField.TIMES + 8 * index, kinds >>> (2 * index)),
        ),
      });
      at = (end + 7) & ~7;
    }
    return found;
  }

  get streams(): { name: string; size: number }[] {
    const found: { name: string; size: number }[] = [];
    const data = this.data ?? Buffer.alloc(0);
    for (let at = 0; at < data.length;) {
      const end = at + StreamField.NAME + 2 * data.readUInt32LE(at + StreamField.NAME_UNITS);
      found.push({
        name: data.toString('utf16le', at + StreamField.NAME, end),
        size: data.readDoubleLE(at + StreamField.SIZE),
      });
      at = (end + 7) & ~7;
    }
    return found;
  }
}

export interface FoundEntry {
  name: string;
  attributes: number;
  size: number;
  times: (bigint | number | undefined)[];
}

/** Nanoseconds (bigint), or milliseconds (number). */
function readTime(view: DataView, at: number, kind: number): bigint | number | undefined {
  switch (kind & 3) {
    case 1:
      return view.getBigInt64(at, true);
    case 2:
      return view.getFloat64(at, true);
    case 3:
      return view.getBigInt64(at, true) * 100n;
    default:
      return undefined;
  }
}
