import fc from 'fast-check';
import { pattern } from '../conformance/suite.js';
import { PosixError, RENAME_EXCHANGE, RENAME_NOREPLACE, type Stat } from '../support/posix.js';
import { FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE } from '../support/posix.js';
import type { Live, ModelState } from './live.js';
import { LeavesModel, ModelError, sizeOf } from './model.js';
import type { ExpectedStat, Names, NewTime, Node, OpenHow } from './model.js';

/** How many files may be open at once in a sequence. */
const SLOTS = 4;

/** What a call came to: its answer, or the errno it failed with. */
type Result = { readonly value: unknown } | { readonly code: string };

/** One system call, made on the model and on the file system. */
interface Step<T> {
  /** As it stands in a counterexample. */
  readonly text: string;
  /** The slot whose open file it works on. */
  readonly uses?: number;
  /** The slot it puts a new open file in. */
  readonly fills?: number;
  predict(state: ModelState): T;
  perform(live: Live): Promise<unknown>;
  /** What is wrong with the answer; without it the two answers must be equal. */
  mistake?(expected: T, got: unknown, live: Live): string | undefined;
  /** More that it needs, e.g. a file that is not empty. */
  suits?(state: ModelState): boolean;
}

class StepCommand<T> implements fc.AsyncCommand<ModelState, Live> {
  readonly #step: Step<T>;

  constructor(step: Step<T>) {
    this.#step = step;
  }

  check(state: ModelState): boolean {
    const { uses, fills, suits } = this.#step;
    if (uses !== undefined && !state.opens.has(uses)) return false;
    if (fills !== undefined && state.opens.has(fills)) return false;
    return suits === undefined || suits.call(this.#step, state);
  }

  async run(state: ModelState, live: Live): Promise<void> {
    let expected: { readonly value: T } | { readonly code: string };
    try {
      expected = { value: this.#step.predict(state) };
    } catch (error) {
      if (error instanceof LeavesModel) return;
      if (!(error instanceof ModelError)) throw error;
      expected = { code: error.code };
    }
    const got = await this.#perform(live);
    const mistake = this.#mistake(expected, got, live);
    if (mistake !== undefined) throw new Error(`${this.#step.text}: ${mistake}`);
  }

  async #perform(live: Live): Promise<Result> {
    try {
      return { value: await this.#step.perform(live) };
    } catch (error) {
      if (error instanceof PosixError) return { code: error.code };
      throw error;
    }
  }

  #mistake(
    expected: { readonly value: T } | { readonly code: string },
    got: Result,
    live: Live,
  ): string | undefined {
    if ('code' in expected) {
      if ('code' in got && got.code === expected.code) return undefined;
      return `${expected.code} expected, got ${show(got)}`;
    }
    if ('code' in got) return `success expected, got ${got.code}`;
    if (this.#step.mistake !== undefined) {
      return this.#step.mistake(expected.value, got.value, live);
    }
    return differences(expected.value, got.value);
  }

  toString(): string {
    return this.#step.text;
  }
}

function show(result: Result): string {
  return 'code' in result ? result.code : `success (${String(result.value).slice(0, 80)})`;
}

function differences(expected: unknown, got: unknown): string | undefined {
  if (Buffer.isBuffer(expected) && Buffer.isBuffer(got)) return contentMistake(expected, got);
  // A call without a value answers null.
  if (expected === undefined) return undefined;
  const wanted = JSON.stringify(expected);
  const found = JSON.stringify(Buffer.isBuffer(got) ? got.toString('utf8') : got);
  return wanted === found ? undefined : `${wanted} expected, got ${found}`;
}

/** What is wrong with bytes read, or undefined. */
export function contentMistake(expected: Buffer, got: Buffer): string | undefined {
  if (expected.equals(got)) return undefined;
  const shorter = Math.min(expected.length, got.length);
  let at = 0;
  while (at < shorter && expected[at] === got[at]) at += 1;
  const around = (buffer: Buffer): string => buffer.subarray(at, at + 8).toString('hex') || 'end';
  return (
    `${String(expected.length)} bytes expected, got ${String(got.length)}; first difference at ` +
    `${String(at)}: ${around(expected)} expected, got ${around(got)}`
  );
}

const statMistake = (expected: ExpectedStat, got: unknown, live: Live): string | undefined =>
  live.statMistake(expected, got as Stat);

/** What is wrong with a listing, or undefined. */
export function listingMistake(
  expected: readonly { name: string; node: Node }[],
  got: unknown,
  live: Live,
): string | undefined {
  const entries = got as Awaited<ReturnType<Live['posix']['scandir']>>;
  const wanted = expected.map(({ name, node }) => `${name} (${node.kind})`).join(', ');
  const found = entries.map(({ name, kind }) => `${name.toString('utf8')} (${kind})`).join(', ');
  if (wanted !== found) return `[${wanted}] expected, got [${found}]`;
  for (const [index, { name, node }] of expected.entries()) {
    const mistake = live.inodeMistake(node, entries[index]?.ino ?? 0n);
    if (mistake !== undefined) return `entry ${name}: ${mistake}`;
  }
  return undefined;
}

/** The file that is open in a slot; it is, because `check` has seen it. */
function openIn(state: ModelState, slot: number) {
  const open = state.opens.get(slot);
  if (open === undefined) throw new Error(`nothing is open in slot ${String(slot)}`);
  return open;
}

// What calls are made of. The pool is small, so that names collide; `a` and `b` mostly are
// directories, so that paths often lead somewhere.

const names = fc.oneof(
  { weight: 6, arbitrary: fc.constant('a') },
  { weight: 4, arbitrary: fc.constant('b') },
  { weight: 2, arbitrary: fc.constant('c') },
  { weight: 2, arbitrary: fc.constant('d:1') },
  { weight: 2, arbitrary: fc.constant('né語') },
  { weight: 2, arbitrary: fc.constant('.e f') },
);

const paths: fc.Arbitrary<Names> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(names) },
  { weight: 4, arbitrary: fc.tuple(names, names) },
  { weight: 2, arbitrary: fc.tuple(names, names, names) },
);

