import fc from 'fast-check';
import { pattern } from '../conformance/suite.js';
import type { ModelState } from './live.js';
import type { Names, NewTime, Node } from './nodes.js';

/** What calls are made of. */

/** The pool is small, so that names collide. */
const names = fc.constantFrom('a', 'b', 'c', 'd:1', 'né語', '.e f');

/** Directories are no deeper than this. */
const DEEPEST = 3;

/** Finds a path in what there is at the moment. */
export type PathChoice = (state: ModelState) => Names;

const index = fc.nat({ max: 0xffff });

type Wanted = (node: Node) => boolean;

const isAny: Wanted = () => true;
const isFile: Wanted = (node) => node.kind === 'file';
const isDirectory: Wanted = (node) => node.kind === 'directory';

/** One of what is there, by its place in the list; when nothing is as wanted, one of all. */
function pick(state: ModelState, number: number, wanted: Wanted): Names {
  const all = state.model.entries();
  const fitting = all.filter(({ node }) => wanted(node));
  const list = fitting.length > 0 ? fitting : all;
  return list[number % list.length]?.path ?? ['a'];
}

const present = (wanted: Wanted): fc.Arbitrary<PathChoice> =>
  index.map((number) => (state) => pick(state, number, wanted));

/** A name in something that is there: when that is a file or a link, calls fail or go elsewhere. */
const below = (wanted: Wanted): fc.Arbitrary<PathChoice> =>
  fc.tuple(index, names).map(([number, name]) => (state) => {
    const path = pick(state, number, wanted);
    return [...path.slice(0, DEEPEST - 1), name];
  });

/** Any path: mostly there is nothing. */
const anywhere: fc.Arbitrary<PathChoice> = fc
  .array(names, { minLength: 1, maxLength: DEEPEST })
  .map((path) => () => path);

/** For calls that work on anything. */
export const oldPaths = fc.oneof(
  { weight: 12, arbitrary: present(isAny) },
  { weight: 2, arbitrary: below(isAny) },
  { weight: 1, arbitrary: anywhere },
);

/** For calls that work on one kind of thing; now and then they get another. */
const pathsOf = (wanted: Wanted): fc.Arbitrary<PathChoice> =>
  fc.oneof({ weight: 2, arbitrary: present(wanted) }, { weight: 1, arbitrary: oldPaths });

export const filePaths = pathsOf(isFile);
export const directoryPaths = pathsOf(isDirectory);
export const linkPaths = pathsOf((node) => node.kind === 'symlink');
export const attributePaths = pathsOf((node) => node.xattrs.size > 0);

/** For calls that make something. */
export const newPaths = fc.oneof(
  { weight: 10, arbitrary: below(isDirectory) },
  { weight: 2, arbitrary: below(isAny) },
  { weight: 3, arbitrary: present(isAny) },
  { weight: 1, arbitrary: anywhere },
);

/** Chooses one of the open files, by its place among them. */
export const openFiles = index.map((number) => (state: ModelState): number | undefined => {
  const slots = [...state.opens.keys()];
  return slots[number % slots.length];
});

export const linkTargets = fc.constantFrom(
  'a',
  'b',
  'c',
  'a/b',
  'b/c',
  '../a',
  '../b/c',
  '..',
  'né語',
  'd:1',
  '/nowhere/at/all',
  'x'.repeat(200),
);

export const fileModes = fc.constantFrom(0o666, 0o600, 0o755, 0o400, 0o4711);
export const directoryModes = fc.constantFrom(0o777, 0o700, 0o1777, 0o500);
export const newModes = fc.constantFrom(0o600, 0o644, 0o755, 0o4755, 0o2755, 0o1777, 0, 0o7777);

/** Around pages, the largest request of older kernels (128 KiB), and small. */
export const lengths = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 100 }) },
  { weight: 2, arbitrary: fc.constantFrom(4095, 4096, 4097, 10_000) },
  { weight: 1, arbitrary: fc.constantFrom(65_536, 131_072, 140_000) },
);

export const offsets = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 200 }) },
  { weight: 3, arbitrary: fc.constantFrom(4095, 4096, 4097, 8192, 12_000) },
  { weight: 1, arbitrary: fc.constantFrom(131_071, 131_072, 200_000) },
);

export interface Data {
  readonly length: number;
  readonly seed: number;
}

export const data: fc.Arbitrary<Data> = fc.record({
  length: lengths,
  seed: fc.integer({ min: 1, max: 250 }),
});

export const bytesOf = ({ length, seed }: Data): Buffer => pattern(length, seed);

export const times: fc.Arbitrary<NewTime> = fc.constantFrom<NewTime[]>(
  'now',
  'omit',
  0n,
  1_234_567_890_123_456_789n,
  999_999_999n,
  -1n,
  -86_400_000_000_001n,
  2_500_000_000_000_000_001n,
);

export const attributeNames = fc.constantFrom('user.x', 'user.né');

export const attributeValues = fc
  .oneof(fc.constant(0), fc.integer({ min: 1, max: 200 }))
  .map((length) => pattern(length, length));

export const shown = (path: Names): string => path.join('/');
export const octal = (mode: number): string => `0${mode.toString(8)}`;
