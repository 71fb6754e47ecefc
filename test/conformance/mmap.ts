import { readFileSync, realpathSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { pattern, refuses, sameBytes, type Suite } from './suite.js';

const page = 4096;

function shared(suite: Suite): void {
  const needs = ['sharedMaps'] as const;

  suite.test('map, read and write show the same', needs, async ({ posix, path }) => {
    await posix.writeFile(path('file'), pattern(3 * page, 1));
    const fd = await posix.open(path('file'), 'RDWR');
    const map = await posix.map(fd, 3 * page);
    sameBytes(await posix.mapRead(map, 0, 3 * page), pattern(3 * page, 1));
    await posix.mapWrite(map, page - 5, 'over the edge');
    expect((await posix.pread(fd, 13, page - 5)).toString()).toBe('over the edge');
    await posix.pwrite(fd, 'written', 2 * page);
    expect((await posix.mapRead(map, 2 * page, 7)).toString()).toBe('written');
    expect((await posix.fstat(fd)).size).toBe(3 * page);
  });

  suite.test('a map and O_DIRECT show the same', ['sharedMaps', 'directIo'], async (scene) => {
    const { posix, path } = scene;
    await posix.writeFile(path('file'), pattern(4 * page, 1));
    const map = await posix.map(await posix.open(path('file'), 'RDWR'), 4 * page);
    const direct = await posix.open(path('file'), 'RDWR|DIRECT');
    for (let round = 0; round < 5; round += 1) {
      const [mapped, written] = [pattern(page, 10 + round), pattern(page, 20 + round)];
      await posix.mapWrite(map, page, mapped);
      sameBytes(await posix.preadDirect(direct, page, page), mapped);
      await posix.pwriteDirect(direct, written, page);
      sameBytes(await posix.mapRead(map, page, page), written);
    }
    const own = await posix.map(direct, 4 * page);
    await posix.mapWrite(own, 3 * page, 'through the open itself');
    expect((await posix.mapRead(map, 3 * page, 23)).toString()).toBe('through the open itself');
    expect((await posix.preadDirect(direct, page, 3 * page)).toString('latin1', 0, 23)).toBe(
      'through the open itself',
    );
  });

  suite.test('maps of two processes', needs, async ({ posix, path, helper }) => {
    const other = helper();
    await posix.writeFile(path('file'), Buffer.alloc(2 * page));
    const mine = await posix.map(await posix.open(path('file'), 'RDWR'), 2 * page);
    const fd = await other.open(path('file'), 'RDWR');
    const theirs = await other.map(fd, 2 * page);
    for (let round = 0; round < 20; round += 1) {
      const text = `round ${String(round)}`;
      await posix.mapWrite(mine, round * 300, text);
      expect((await other.mapRead(theirs, round * 300, text.length)).toString()).toBe(text);
      expect((await other.pread(fd, text.length, round * 300)).toString()).toBe(text);
      await other.mapWrite(theirs, round * 300 + 100, text);
      expect((await posix.mapRead(mine, round * 300 + 100, text.length)).toString()).toBe(text);
    }
  });

  suite.test('what msync wrote is in the file', needs, async ({ posix, path, helper }) => {
    const size = 5 << 20;
    const wanted = Buffer.alloc(size);
    await posix.writeFile(path('file'), wanted);
    const fd = await posix.open(path('file'), 'RDWR');
    const map = await posix.map(fd, size);
    for (let at = 0; at < 64; at += 1) {
      const data = pattern(700, at + 1);
      const place = (at * 81_111) % (size - 700);
      await posix.mapWrite(map, place, data);
      data.copy(wanted, place);
    }
    await posix.msync(map);
    sameBytes(await helper().readFile(path('file')), wanted);
    await posix.mapWrite(map, 100, 'after msync');
    wanted.write('after msync', 100);
    await posix.unmap(map);
    await posix.fsync(fd);
    await posix.closeFd(fd);
    sameBytes(await helper().readFile(path('file')), wanted);
  });

  suite.test('a map outlives the descriptor', needs, async ({ posix, path }) => {
    await posix.writeFile(path('file'), pattern(page, 2));
    const fd = await posix.open(path('file'), 'RDWR');
    const map = await posix.map(fd, page);
    await posix.closeFd(fd);
    await posix.mapWrite(map, 0, 'after the close');
    await posix.msync(map);
    expect((await posix.readText(path('file'))).slice(0, 15)).toBe('after the close');
    await posix.rename(path('file'), path('renamed'));
    await posix.mapWrite(map, 0, 'after a  rename');
    await posix.unmap(map);
    expect((await posix.readText(path('renamed'))).slice(0, 15)).toBe('after a  rename');
  });

  suite.test('a map of an unlinked file', needs, async ({ posix, path }) => {
    await posix.writeFile(path('file'), pattern(20 * page, 3));
    const fd = await posix.open(path('file'), 'RDWR');
    const map = await posix.map(fd, 20 * page);
    await posix.closeFd(fd);
    await posix.unlink(path('file'));
    await posix.writeFile(path('file'), 'another file');
    sameBytes(await posix.mapRead(map, 0, 20 * page), pattern(20 * page, 3));
    await posix.mapWrite(map, 7 * page, 'still here');
    await posix.msync(map);
    expect((await posix.mapRead(map, 7 * page, 10)).toString()).toBe('still here');
    await posix.unmap(map);
    expect(await posix.readText(path('file'))).toBe('another file');
  });

  suite.test('the rest of the last page is no part of the file', needs, async (scene) => {
    const { posix, path } = scene;
    await posix.writeFile(path('file'), 'ten bytes.');
    const fd = await posix.open(path('file'), 'RDWR');
    const map = await posix.map(fd, page);
    expect((await posix.mapRead(map, 10, page - 10)).equals(Buffer.alloc(page - 10))).toBe(true);
    await posix.mapWrite(map, 5, 'BYTES, and what is not in the file');
    await posix.msync(map);
    await posix.unmap(map);
    expect(await posix.readText(path('file'))).toBe('ten bBYTES');
    await posix.ftruncate(fd, 30);
    expect((await posix.readFile(path('file'))).subarray(10).equals(Buffer.alloc(20))).toBe(true);
  });

  suite.test('growing and cutting a mapped file', needs, async ({ posix, path }) => {
    const fd = await posix.open(path('file'), 'RDWR|CREAT');
    await posix.write(fd, pattern(page, 4));
    const map = await posix.map(fd, 4 * page);
    await posix.ftruncate(fd, 4 * page);
    await posix.mapWrite(map, 3 * page, 'grown');
    expect((await posix.pread(fd, 5, 3 * page)).toString()).toBe('grown');
    await posix.ftruncate(fd, 100);
    expect((await posix.mapRead(map, 100, 50)).equals(Buffer.alloc(50))).toBe(true);
    await posix.ftruncate(fd, 4 * page);
    const wanted = Buffer.alloc(4 * page);
    pattern(page, 4).copy(wanted, 0, 0, 100);
    sameBytes(await posix.mapRead(map, 0, 4 * page), wanted);
    sameBytes(await posix.readFile(path('file')), wanted);
  });

  suite.test('beyond the end of the file is SIGBUS', needs, async ({ path, helper }) => {
    const other = helper();
    await other.writeFile(path('file'), 'short');
    const map = await other.map(await other.open(path('file'), 'RDWR'), 2 * page);
    await expect(other.mapRead(map, page, 1)).rejects.toThrow();
    expect((await other.exit).signal).toBe('SIGBUS');
  });

  suite.test('a map needs an open of its kind', needs, async ({ posix, path }) => {
    await posix.writeFile(path('file'), pattern(page, 5));
    const reader = await posix.open(path('file'), 'RDONLY');
    await refuses(posix.map(reader, page), 'EACCES');
    const writer = await posix.open(path('file'), 'WRONLY');
    await refuses(posix.map(writer, page), 'EACCES');
    const map = await posix.map(reader, page, { writable: false });
    sameBytes(await posix.mapRead(map, 0, page), pattern(page, 5));
  });

  suite.test('a map at an offset', needs, async ({ posix, path }) => {
    await posix.writeFile(path('file'), pattern(40 * page, 6));
    const fd = await posix.open(path('file'), 'RDWR');
    const map = await posix.map(fd, 2 * page, { offset: 33 * page });
    sameBytes(
      await posix.mapRead(map, 0, 2 * page),
      pattern(40 * page, 6).subarray(33 * page, 35 * page),
    );
    await refuses(posix.map(fd, page, { offset: 100 }), 'EINVAL');
  });
}

function privately(suite: Suite): void {
  suite.test('a private map keeps its writes to itself', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), pattern(2 * page, 7));
    const fd = await posix.open(path('file'), 'RDONLY');
    const map = await posix.map(fd, 2 * page, { shared: false });
    await posix.mapWrite(map, 0, 'private');
    expect((await posix.mapRead(map, 0, 7)).toString()).toBe('private');
    await posix.msync(map);
    sameBytes(await posix.readFile(path('file')), pattern(2 * page, 7));
    // The page that was not written is still the file's.
    const writer = await posix.open(path('file'), 'WRONLY');
    await posix.pwrite(writer, 'public', page);
    expect((await posix.mapRead(map, page, 6)).toString()).toBe('public');
  });
}