const linkTargets = fc.constantFrom(
  'a',
  'b',
  'c',
  'a/b',
  '../a',
  '../b/c',
  '..',
  'né語',
  'd:1',
  '/nowhere/at/all',
  'x'.repeat(200),
);

const slots = fc.nat({ max: SLOTS - 1 });
const fileModes = fc.constantFrom(0o666, 0o600, 0o755, 0o400, 0o4711);
const directoryModes = fc.constantFrom(0o777, 0o700, 0o1777, 0o500);
const newModes = fc.constantFrom(0o600, 0o644, 0o755, 0o4755, 0o2755, 0o1777, 0, 0o7777);

/** Around pages, the largest request of older kernels (128 KiB), and small. */
const lengths = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 100 }) },
  { weight: 2, arbitrary: fc.constantFrom(4095, 4096, 4097, 10_000) },
  { weight: 1, arbitrary: fc.constantFrom(65_536, 131_072, 140_000) },
);
const offsets = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 200 }) },
  { weight: 3, arbitrary: fc.constantFrom(4095, 4096, 4097, 8192, 12_000) },
  { weight: 1, arbitrary: fc.constantFrom(131_071, 131_072, 200_000) },
);

interface Data {
  readonly length: number;
  readonly bytes: Buffer;
}

const data: fc.Arbitrary<Data> = fc
  .tuple(lengths, fc.integer({ min: 1, max: 250 }))
  .map(([length, seed]) => ({ length, bytes: pattern(length, seed) }));

const times: fc.Arbitrary<NewTime> = fc.constantFrom<NewTime[]>(
  'now',
  'omit',
  0n,
  1_234_567_890_123_456_789n,
  999_999_999n,
  -1n,
  -86_400_000_000_001n,
  2_500_000_000_000_000_001n,
);

