import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  END_OF_FILE,
  LockTable,
  type ApplyChange,
  type HeldLock,
  type LockWait,
} from '../../../lib/hosts/fuse/locks.js';
import { Disk, request, reason, type Handle, type Request } from './lock_scene.js';

const LAST = 7;
const NODES = [1, 2];
const kinds = ['posix', 'posix', 'flock'] as const;

interface Cell {
  readonly type: 'read' | 'write';
  readonly handle: Handle;
}

interface ModelWait {
  readonly request: Request;
  readonly refuse: boolean;
  readonly waiting: LockWait<Handle>;
}

const index = (offset: number): number => Math.min(offset, LAST);
const bytes = ({ kind, start, end }: Request | HeldLock<Handle>): number[] => {
  const [first, last] = kind === 'flock' ? [0, LAST] : [index(start), index(end)];
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
};

/** Per node, kind and byte: who holds it. As slow and plain as can be. */
class Model {
  readonly cells = new Map<string, Map<bigint, Cell>>();
  readonly queues = new Map<number, ModelWait[]>(NODES.map((node) => [node, []]));

  at(node: number, kind: string, byte: number): Map<bigint, Cell> {
    const key = `${node} ${kind} ${byte}`;
    const cell = this.cells.get(key) ?? new Map<bigint, Cell>();
    this.cells.set(key, cell);
    return cell;
  }

  locked(node: number, byte: number): boolean {
    return this.at(node, 'posix', byte).size + this.at(node, 'flock', byte).size > 0;
  }

  obstacles(node: number, wanted: Request): bigint[] {
    return bytes(wanted).flatMap((byte) =>
      [...this.at(node, wanted.kind, byte)]
        .filter(
          ([owner, { type }]) => owner !== wanted.owner && [type, wanted.type].includes('write'),
        )
        .map(([owner]) => owner),
    );
  }

  /** Grants, unless the file system refuses what it does not have locked yet. */
  grant(node: number, wanted: Request, refuse: boolean): 'granted' | 'refused' {
    const { kind, owner, type, handle } = wanted;
    if (type === 'unlock') {
      for (const byte of bytes(wanted)) this.at(node, kind, byte).delete(owner);
      return 'granted';
    }
    if (refuse && bytes(wanted).some((byte) => !this.locked(node, byte))) return 'refused';
    for (const byte of bytes(wanted)) this.at(node, kind, byte).set(owner, { type, handle });
    // What it touches becomes one lock with it, and that belongs to the open of the last request.
    for (const direction of [-1, 1]) {
      let byte = index(direction < 0 ? wanted.start : wanted.end) + direction;
      if (kind === 'flock') continue;
      while (this.cells.get(`${node} posix ${byte}`)?.get(owner)?.type === type) {
        this.at(node, kind, byte).set(owner, { type, handle });
        byte += direction;
      }
    }
    return 'granted';
  }

  remove(node: number, isGone: (kind: string, owner: bigint, cell: Cell) => boolean): void {
    for (const [key, owners] of this.cells) {
      const [cellNode, kind = ''] = key.split(' ');
      if (Number(cellNode) !== node) continue;
      for (const [owner, cell] of owners) if (isGone(kind, owner, cell)) owners.delete(owner);
    }
  }

  deadlocks(node: number, wanted: Request): boolean {
    if (wanted.kind !== 'posix') return false;
    const reached = new Set(this.obstacles(node, wanted));
    for (let size = -1; size !== reached.size;) {
      size = reached.size;
      for (const [at, queue] of this.queues) {
        for (const { request: other } of queue) {
          if (other.kind !== 'posix' || !reached.has(other.owner)) continue;
          for (const owner of this.obstacles(at, other)) reached.add(owner);
        }
      }
    }
    return reached.has(wanted.owner);
  }
}

