import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHUNK } from '../../../examples/memfs/chunks.js';
import { SECTOR, SparseData } from '../../../examples/memfs/data.js';
import { Space } from '../../../examples/memfs/space.js';
import { failure } from './fake_open.js';

const CAPACITY = 12 * CHUNK;
/** Offsets up to here, beyond what fits, so that DISK_FULL is among what is tried. */
const REACH = 16 * CHUNK;

/** The same file, done in the plainest way. */
class Model {
  bytes = Buffer.alloc(0);

  write(source: Buffer, offset: number): void {
    if (source.length === 0) return;
    if (offset + source.length > this.bytes.length) this.truncate(offset + source.length);
    source.copy(this.bytes, offset);
  }

  truncate(size: number): void {
    const bytes = Buffer.alloc(size);
    this.bytes.copy(bytes, 0, 0, size);
    this.bytes = bytes;
  }

  zero(offset: number, length: number): void {
    this.bytes.fill(
      0,
      Math.min(offset, this.bytes.length),
      Math.min(offset + length, this.bytes.length),
    );
  }
}

type Step =
  | { do: 'write'; offset: number; length: number; byte: number }
  | { do: 'truncate' | 'reserve'; length: number }
  | { do: 'zero'; offset: number; length: number }
  | { do: 'trim' };

// Around chunk and sector boundaries is where the mistakes are.
const position = fc.oneof(
  fc.integer({ min: 0, max: REACH }),
  fc
    .tuple(fc.integer({ min: 0, max: REACH / CHUNK }), fc.integer({ min: -2, max: 2 }))
    .map(([chunk, by]) => Math.max(0, chunk * CHUNK + by)),
  fc.integer({ min: 0, max: 4 * SECTOR }),
);
const length = fc.oneof(fc.integer({ min: 0, max: 3 * CHUNK }), fc.integer({ min: 0, max: 1024 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('write' as const),
    offset: position,
    length,
    byte: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ do: fc.constantFrom('truncate' as const, 'reserve' as const), length: position }),
  fc.record({ do: fc.constant('zero' as const), offset: position, length }),
  fc.constant({ do: 'trim' as const }),
);

/** @returns true when the step was refused, which must leave no trace */
function apply(data: SparseData, model: Model, action: Step): boolean {
  switch (action.do) {
    case 'write': {
      const source = Buffer.alloc(action.length, action.byte);
      if (failure(() => data.write(source, action.offset)) !== undefined) return true;
      model.write(source, action.offset);
      return false;
    }
    case 'truncate':
      data.truncate(action.length);
      model.truncate(action.length);
      return false;
    case 'reserve':
      if (failure(() => data.reserve(action.length)) !== undefined) return true;
      if (action.length < model.bytes.length) model.truncate(action.length);
      return false;
    case 'zero':
      data.zero(action.offset, action.length);
      model.zero(action.offset, action.length);
      return false;
    case 'trim':
      data.trim();
      return false;
  }
}

function contents(data: SparseData): Buffer {
  const buffer = Buffer.alloc(data.size + 10, 0xee);
  return buffer.subarray(0, data.read(buffer, 0));
}

/** What is seen of a file where it lies agrees with what it is, and lies in no memory beside its own. */
function checkViews(data: SparseData, model: Model): void {
  const pieces = new Map<ArrayBufferLike, number>();
  const { size } = data;
  for (let start = 0; start < size; start += CHUNK) {
    const alone = data.view(start, CHUNK);
    // Part of a chunk may be all there is of it.
    const bytes = alone ?? data.view(start, 1);
    if (bytes !== undefined) pieces.set(bytes.buffer, (pieces.get(bytes.buffer) ?? 0) + 1);
    for (const length of [1, 1000, CHUNK, CHUNK + 1, 3 * CHUNK, 20 * CHUNK]) {
      const view = data.view(start + 500, length);
      if (view === undefined) continue;
      const end = Math.min(start + 500 + length, size);
      expect(model.bytes.subarray(start + 500, end).equals(view)).toBe(true);
    }
  }
  let memory = 0;
  for (const [piece, chunks] of pieces) {
    memory += piece.byteLength;
    if (piece.byteLength > CHUNK) expect(piece.byteLength).toBe(chunks * CHUNK);
  }
  expect(memory).toBeLessThanOrEqual(data.allocated);
}

