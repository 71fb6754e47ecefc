import { pattern } from '../conformance/suite.js';
import type { Features } from '../conformance/target.js';
import { FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, type Path, type Posix } from '../support/posix.js';

/** The sparse file of the tree: what it would take without holes, in bytes. */
export const SPARSE_SIZE = 24 << 20;

const isRoot = process.getuid?.() === 0;

/** Says what the file systems that are to hold the tree can do. */
export type Has = (feature: keyof Features) => boolean;

const oddNames: readonly Path[] = [
  ' leading and trailing ',
  'new\nline',
  'tab\tquote\'double"',
  '*?[glob]$(not run)`;&|<>',
  '...',
];

const unusualNames: readonly Path[] = [
  '-rf',
  'colon:in:name',
  'né語\u{1f600}',
  // Composed and decomposed are two names on Linux.
  'é',
  'e\u0301',
  'x'.repeat(255),
  'é'.repeat(127),
];

const rawName = Buffer.from([0x6c, 0xe4, 0xf6, 0xff, 0x2e]);

/**
 * Makes a tree with everything a backup program has to keep, as far as it can be kept.
 * @param many - files in one directory
 */
export async function makeTree(posix: Posix, root: string, has: Has, many: number): Promise<void> {
  const at = (name: Path): Path =>
    typeof name === 'string' ? `${root}/${name}` : Buffer.concat([Buffer.from(`${root}/`), name]);
  await posix.mkdir(root);
  for (const directory of [
    'plain',
    'odd',
    'links',
    'modes',
    'sparse',
    'xattrs',
    'times',
    'empty',
  ]) {
    await posix.mkdir(at(directory));
  }
  for (const [index, length] of [0, 1, 4095, 4096, 4097, 131_073, 3_000_001].entries()) {
    await posix.writeFile(at(`plain/${String(length)}`), pattern(length, index + 1));
  }
  let deep = 'plain';
  for (let depth = 0; depth < 30; depth += 1) {
    deep += `/directory-${String(depth)}`;
    await posix.mkdir(at(deep));
  }
  await posix.writeFile(at(`${deep}/file`), 'deep\n');
  await posix.createMany(at('empty'), 'many-', many);
  await makeOddNames(posix, at, has);
  if (has('hardLinks') && has('symbolicLinks')) await makeLinks(posix, at);
  if (has('modes') && has('ownership')) await makeModes(posix, at);
  await makeSparse(posix, at);
  if (has('xattrs')) await makeAttributes(posix, at);
  await makeTimes(posix, at, has);
}

type At = (name: Path) => Path;

async function makeOddNames(posix: Posix, at: At, has: Has): Promise<void> {
  const names = [
    ...unusualNames,
    ...(has('oddNames') ? oddNames : []),
    ...(has('backslashes') ? ['back\\slash'] : []),
    ...(has('rawNames') ? [rawName] : []),
  ];
  for (const [index, name] of names.entries()) {
    const inside = Buffer.concat([Buffer.from('odd/'), Buffer.from(name as string)]);
    await posix.writeFile(at(inside), `number ${String(index)}\n`);
  }
}

async function makeLinks(posix: Posix, at: At): Promise<void> {
  await posix.writeFile(at('links/one'), 'three names\n');
  await posix.link(at('links/one'), at('links/two'));
  await posix.link(at('links/one'), at('plain/three'));
  const targets = { relative: 'one', absolute: '/no/such/place', up: '../plain/1', self: 'self' };
  for (const [name, target] of Object.entries(targets)) {
    await posix.symlink(target, at(`links/${name}`));
  }
  await posix.symlink('y'.repeat(1000), at('links/long'));
  await posix.symlink(Buffer.from([0x2e, 0x2f, 0xff, 0xe4]), at('links/bytes'));
}

async function makeModes(posix: Posix, at: At): Promise<void> {
  for (const mode of [0o000, 0o400, 0o644, 0o711, 0o4755, 0o2755, 0o1644, 0o7777]) {
    const name = at(`modes/file-${mode.toString(8)}`);
    await posix.writeFile(name, mode.toString(8));
    // A change of owner takes the set-user-id bits away, so it comes first.
    if (isRoot) await posix.chown(name, 1234, 5678);
    await posix.chmod(name, mode);
  }
  for (const mode of [0o700, 0o1777, 0o2775]) {
    const name = at(`modes/directory-${mode.toString(8)}`);
    await posix.mkdir(name);
    await posix.chmod(name, mode);
  }
}

async function makeSparse(posix: Posix, at: At): Promise<void> {
  const file = await posix.open(at('sparse/holes'), 'RDWR|CREAT');
  for (const [index, offset] of [0, 5 << 20, (15 << 20) + 123].entries()) {
    await posix.pwrite(file, pattern(70_000, index + 1), offset);
  }
  await posix.ftruncate(file, SPARSE_SIZE);
  await posix.fallocate(file, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, 8192, 16_384);
  await posix.closeFd(file);
  const empty = await posix.open(at('sparse/all-hole'), 'RDWR|CREAT');
  await posix.ftruncate(empty, SPARSE_SIZE);
  await posix.closeFd(empty);
}

async function makeAttributes(posix: Posix, at: At): Promise<void> {
  for (const name of ['file', 'other']) await posix.writeFile(at(`xattrs/${name}`), name);
  await posix.mkdir(at('xattrs/directory'));
  for (const name of ['file', 'directory']) {
    await posix.setxattr(at(`xattrs/${name}`), 'user.text', 'value');
    await posix.setxattr(at(`xattrs/${name}`), 'user.né語', pattern(300, 5));
    await posix.setxattr(at(`xattrs/${name}`), 'user.empty', '');
  }
}

/**
 * No time is of this run, so that equal trees have equal manifests, and none that is copied is by
 * chance the time of copying.
 */
async function makeTimes(posix: Posix, at: At, has: Has): Promise<void> {
  const unit = has('nanoseconds') ? 1n : 100n;
  const whole = (time: bigint): bigint => (time / unit) * unit;
  const special: Readonly<Record<string, bigint>> = {
    'times/epoch': 0n,
    'times/before': -1_000_000_001n,
    'times/late': 4_500_000_000_999_999_999n,
  };
  for (const name of Object.keys(special)) await posix.writeFile(at(name), name);
  if (has('symbolicLinks')) await posix.symlink('epoch', at('times/link'));
  let time = 1_000_000_000_123_456_789n;
  const visit = async (directory: Path): Promise<void> => {
    for (const { name, kind } of await posix.scandir(at(directory))) {
      const inside = Buffer.concat([Buffer.from(directory as string), Buffer.from('/'), name]);
      if (kind === 'directory') await visit(inside);
      time += 1_111_111_111n;
      const modified = special[inside.toString().slice(2)] ?? time;
      await posix.utimens(at(inside), 500n, whole(modified), false);
    }
  };
  await visit('.');
}
