import { describe, expect } from 'vitest';
import { refuses, type Scene, type Suite } from './suite.js';
import { has, type Features } from './target.js';

const controls = Array.from({ length: 31 }, (_, at) => String.fromCharCode(at + 1));

/** Names that some system or some encoding changes, refuses or takes for something else. */
const names: readonly [title: string, name: string][] = [
  ['composed', '\u00e9'],
  ['decomposed', 'e\u0301'],
  ['emoji', '🐧👩‍👩‍👧'],
  ['scripts', 'Ωж日本語עברית'],
  ['a byte order mark', '\ufeffname'],
  ['the replacement character', '\ufffd'],
  ['a noncharacter', 'a\uffffb'],
  ['the last code point', '\u{10ffff}'],
  ['private use', '\ue000\uf100\uf8ff'],
  ['what other systems put for forbidden characters', '\uf001\uf022\uf080\uf0ff'],
  ['a space', ' '],
  ['spaces around', '  name  '],
  ['a dot at the end', 'name.'],
  ['a space at the end', 'name '],
  ['dots only', '...'],
  ['a hidden name', '.hidden'],
  ['a colon', 'name:stream'],
  ['a colon at the end', 'name:'],
  ['a stream with its type', 'name::$DATA'],
  ['a backslash', 'a\\b'],
  ['a backslash at the end', 'name\\'],
  ['quotes', `'"\``],
  ['wildcards', '*?<>|'],
  ['a star', '*'],
  ['a newline', 'first\nsecond\n'],
  ['a tab', '\t'],
  ['delete', '\u007f'],
  ['all control characters', controls.join('')],
  ['an option', '-rf'],
  ['a home', '~'],
  ['an escape', '%00%2f'],
  ['a device of DOS', 'CON'],
  ['a device of DOS with an extension', 'nul.txt'],
  ['a drive', 'C:'],
  ['a short name', 'LONGNA~1.TXT'],
];

const hasControls = (name: string): boolean => controls.some((control) => name.includes(control));

/** What a file system must be able to, for that name. */
function needsOf(name: string): (keyof Features)[] {
  return [
    ...(name.includes('\\') ? (['backslashes'] as const) : []),
    ...(ODD.test(name) || hasControls(name) ? (['oddNames'] as const) : []),
  ];
}