function executing(suite: Suite): void {
  suite.test('a program runs', ['modes'], async ({ posix, path }) => {
    const data = readFileSync(realpathSync('/bin/true'));
    await posix.writeFile(path('program'), data);
    await refuses(posix.execute(path('program')), 'EACCES');
    await posix.chmod(path('program'), 0o755);
    expect(await posix.execute(path('program'))).toBe(0);
    sameBytes(await posix.readFile(path('program')), data);
    await posix.rename(path('program'), path('renamed'));
    expect(await posix.execute(path('renamed'))).toBe(0);
  });

  suite.test('a script runs', ['modes'], async ({ posix, path }) => {
    await posix.writeFile(path('script'), '#!/bin/sh\nexit 42\n');
    await posix.chmod(path('script'), 0o755);
    expect(await posix.execute(path('script'))).toBe(42);
  });

  suite.test(
    'a program that is being written is ETXTBSY',
    ['modes'],
    async ({ posix, path, helper }) => {
      const writer = helper();
      await posix.writeFile(path('program'), readFileSync(realpathSync('/bin/true')));
      await posix.chmod(path('program'), 0o755);
      const fd = await writer.open(path('program'), 'RDWR');
      await refuses(posix.execute(path('program')), 'ETXTBSY');
      await writer.closeFd(fd);
      expect(await posix.execute(path('program'))).toBe(0);
    },
  );
}

/** Memory maps, and the programs that run through them. */
export function mmap(suite: Suite): void {
  describe('mmap', () => {
    shared(suite);
    privately(suite);
    executing(suite);
  });
}