const attributeNames = fc.constantFrom('user.x', 'user.y', 'user.né');
const attributeValues = fc.oneof(
  fc.constant(Buffer.alloc(0)),
  fc.integer({ min: 1, max: 200 }).map((length) => pattern(length, 3)),
);

const shown = (path: Names): string => path.join('/');
const octal = (mode: number): string => `0${mode.toString(8)}`;

const command = <T>(step: Step<T>): fc.AsyncCommand<ModelState, Live> => new StepCommand(step);

type Source = fc.Arbitrary<fc.AsyncCommand<ModelState, Live>>;

// Opens.

const opening: fc.Arbitrary<OpenHow> = fc.record({
  access: fc.constantFrom('RDONLY', 'WRONLY', 'RDWR', 'RDWR'),
  create: fc.boolean(),
  exclusive: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.boolean()),
  truncate: fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, fc.boolean()),
  append: fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, fc.boolean()),
  noFollow: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.boolean()),
  directory: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, fc.boolean()),
});

function flagsOf(how: OpenHow): string {
  const flags: string[] = [how.access];
  if (how.create === true) flags.push('CREAT');
  // Without O_CREAT, O_EXCL says nothing; with it, O_DIRECTORY is refused since Linux 6.4 only.
  if (how.create === true && how.exclusive === true) flags.push('EXCL');
  if (how.create !== true && how.directory === true) flags.push('DIRECTORY');
  if (how.truncate === true) flags.push('TRUNC');
  if (how.append === true) flags.push('APPEND');
  if (how.noFollow === true) flags.push('NOFOLLOW');
  return flags.join('|');
}

const open: Source = fc.tuple(slots, paths, opening, fileModes).map(([slot, path, asked, mode]) => {
  const how: OpenHow = asked.create === true ? { ...asked, directory: false } : asked;
  const flags = flagsOf(how);
  return command({
    text: `#${String(slot)} = open(${shown(path)}, ${flags}, ${octal(mode)})`,
    fills: slot,
    predict: ({ model, opens }) => {
      opens.set(slot, model.open(path, how, mode));
    },
    perform: async (live) => {
      live.descriptors.set(slot, await live.posix.open(live.path(path), flags, mode));
    },
  });
});

const close: Source = slots.map((slot) =>
  command({
    text: `close(#${String(slot)})`,
    uses: slot,
    predict: ({ opens }) => {
      opens.delete(slot);
    },
    perform: async (live) => {
      const descriptor = live.descriptor(slot);
      live.descriptors.delete(slot);
      await live.posix.closeFd(descriptor);
    },
  }),
);

const dup: Source = fc.tuple(slots, slots).map(([slot, copy]) =>
  command({
    text: `#${String(copy)} = dup(#${String(slot)})`,
    uses: slot,
    fills: copy,
    predict: (state) => {
      state.opens.set(copy, openIn(state, slot));
    },
    perform: async (live) => {
      live.descriptors.set(copy, await live.posix.dup(live.descriptor(slot)));
    },
  }),
);

/** A call on an open file. */
const onOpen = <A, T>(
  argument: fc.Arbitrary<A>,
  text: (argument: A) => string,
  predict: (state: ModelState, slot: number, argument: A) => T,
  perform: (live: Live, descriptor: number, argument: A) => Promise<unknown>,
  more: Pick<Step<T>, 'mistake'> = {},
): Source =>
  fc.tuple(slots, argument).map(([slot, value]) =>
    command<T>({
      text: text(value).replace('FD', `#${String(slot)}`),
      uses: slot,
      predict: (state) => predict(state, slot, value),
      perform: (live) => perform(live, live.descriptor(slot), value),
      ...more,
    }),
  );

const read = onOpen(
  lengths,
  (length) => `read(FD, ${String(length)})`,
  (state, slot, length) => state.model.read(openIn(state, slot), length),
  (live, fd, length) => live.posix.read(fd, length),
);

