import { CreateOptions, FileAttributes } from 'node-dokan';
import { describe, expect, it } from 'vitest';
import { FakeOpen, failure } from './fake_open.js';
import { fs, client, start } from './scene.js';

const { DIRECTORY_FILE } = CreateOptions;

describe('streams', () => {
  it('lie beside the data of files and directories', () => {
    client.write('/f', 'main');
    client.write('/f:one', 'first');
    client.write('/f:two:$DATA', 'second');
    client.mkdir('/d');
    client.write('/d:s', 'dir');
    expect(client.read('/f')).toBe('main');
    expect(client.read('/f::$DATA')).toBe('main');
    expect(client.read('/f:one:$DATA')).toBe('first');
    expect(fs.findStreams('/f', client.open('/f'))).toEqual([
      { name: '::$DATA', size: 4 },
      { name: ':one:$DATA', size: 5 },
      { name: ':two:$DATA', size: 6 },
    ]);
    expect(fs.findStreams('/d', client.open('/d'))).toEqual([{ name: ':s:$DATA', size: 3 }]);
    expect(client.stat('/f:two').size).toBe(6);
    expect((client.stat('/d:s').attributes ?? 0) & FileAttributes.DIRECTORY).toBe(0);
    expect(client.open('/d:s').isDirectory).toBe(false);
    expect(failure(() => client.result('/d:s', { createOptions: DIRECTORY_FILE }))).toBe(
      'NOT_A_DIRECTORY',
    );
    expect(failure(() => client.stat('/f:no'))).toBe('OBJECT_NAME_NOT_FOUND');
    expect(failure(() => client.open('/no:s'))).toBe('OBJECT_NAME_NOT_FOUND');
  });

  it('come with their file, and go with it', () => {
    const before = client.used;
    client.write('/f:s', 'x'.repeat(10_000));
    expect(client.stat('/f').size).toBe(0);
    client.rename('/f', '/g');
    expect(client.read('/g:s')).toHaveLength(10_000);
    client.unlink('/g');
    expect(client.used).toBe(before);
  });

  it('are deleted alone, and stay until closed', () => {
    client.write('/f', 'main');
    const before = client.used;
    const open = client.create('/f:s');
    fs.writeFile('/f:s', Buffer.from('text'), 0, open);
    client.unlink('/f:s');
    expect(failure(() => client.stat('/f:s'))).toBe('OBJECT_NAME_NOT_FOUND');
    expect(client.readOpen(open).toString()).toBe('text');
    client.close('/f:s', open);
    expect(client.used).toBe(before);
    expect(client.read('/f')).toBe('main');
  });

  it('do not hide that ::$DATA is the file itself', () => {
    client.write('/f', 'main');
    client.rename('/f::$DATA', '/g');
    expect(client.read('/g::$DATA')).toBe('main');
    client.unlink('/g::$DATA');
    expect(client.names('/')).toEqual([]);
  });

  it('can be renamed within the file', () => {
    client.write('/f:a', '1');
    client.write('/f:b', '2');
    expect(failure(() => client.rename('/f:a', '/f:b', false))).toBe('OBJECT_NAME_COLLISION');
    client.rename('/f:a', '/f:b');
    expect(client.read('/f:b')).toBe('1');
    expect(failure(() => client.stat('/f:a'))).toBe('OBJECT_NAME_NOT_FOUND');
    client.write('/g', '');
    expect(failure(() => client.rename('/f:b', '/g:b'))).toBe('INVALID_PARAMETER');
  });

  it('are no place for files', () => {
    client.write('/f', '');
    expect(failure(() => client.rename('/f', '/g:s'))).toBe('OBJECT_NAME_INVALID');
    expect(failure(() => fs.createHardLink('/f', '/g:s'))).toBe('OBJECT_NAME_INVALID');
    expect(failure(() => fs.createSymbolicLink('/g:s', 'f', new FakeOpen()))).toBe(
      'OBJECT_NAME_INVALID',
    );
    expect(client.names('/')).toEqual(['f']);
  });

  it('do not change the time of last write', () => {
    client.write('/f', '');
    const before = client.stat('/f');
    client.write('/f:s', 'x');
    expect(client.stat('/f').lastWriteTime).toBe(before.lastWriteTime);
    expect(client.stat('/f').changeTime).not.toBe(before.changeTime);
  });
});

describe('names', () => {
  it('are exact where case matters', () => {
    client.write('/Name', '1');
    client.write('/name', '2');
    expect(client.names('/')).toEqual(['Name', 'name']);
  });

  it('keep their case where it does not', () => {
    start({ caseSensitive: false });
    client.mkdir('/Dir');
    client.write('/DIR/Größe', '1');
    client.write('/dir/GRÖßE', '2');
    expect(client.names('/dIR')).toEqual(['Größe']);
    client.rename('/dir/größe', '/DIR/GRÖSSE');
    client.rename('/dir/grösse', '/dir/Grösse', false);
    expect(client.names('/Dir')).toEqual(['Grösse']);
    client.unlink('/DIR/GRÖSSE');
    client.rmdir('/DIR');
    expect(client.names('/')).toEqual([]);
  });

  it('may hold bytes that are not UTF-8, and a colon where there are no streams', () => {
    start({ altStreams: false });
    client.write('/\udc80:x', 'y');
    expect(client.names('/')).toEqual(['\udc80:x']);
    expect(client.read('/\udc80:x')).toBe('y');
  });
});
