import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMountInfo, readMountInfo, topmostAt } from '../../lib/mounts/mountinfo.js';

describe('a line', () => {
  it('has a place, a device, a type, a source and options', () => {
    const text = '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n';
    expect(parseMountInfo(text)).toEqual([
      {
        id: 36,
        parentId: 35,
        mountPoint: '/mnt2',
        deviceNumber: '98:0',
        type: 'ext3',
        source: '/dev/root',
        options: ['rw', 'noatime', 'rw', 'errors=continue'],
      },
    ]);
  });

  it.each([
    ['none', ''],
    ['one', 'shared:5 '],
    ['several', 'shared:5 master:3 propagate_from:2 '],
    ['unknown ones', 'unbindable whatever:7 '],
  ])('may have optional fields: %s', (_what, fields) => {
    const text = `61 29 0:54 / /mnt/x rw ${fields}- fuse.node-dokan notes rw,user_id=5`;
    expect(parseMountInfo(text)).toEqual([
      {
        id: 61,
        parentId: 29,
        mountPoint: '/mnt/x',
        deviceNumber: '0:54',
        type: 'fuse.node-dokan',
        source: 'notes',
        options: ['rw', 'rw', 'user_id=5'],
      },
    ]);
  });

  it.each([
    ['\\040', ' '],
    ['\\011', '\t'],
    ['\\012', '\n'],
    ['\\134', '\\'],
    ['\\134040', '\\040'],
    ['\\043', '#'],
    ['\\1', '\\1'],
    ['\\777', '\\777'],
    ['ü\\040€', 'ü €'],
  ])('has its fields escaped: %s', (escaped, plain) => {
    const text = `61 29 0:54 / /mnt/${escaped}x rw - fuse.y a${escaped} rw`;
    const [mount] = parseMountInfo(text);
    expect(mount).toMatchObject({ mountPoint: `/mnt/${plain}x`, source: `a${plain}` });
  });

  it('may have an empty source', () => {
    const [mount] = parseMountInfo('61 29 0:54 / /mnt/x rw - tmpfs  rw,size=5k');
    expect(mount).toMatchObject({ type: 'tmpfs', source: '', options: ['rw', 'rw', 'size=5k'] });
  });

  it('may lack what comes after the type', () => {
    const [mount] = parseMountInfo('61 29 0:54 / /mnt/x rw - tmpfs');
    expect(mount).toMatchObject({ type: 'tmpfs', source: '', options: ['rw'] });
  });
});

it.each([
  '',
  ' ',
  ' - ',
  'garbage',
  'a b c d e f - g h i',
  '36 35 98:0 /mnt1 - ext3 x rw',
  '36 35 98:0 / /mnt2 rw ext3 x rw',
  '36 35 98:0 / /mnt2 rw - ',
  '36 35 98 / /mnt2 rw - ext3 x rw',
])('passes over what makes no sense: "%s"', (line) => {
  const good = '61 29 0:54 / /mnt/x rw - tmpfs none rw';
  expect(parseMountInfo(`${line}\n${good}\n${line}\n`)).toHaveLength(1);
});

it('survives any text', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(' ', '-', '\n', '\\', '0', '5', ':', 'a') }),
      (text) => {
        for (const mount of parseMountInfo(text)) expect(mount.mountPoint).not.toBe('');
      },
    ),
  );
});

it('finds any mount point again, escaped as the kernel does', () => {
  const escape = (text: string): string =>
    text.replaceAll(
      /[ \t\n\\]/g,
      (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
    );
  const name = fc.string({ unit: 'binary', minLength: 1 });
  fc.assert(
    fc.property(name, name, (place, source) => {
      const text = `1 2 0:5 / /${escape(place)} rw - fuse.a ${escape(source)} rw\n`;
      expect(parseMountInfo(text)).toMatchObject([{ mountPoint: `/${place}`, source }]);
    }),
  );
});

describe('topmostAt', () => {
  const mounts = parseMountInfo(
    ['/a', '/b', '/a', '/ab']
      .map((place, index) => `1 2 0:${index} / ${place} rw - tmpfs none rw`)
      .join('\n'),
  );

  it('is the last one at that place', () => {
    expect(topmostAt(mounts, '/a')).toHaveProperty('deviceNumber', '0:2');
    expect(topmostAt(mounts, '/b')).toHaveProperty('deviceNumber', '0:1');
  });

  it('is what the others at that place carry, in whatever order they are listed', () => {
    const lines = [
      '50 40 0:5 / /a rw - tmpfs middle rw',
      '60 50 0:6 / /a rw - tmpfs top rw',
      '40 1 0:4 / /a rw - tmpfs bottom rw',
    ];
    for (const order of [lines, lines.toReversed(), [lines[1], lines[2], lines[0]]]) {
      expect(topmostAt(parseMountInfo(order.join('\n')), '/a')).toHaveProperty('source', 'top');
    }
  });

  it('is nothing where nothing is mounted', () => {
    expect(topmostAt(mounts, '/')).toBeUndefined();
    expect(topmostAt([], '/a')).toBeUndefined();
  });
});

it.runIf(process.platform === 'linux')("reads the kernel's own list", async () => {
  expect(topmostAt(await readMountInfo(), '/')).toMatchObject({ mountPoint: '/' });
});