const pread = onOpen(
  fc.tuple(lengths, offsets),
  ([length, offset]) => `pread(FD, ${String(length)}, at ${String(offset)})`,
  (state, slot, [length, offset]) => state.model.pread(openIn(state, slot), length, offset),
  (live, fd, [length, offset]) => live.posix.pread(fd, length, offset),
);

const write = onOpen(
  data,
  ({ length }) => `write(FD, ${String(length)} bytes)`,
  (state, slot, { bytes }) => state.model.write(openIn(state, slot), bytes),
  (live, fd, { bytes }) => live.posix.write(fd, bytes),
);

const pwrite = onOpen(
  fc.tuple(data, offsets),
  ([{ length }, offset]) => `pwrite(FD, ${String(length)} bytes, at ${String(offset)})`,
  (state, slot, [{ bytes }, offset]) => state.model.pwrite(openIn(state, slot), bytes, offset),
  (live, fd, [{ bytes }, offset]) => live.posix.pwrite(fd, bytes, offset),
);

const seek: Source = fc
  .tuple(slots, offsets, fc.constantFrom('SET' as const, 'END' as const))
  .map(([slot, offset, whence]) =>
    command({
      text: `lseek(#${String(slot)}, ${String(offset)}, ${whence})`,
      uses: slot,
      // Positions in directories are the file system's own.
      suits: (state) => openIn(state, slot).node.kind === 'file',
      predict: (state) => state.model.seek(openIn(state, slot), offset, whence),
      perform: (live) => live.posix.lseek(live.descriptor(slot), offset, whence),
    }),
  );

const ftruncate = onOpen(
  offsets,
  (length) => `ftruncate(FD, ${String(length)})`,
  (state, slot, length) => {
    state.model.ftruncate(openIn(state, slot), length);
  },
  (live, fd, length) => live.posix.ftruncate(fd, length),
);

const fsync = onOpen(
  fc.constant(undefined),
  () => 'fsync(FD)',
  () => undefined,
  (live, fd) => live.posix.fsync(fd),
);

const fstat = onOpen(
  fc.constant(undefined),
  () => 'fstat(FD)',
  (state, slot) => state.model.fstat(openIn(state, slot)),
  (live, fd) => live.posix.fstat(fd),
  { mistake: statMistake },
);

const fchmod = onOpen(
  newModes,
  (mode) => `fchmod(FD, ${octal(mode)})`,
  (state, slot, mode) => {
    state.model.fchmod(openIn(state, slot), mode);
  },
  (live, fd, mode) => live.posix.fchmod(fd, mode),
);

const futimens = onOpen(
  fc.tuple(times, times),
  ([atime, mtime]) => `futimens(FD, ${String(atime)}, ${String(mtime)})`,
  (state, slot, [atime, mtime]) => {
    state.model.futimens(openIn(state, slot), atime, mtime);
  },
  (live, fd, [atime, mtime]) => live.posix.futimens(fd, atime, mtime),
);

const fsetxattr = onOpen(
  fc.tuple(attributeNames, attributeValues),
  ([name, value]) => `fsetxattr(FD, ${name}, ${String(value.length)} bytes)`,
  (state, slot, [name, value]) => {
    state.model.fsetxattr(openIn(state, slot), name, value);
  },
  (live, fd, [name, value]) => live.posix.fsetxattr(fd, name, value),
);

const fgetxattr = onOpen(
  attributeNames,
  (name) => `fgetxattr(FD, ${name})`,
  (state, slot, name) => state.model.fgetxattr(openIn(state, slot), name),
  (live, fd, name) => live.posix.fgetxattr(fd, name),
);

const allocate: Source = fc
  .tuple(slots, offsets, lengths, fc.boolean())
  .map(([slot, offset, length, punch]) =>
    command({
      text:
        `fallocate(#${String(slot)}, ${punch ? 'PUNCH_HOLE' : '0'}, ` +
        `${String(offset)}, ${String(length)})`,
      uses: slot,
      suits: (state) => openIn(state, slot).node.kind === 'file',
      predict: (state) => {
        const file = openIn(state, slot);
        if (punch) state.model.punchHole(file, offset, length);
        else state.model.allocate(file, offset, length);
      },
      perform: (live) => {
        const mode = punch ? FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE : 0;
        return live.posix.fallocate(live.descriptor(slot), mode, offset, length);
      },
    }),
  );