// Characters, endings and device names that the Win32 functions refuse or change.
const ODD = /[":*<>?|]|[ .]$|^(con|nul|prn|aux|com\d|lpt\d)(\.|$)/i;

/** The names of a directory in hexadecimal: what a failure prints must not be ambiguous. */
async function listed({ posix, path }: Scene): Promise<string[]> {
  return (await posix.listdir(path())).map((name) => name.toString('hex'));
}

/** Makes, finds, renames and removes under a name. */
async function roundTrip(scene: Scene, name: Buffer): Promise<void> {
  const { posix, path, target } = scene;
  const at = scene.rawPath(name);
  const hex = name.toString('hex');
  await posix.writeFile(at, 'content');
  expect(await listed(scene)).toEqual([hex]);
  expect(await posix.readText(at)).toBe('content');
  const mode = has(target, 'modes') ? 0o600 : (await posix.stat(at)).mode;
  await posix.chmod(at, mode);
  await refuses(posix.mkdir(at), 'EEXIST');
  await posix.rename(at, path('plain'));
  expect(await posix.names(path())).toEqual(['plain']);
  await refuses(posix.stat(at), 'ENOENT');
  await posix.rename(path('plain'), at);
  expect((await posix.stat(at)).mode).toBe(mode);
  await posix.unlink(at);
  expect(await listed(scene)).toEqual([]);
  await posix.mkdir(at);
  const inner = Buffer.concat([at, Buffer.from('/'), name]);
  await posix.writeFile(inner, 'inner');
  expect((await posix.listdir(at)).map((found) => found.toString('hex'))).toEqual([hex]);
  expect(await posix.readText(inner)).toBe('inner');
  await posix.unlink(inner);
  await posix.rmdir(at);
  expect(await listed(scene)).toEqual([]);
}

function text(suite: Suite): void {
  for (const [title, name] of names) {
    suite.test(title, needsOf(name), (scene) => roundTrip(scene, Buffer.from(name)));
  }

  suite.test('every control character', ['oddNames'], async (scene) => {
    for (const name of controls) await roundTrip(scene, Buffer.from(name));
  });

  suite.test('all of them side by side', [], async (scene) => {
    const { posix, path, target } = scene;
    const able = names.filter(([, name]) => needsOf(name).every((need) => has(target, need)));
    for (const [title, name] of able) await posix.writeFile(path(name), title);
    const wanted = able.map(([, name]) => Buffer.from(name).toString('hex')).sort();
    expect((await listed(scene)).sort()).toEqual(wanted);
    for (const [title, name] of able) expect(await posix.readText(path(name))).toBe(title);
    for (const [, name] of able) await posix.unlink(path(name));
    expect(await listed(scene)).toEqual([]);
  });

  suite.test('names that only look alike', [], async ({ posix, path, target }) => {
    const cases = has(target, 'caseSensitive') ? ['A', 'É'] : [];
    const alike = [...cases, '\u00e9', 'e\u0301', '\u212b', '\u00c5', 'a', 'ß', 'ss', 'ﬀ', 'ff'];
    for (const name of alike) await posix.writeFile(path(name), name);
    expect((await posix.names(path())).sort()).toEqual([...alike].sort());
    for (const name of alike) expect(await posix.readText(path(name))).toBe(name);
  });

  suite.test('a backslash that Windows would take for a slash', [], async (scene) => {
    const { posix, path, target } = scene;
    if (has(target, 'backslashes')) return roundTrip(scene, Buffer.from('\\'));
    await posix.mkdir(path('a'));
    await posix.writeFile(path('a', 'b'), '');
    await refuses(posix.open(path('a\\b'), 'RDWR|CREAT'), 'EINVAL');
    await refuses(posix.stat(path('a\\b')), 'EINVAL');
    await refuses(posix.mkdir(path('\\a')), 'EINVAL');
    await refuses(posix.rename(path('a', 'b'), path('a\\c')), 'EINVAL');
    expect(await posix.names(path())).toEqual(['a']);
    expect(await posix.names(path('a'))).toEqual(['b']);
  });

  suite.test('U+F03A', [], async (scene) => {
    const { posix, path, target } = scene;
    for (const name of ['\uf03a', 'a\uf03ab']) {
      if (target.features.privateUseNames === true) {
        await roundTrip(scene, Buffer.from(name));
        continue;
      }
      await posix.writeFile(path('file'), '');
      await refuses(posix.open(path(name), 'RDWR|CREAT'), 'EILSEQ');
      await refuses(posix.mkdir(path(name)), 'EILSEQ');
      await refuses(posix.rename(path('file'), path(name)), 'EILSEQ');
      expect(await posix.names(path())).toEqual(['file']);
    }
  });
}

function bytes(suite: Suite): void {
  const raw: readonly [title: string, hex: string][] = [
    ['a byte that is never UTF-8', 'ff'],
    ['a continuation alone', '80'],
    ['Latin-1', '6d fc 6c 6c 65 72'],
    ['a sequence cut off', '61 e2 82'],
    ['a sequence broken by ASCII', 'c3 28'],
    ['an overlong slash', 'c0 af'],
    ['an overlong NUL', 'c0 80'],
    ['a surrogate', 'ed a0 80'],
    ['a pair of surrogates', 'ed a0 bd ed b0 a7'],
    ['beyond U+10FFFF', 'f4 90 80 80'],
    ['valid and invalid mixed', 'c3 a9 ff f0 9f 90 a7 fe 2e 74 78 74'],
  ];
  const needs = ['rawNames'] as const;
  for (const [title, hex] of raw) {
    suite.test(`not UTF-8: ${title}`, needs, (scene) =>
      roundTrip(scene, Buffer.from(hex.replaceAll(' ', ''), 'hex')),
    );
  }

  suite.test('not UTF-8: all 128 upper bytes are different names', needs, async (scene) => {
    const { posix } = scene;
    const all = Array.from({ length: 128 }, (_, at) => Buffer.from([128 + at]));
    for (const name of all) await posix.writeFile(scene.rawPath(name), name);
    expect(await listed(scene)).toEqual(all.map((name) => name.toString('hex')));
    for (const name of all) {
      expect((await posix.readFile(scene.rawPath(name))).toString('hex')).toBe(
        name.toString('hex'),
      );
    }
  });
}

function lengths(suite: Suite): void {
  const longest: readonly [title: string, name: string][] = [
    ['ASCII', 'n'.repeat(255)],
    ['two bytes each', `${'é'.repeat(127)}x`],
    ['three bytes each', '語'.repeat(85)],
    ['four bytes each', `${'🐧'.repeat(63)}abc`],
    ['characters DOS forbids', ':'.repeat(255)],
  ];
  for (const [title, name] of longest) {
    suite.test(`255 bytes: ${title}`, needsOf(name), async (scene) => {
      expect(Buffer.byteLength(name)).toBe(255);
      await roundTrip(scene, Buffer.from(name));
    });
    suite.test(`256 bytes: ${title}`, needsOf(name), async (scene) => {
      const { posix, path } = scene;
      const long = path(`${name}x`);
      await posix.writeFile(path('file'), '');
      await refuses(posix.open(long, 'RDWR|CREAT'), 'ENAMETOOLONG');
      await refuses(posix.mkdir(long), 'ENAMETOOLONG');
      await refuses(posix.symlink('x', long), 'ENAMETOOLONG');
      await refuses(posix.link(path('file'), long), 'ENAMETOOLONG');
      await refuses(posix.rename(path('file'), long), 'ENAMETOOLONG');
      await refuses(posix.stat(long), 'ENAMETOOLONG');
      await refuses(posix.unlink(long), 'ENAMETOOLONG');
      expect(await posix.names(path())).toEqual(['file']);
    });
  }

  suite.test('255 bytes that are not UTF-8', ['rawNames'], (scene) =>
    roundTrip(scene, Buffer.alloc(255, 0xff)),
  );

  suite.test('a path of 4095 bytes, and one more', ['longPaths'], async ({ posix, path }) => {
    let deep = path();
    while (deep.length + 202 < 4095 - 100) {
      deep += `/${'d'.repeat(200)}`;
      await posix.mkdir(deep);
    }
    const file = `${deep}/${'f'.repeat(4095 - deep.length - 1)}`;
    expect(file.length).toBe(4095);
    await posix.writeFile(file, 'deep');
    expect(await posix.readText(file)).toBe('deep');
    await posix.rename(file, `${deep}/short`);
    await posix.rename(`${deep}/short`, file);
    expect((await posix.stat(file)).size).toBe(4);
    await refuses(posix.stat(`${file}f`), 'ENAMETOOLONG');
    await posix.unlink(file);
    expect(await posix.names(deep)).toEqual([]);
  });

  suite.test('statvfs tells the longest name', [], async ({ posix, path }) => {
    expect((await posix.statvfs(path())).namemax).toBe(255);
  });
}

/** Names: any bytes but `/` and NUL, up to 255, unchanged. */
export function naming(suite: Suite): void {
  describe('names', () => {
    text(suite);
    bytes(suite);
    lengths(suite);
  });
}