const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constantFrom('set' as const, 'wait' as const),
      node: fc.constantFrom(...NODES),
      kind: fc.constantFrom(...kinds),
      owner: fc.integer({ min: 1, max: 4 }),
      type: fc.constantFrom('read' as const, 'write' as const, 'write' as const, 'unlock' as const),
      range: fc.tuple(fc.nat(LAST), fc.nat(LAST)),
      handle: fc.constantFrom('x', 'y'),
      refuse: fc.integer({ min: 0, max: 5 }).map((dice) => dice === 0),
    }),
  },
  fc.record({
    do: fc.constant('interrupt' as const),
    node: fc.constantFrom(...NODES),
    which: fc.nat(3),
  }),
  fc.record({
    do: fc.constant('releaseOwner' as const),
    node: fc.constantFrom(...NODES),
    kind: fc.constantFrom(...kinds),
    owner: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    do: fc.constant('releaseHandle' as const),
    node: fc.constantFrom(...NODES),
    owner: fc.integer({ min: 1, max: 4 }),
    handle: fc.constantFrom('x', 'y'),
  }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function requestOf(of: Extract<Step, { do: 'set' | 'wait' }>): Request {
  const [start, end] = of.range[0] <= of.range[1] ? of.range : [of.range[1], of.range[0]];
  return request(of.owner, of.type, start, end === LAST ? END_OF_FILE : end, {
    kind: of.kind,
    handle: `${of.owner}${of.handle}`,
  });
}

/** Runs the steps on the table and on the model, and compares after each. */
async function compare(steps: readonly Step[]): Promise<void> {
  const locks = new LockTable<Handle>();
  const files = new Disk();
  const model = new Model();
  const expected = new Map<LockWait<Handle>, string>();
  const actual = new Map<LockWait<Handle>, string>();

  const interrupt = (node: number, isGone: (wait: ModelWait, at: number) => boolean): void => {
    const queue = model.queues.get(node) ?? [];
    const gone = queue.filter(isGone);
    model.queues.set(
      node,
      queue.filter((other) => !gone.includes(other)),
    );
    for (const { waiting } of gone) expected.set(waiting, 'interrupted');
  };
  const wake = (node: number): void => {
    const queue = model.queues.get(node) ?? [];
    for (;;) {
      const at = queue.findIndex((other) => model.obstacles(node, other.request).length === 0);
      const [next] = at < 0 ? [] : queue.splice(at, 1);
      if (next === undefined) return;
      expected.set(next.waiting, model.grant(node, next.request, next.refuse));
    }
  };
  const letGo = (node: number, wanted: Request): void => {
    if (wanted.kind === 'flock') model.grant(node, { ...wanted, type: 'unlock' }, false);
  };

  for (const next of steps) {
    const { node } = next;
    const apply = files.apply(node);
    if (next.do === 'set' || next.do === 'wait') {
      const wanted = requestOf(next);
      // Refusing to lock the rest of a range again has its own tests: it cannot be undone.
      const refuse = next.refuse && wanted.type !== 'unlock' && wanted.kind === 'posix';
      const asked = files.apply(node, () => refuse);
      const blocked = wanted.type !== 'unlock' && model.obstacles(node, wanted).length > 0;
      if (next.do === 'set') {
        const obstacles = model.obstacles(node, wanted);
        const result = await locks.set(node, wanted, asked);
        if (!blocked) expect(reason(result)).toBe(model.grant(node, wanted, refuse));
        else {
          expect(reason(result)).toBe('conflict');
          if (!result.granted && result.reason === 'conflict') {
            expect(obstacles).toContain(result.conflict.owner);
          }
          letGo(node, wanted);
        }
      } else {
        const waiting = locks.wait(node, wanted, asked);
        void waiting.result.then((result) => actual.set(waiting, reason(result)));
        if (!blocked) expected.set(waiting, model.grant(node, wanted, refuse));
        else {
          letGo(node, wanted);
          if (model.deadlocks(node, wanted)) expected.set(waiting, 'deadlock');
          else model.queues.get(node)?.push({ request: wanted, refuse, waiting });
        }
      }
    } else if (next.do === 'interrupt') {
      const chosen = model.queues.get(node)?.[next.which];
      chosen?.waiting.interrupt();
      interrupt(node, (other) => other === chosen);
    } else if (next.do === 'releaseOwner') {
      const owner = BigInt(next.owner);
      await locks.releaseOwner(node, owner, next.kind, apply);
      model.remove(node, (kind, holder) => kind === next.kind && holder === owner);
    } else {
      const handle = `${next.owner}${next.handle}`;
      await locks.releaseHandle(node, handle, apply);
      interrupt(node, (other) => other.request.handle === handle);
      model.remove(node, (_, __, cell) => cell.handle === handle);
      expect(
        files.ranges.filter((range) => range.node === node && range.handle === handle),
      ).toEqual([]);
    }
    wake(node);
    await nextTurn();

    expect(actual).toEqual(expected);
    expect(files.mistakes).toEqual([]);
    for (const at of NODES) compareNode(at, locks, files, model);
  }

  for (const node of NODES) {
    await locks.releaseNode(node, files.apply(node));
    interrupt(node, () => true);
  }
  await nextTurn();
  expect(actual).toEqual(expected);
  expect(files.mistakes).toEqual([]);
  expect(files.ranges).toEqual([]);
  expect(locks.size).toBe(0);
}

function compareNode(node: number, locks: LockTable<Handle>, files: Disk, model: Model): void {
  const seen: string[] = [];
  for (const lock of locks.held(node)) {
    for (const byte of bytes(lock)) {
      seen.push(`${lock.kind} ${byte} ${lock.owner} ${lock.type} ${lock.handle}`);
    }
  }
  const wanted: string[] = [];
  for (const kind of ['posix', 'flock']) {
    for (let byte = 0; byte <= LAST; byte++) {
      for (const [owner, { type, handle }] of model.at(node, kind, byte)) {
        wanted.push(`${kind} ${byte} ${owner} ${type} ${handle}`);
      }
    }
  }
  expect(seen.sort()).toEqual(wanted.sort());

  const onDisk = new Set<number>();
  for (const { offset, length } of files.ranges.filter((range) => range.node === node)) {
    for (let byte = offset; byte <= index(offset + length - 1); byte++) onDisk.add(byte);
  }
  for (let byte = 0; byte <= LAST; byte++) {
    expect(onDisk.has(byte)).toBe(model.locked(node, byte));
  }
}

describe('any sequence of requests', () => {
  it('ends as in a model that looks at every byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) => compare(steps)),
      { numRuns: 500 },
    );
  });

  it('ends well all at once, with a file system that takes its time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const locks = new LockTable<Handle>();
        const files = new Disk();
        const slowly = (node: number, refuse = false): ApplyChange<Handle> => {
          const apply = files.apply(node, () => refuse);
          return async (change) => {
            await nextTurn();
            for (const at of NODES) expectNoQuarrel(locks.held(at));
            await apply(change);
          };
        };
        const waits: LockWait<Handle>[] = [];
        const others: unknown[] = [];
        for (const next of steps) {
          const { node } = next;
          if (next.do === 'set' || next.do === 'wait') {
            const wanted = requestOf(next);
            const apply = slowly(node, next.refuse);
            if (next.do === 'wait') waits.push(locks.wait(node, wanted, apply));
            else others.push(locks.set(node, wanted, apply));
          } else if (next.do === 'interrupt') {
            waits[next.which]?.interrupt();
          } else if (next.do === 'releaseOwner') {
            others.push(locks.releaseOwner(node, BigInt(next.owner), next.kind, slowly(node)));
          } else {
            others.push(locks.releaseHandle(node, `${next.owner}${next.handle}`, slowly(node)));
          }
        }
        await Promise.all(others);
        // Whoever still waits is granted the lock, or told why not, when all others let go.
        for (let round = 0; round <= waits.length; round++) {
          for (const node of NODES) {
            for (const owner of [1n, 2n, 3n, 4n]) {
              await locks.releaseOwner(node, owner, 'posix', slowly(node));
              await locks.releaseOwner(node, owner, 'flock', slowly(node));
            }
          }
        }
        await Promise.all(waits.map(({ result }) => result));
        for (const node of NODES) await locks.releaseNode(node, slowly(node));
        await nextTurn();
        expect(files.mistakes).toEqual([]);
        expect(files.ranges).toEqual([]);
        expect(locks.size).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

function expectNoQuarrel(locks: readonly HeldLock<Handle>[]): void {
  for (const one of locks) {
    for (const other of locks) {
      const same = one.kind === other.kind && one.owner !== other.owner;
      const overlap = one.start <= other.end && other.start <= one.end;
      expect(same && overlap && one.type === 'write').toBe(false);
    }
  }
}