const mapWrite: Source = fc.tuple(slots, data).map(([slot, { length, bytes }]) =>
  command({
    text: `write ${String(length)} bytes through a map of #${String(slot)}`,
    uses: slot,
    suits: (state) => {
      const file = openIn(state, slot);
      return file.readable && file.writable && (sizeOf(file.node) ?? 0) >= length;
    },
    predict: (state) => {
      const file = openIn(state, slot);
      // At the end: the last page of the map is the one that reaches beyond the file.
      state.model.mapWrite(file, (sizeOf(file.node) ?? 0) - length, bytes);
    },
    perform: async ({ posix, descriptors, state }) => {
      const size = sizeOf(openIn(state, slot).node) ?? 0;
      const map = await posix.map(descriptors.get(slot) ?? -1, size);
      await posix.mapWrite(map, size - length, bytes);
      await posix.unmap(map);
    },
  }),
);

// Names.

/** A call on a path. */
const onPath = <A, T>(
  argument: fc.Arbitrary<A>,
  text: (path: string, argument: A) => string,
  predict: (state: ModelState, path: Names, argument: A) => T,
  perform: (live: Live, path: string, argument: A) => Promise<unknown>,
  more: Pick<Step<T>, 'mistake'> = {},
): Source =>
  fc.tuple(paths, argument).map(([path, value]) =>
    command<T>({
      text: text(shown(path), value),
      predict: (state) => predict(state, path, value),
      perform: (live) => perform(live, live.path(path), value),
      ...more,
    }),
  );

const nothing = fc.constant(undefined);

const mkdir = onPath(
  directoryModes,
  (path, mode) => `mkdir(${path}, ${octal(mode)})`,
  ({ model }, path, mode) => {
    model.mkdir(path, mode);
  },
  ({ posix }, path, mode) => posix.mkdir(path, mode),
);

const rmdir = onPath(
  nothing,
  (path) => `rmdir(${path})`,
  ({ model }, path) => {
    model.rmdir(path);
  },
  ({ posix }, path) => posix.rmdir(path),
);

const unlink = onPath(
  nothing,
  (path) => `unlink(${path})`,
  ({ model }, path) => {
    model.unlink(path);
  },
  ({ posix }, path) => posix.unlink(path),
);

const rename = onPath(
  fc.tuple(paths, fc.constantFrom('replace', 'replace', 'replace', 'noreplace', 'exchange')),
  (path, [newPath, how]) => `rename(${path}, ${shown(newPath)}, ${how})`,
  ({ model }, path, [newPath, how]) => {
    model.rename(path, newPath, how);
  },
  (live, path, [newPath, how]) => {
    const renamed = live.path(newPath);
    if (how === 'replace') return live.posix.rename(path, renamed);
    const flags = how === 'exchange' ? RENAME_EXCHANGE : RENAME_NOREPLACE;
    return live.posix.renameat2(path, renamed, flags);
  },
);

const link = onPath(
  paths,
  (path, newPath) => `link(${path}, ${shown(newPath)})`,
  ({ model }, path, newPath) => {
    model.link(path, newPath);
  },
  (live, path, newPath) => live.posix.link(path, live.path(newPath)),
);

const symlink = onPath(
  linkTargets,
  (path, target) => `symlink(${target}, ${path})`,
  ({ model }, path, target) => {
    model.symlink(target, path);
  },
  ({ posix }, path, target) => posix.symlink(target, path),
);

const readlink = onPath(
  nothing,
  (path) => `readlink(${path})`,
  ({ model }, path) => model.readlink(path),
  ({ posix }, path) => posix.readlink(path),
);