describe('SparseData', () => {
  it('shows in one piece what was written in one', () => {
    const data = new SparseData(new Space(64 * CHUNK));
    const wide = 16 * CHUNK;
    const bytes = Buffer.alloc(wide, 1);
    data.write(bytes, 0);
    data.write(bytes.fill(2), wide);
    for (const [offset, length, value] of [
      [0, wide, 1],
      [wide, wide, 2],
      [3 * CHUNK + 5, 4 * CHUNK, 1],
      [2 * wide - 100, wide, 2],
    ] as const) {
      const view = data.view(offset, length)!;
      expect(view.length).toBe(Math.min(length, 2 * wide - offset));
      expect(view.every((byte) => byte === value)).toBe(true);
    }
    for (const [offset, length] of [
      [wide - 1, 2],
      [2 * wide, 1],
      [0, 0],
    ] as const) {
      expect(data.view(offset, length)).toBeUndefined();
    }
  });

  it('overwrites a piece where it lies', () => {
    const data = new SparseData(new Space(64 * CHUNK));
    data.write(Buffer.alloc(4 * CHUNK, 1), 0);
    const before = data.view(0, 4 * CHUNK)!;
    data.write(Buffer.alloc(2 * CHUNK, 2), CHUNK);
    expect(data.view(0, 4 * CHUNK)!.buffer).toBe(before.buffer);
    expect(before[CHUNK]).toBe(2);
  });

  it('holds no memory of a piece for chunks that are gone', () => {
    const data = new SparseData(new Space(64 * CHUNK));
    const bytes = Buffer.alloc(16 * CHUNK, 1);
    for (const change of [
      () => data.truncate(CHUNK),
      () => data.zero(2 * CHUNK, CHUNK),
      () => data.truncate(16 * CHUNK - SECTOR),
    ]) {
      data.truncate(0);
      data.write(bytes, 0);
      change();
      for (let offset = 0; offset < data.size; offset += CHUNK) {
        const view = data.view(offset, 1);
        if (view !== undefined) expect(view.buffer.byteLength).toBeLessThanOrEqual(CHUNK);
      }
      expect(data.allocated).toBeGreaterThan(0);
    }
  });

  it('reads what a plain buffer would hold, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const space = new Space(CAPACITY);
        const data = new SparseData(space);
        const model = new Model();
        for (const action of steps) {
          const before = space.used;
          if (apply(data, model, action)) expect(space.used).toBe(before);
          expect(space.used).toBe(data.allocated);
          expect(space.used).toBeLessThanOrEqual(CAPACITY);
          expect(data.size).toBe(model.bytes.length);
          expect(contents(data).equals(model.bytes)).toBe(true);
          checkViews(data, model);
        }
        data.truncate(0);
        expect(space.used).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('finds every byte that is not zero in its allocated ranges, which are in order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const data = new SparseData(new Space(CAPACITY));
        const model = new Model();
        for (const action of steps) apply(data, model, action);
        let offset = 0;
        for (;;) {
          const range = data.nextRange(offset);
          const start = range?.offset ?? data.size;
          expect(start).toBeGreaterThanOrEqual(offset);
          expect(model.bytes.subarray(offset, start).every((byte) => byte === 0)).toBe(true);
          if (range === undefined) break;
          expect(range.length).toBeGreaterThan(0);
          offset = range.offset + range.length;
          expect(offset).toBeLessThanOrEqual(data.size);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('never fails a write into what was reserved, in whatever order the pieces come', () => {
    const size = fc.integer({ min: 1, max: 4 * CHUNK });
    const pieces = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), length), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(size, pieces, (reserved, writes) => {
        const space = new Space(8 * CHUNK);
        const data = new SparseData(space);
        data.reserve(reserved);
        space.take(space.free);
        for (const [where, want] of writes) {
          const offset = Math.floor(where * (reserved - 1));
          data.write(Buffer.alloc(Math.min(want, reserved - offset), 1), offset);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps a hole of petabytes for nothing', () => {
    const space = new Space(CHUNK);
    const data = new SparseData(space);
    const far = 2 ** 52;
    data.write(Buffer.from('end'), far);
    expect(data.size).toBe(far + 3);
    expect(space.used).toBe(SECTOR);
    expect(data.nextRange(0)).toEqual({ offset: far, length: 3 });
    expect(data.nextRange(far + 3)).toBeUndefined();
    data.truncate(Number.MAX_SAFE_INTEGER);
    data.zero(1, Number.MAX_SAFE_INTEGER - 1);
    expect(space.used).toBe(0);
  });

  it('writes all or nothing', () => {
    const space = new Space(2 * CHUNK);
    const data = new SparseData(space);
    data.write(Buffer.alloc(CHUNK, 1), 0);
    expect(failure(() => data.write(Buffer.alloc(2 * CHUNK, 2), 10))).toBe('DISK_FULL');
    expect(contents(data).equals(Buffer.alloc(CHUNK, 1))).toBe(true);
    expect(space.used).toBe(CHUNK);
    data.write(Buffer.alloc(CHUNK, 3), CHUNK);
    expect(space.free).toBe(0);
  });

  it('gives the storage of a punched hole back, reserved or written', () => {
    const space = new Space(64 * CHUNK);
    const data = new SparseData(space);
    data.reserve(16 * CHUNK);
    data.truncate(16 * CHUNK);
    expect(space.used).toBe(16 * CHUNK);
    data.zero(0, 8 * CHUNK);
    expect(space.used).toBe(8 * CHUNK);
    data.write(Buffer.alloc(16 * CHUNK, 1), 0);
    data.zero(4 * CHUNK, 8 * CHUNK);
    expect(space.used).toBe(8 * CHUNK);
    expect(data.nextRange(0)).toEqual({ offset: 0, length: 4 * CHUNK });
    expect(data.nextRange(4 * CHUNK)).toEqual({ offset: 12 * CHUNK, length: 4 * CHUNK });
  });

  it('takes space ahead for appending, and gives it back', () => {
    const space = new Space(64 * CHUNK);
    const data = new SparseData(space);
    for (let size = 0; size < 2.5 * CHUNK; size += 1_000) data.write(Buffer.alloc(1_000, 1), size);
    expect(space.used).toBe(3 * CHUNK);
    data.trim();
    expect(space.used).toBe(Math.ceil(data.size / SECTOR) * SECTOR);
    expect(contents(data).equals(Buffer.alloc(data.size, 1))).toBe(true);
  });

  it('hands no bytes of one file to the next', () => {
    const space = new Space(64 * CHUNK);
    const one = new SparseData(space);
    one.write(Buffer.alloc(8 * CHUNK, 0xaa), 0);
    one.truncate(0);
    const two = new SparseData(space);
    two.write(Buffer.alloc(1, 1), CHUNK - 1);
    two.truncate(2 * CHUNK);
    expect(contents(two).indexOf(0xaa)).toBe(-1);
  });

  it('does not lend a chunk the pool of small buffers', () => {
    const data = new SparseData(new Space(CHUNK));
    data.write(Buffer.from('x'), 0);
    const buffer = Buffer.alloc(4);
    expect(data.read(buffer, 1)).toBe(0);
    expect(data.read(buffer, 0)).toBe(1);
    expect(buffer).toEqual(Buffer.from('x\0\0\0'));
  });
});