const list = onPath(
  nothing,
  (path) => `readdir(${path})`,
  ({ model }, path) => model.list(path),
  ({ posix }, path) => posix.scandir(path),
  { mistake: listingMistake },
);

// Attributes.

const stat = onPath(
  fc.boolean(),
  (path, follow) => `${follow ? 'stat' : 'lstat'}(${path})`,
  ({ model }, path, follow) => model.stat(path, follow),
  ({ posix }, path, follow) => (follow ? posix.stat(path) : posix.lstat(path)),
  { mistake: statMistake },
);

const truncate = onPath(
  offsets,
  (path, length) => `truncate(${path}, ${String(length)})`,
  ({ model }, path, length) => {
    model.truncate(path, length);
  },
  ({ posix }, path, length) => posix.truncate(path, length),
);

const chmod = onPath(
  newModes,
  (path, mode) => `chmod(${path}, ${octal(mode)})`,
  ({ model }, path, mode) => {
    model.chmod(path, mode);
  },
  ({ posix }, path, mode) => posix.chmod(path, mode),
);

const utimens = onPath(
  fc.tuple(times, times, fc.boolean()),
  (path, [atime, mtime, follow]) =>
    `${follow ? 'utimens' : 'lutimens'}(${path}, ${String(atime)}, ${String(mtime)})`,
  ({ model }, path, [atime, mtime, follow]) => {
    model.utimens(path, atime, mtime, follow);
  },
  ({ posix }, path, [atime, mtime, follow]) => posix.utimens(path, atime, mtime, follow),
);

const setxattr = onPath(
  fc.tuple(
    attributeNames,
    attributeValues,
    fc.constantFrom('' as const, '' as const, 'CREATE' as const, 'REPLACE' as const),
    fc.boolean(),
  ),
  (path, [name, value, flags, follow]) =>
    `${follow ? '' : 'l'}setxattr(${path}, ${name}, ${String(value.length)} bytes, ${flags || '0'})`,
  ({ model }, path, [name, value, flags, follow]) => {
    model.setxattr(path, name, value, flags, follow);
  },
  ({ posix }, path, [name, value, flags, follow]) =>
    posix.setxattr(path, name, value, flags, follow),
);

const getxattr = onPath(
  fc.tuple(attributeNames, fc.boolean()),
  (path, [name, follow]) => `${follow ? '' : 'l'}getxattr(${path}, ${name})`,
  ({ model }, path, [name, follow]) => model.getxattr(path, name, follow),
  ({ posix }, path, [name, follow]) => posix.getxattr(path, name, follow),
);

const listxattr = onPath(
  fc.boolean(),
  (path, follow) => `${follow ? '' : 'l'}listxattr(${path})`,
  ({ model }, path, follow) => model.listxattr(path, follow),
  ({ posix }, path, follow) => posix.listxattr(path, follow),
);

const removexattr = onPath(
  fc.tuple(attributeNames, fc.boolean()),
  (path, [name, follow]) => `${follow ? '' : 'l'}removexattr(${path}, ${name})`,
  ({ model }, path, [name, follow]) => {
    model.removexattr(path, name, follow);
  },
  ({ posix }, path, [name, follow]) => posix.removexattr(path, name, follow),
);

const weighted = (weight: number, ...sources: Source[]) =>
  sources.map((arbitrary) => ({ weight, arbitrary }));

/** Any call. Those that make things come more often, or there would be little to work on. */
export const calls: Source = fc.oneof(
  ...weighted(12, open),
  ...weighted(6, rename, mkdir),
  ...weighted(5, write, pwrite, pread, stat),
  ...weighted(4, close, read, fstat, unlink, link, symlink, list),
  ...weighted(3, ftruncate, mapWrite, setxattr, rmdir, utimens),
  ...weighted(2, allocate, truncate, seek, chmod, getxattr, removexattr, readlink, futimens),
  ...weighted(1, dup, fsync, fchmod, fsetxattr, fgetxattr, listxattr),
);
