// Checks of mirrorfs for Windows: its callbacks below the model of Dokan's driver, compared with what
// node:fs of Windows sees in the mirrored directory.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const dist = new URL('../../../dist/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);

/** Imported in `prepare`: the names of the checks are read on Linux, before there is a build. */
let dokan;
let testing;
let win32;
let WindowsMirror;

export async function prepare(addon) {
  const { useWindowsAddon } = await load('hosts/dokan/addon.js');
  useWindowsAddon(addon);
  dokan = await load('index.js');
  testing = await load('hosts/loopback/index.js');
  win32 = await load('win32.js');
  ({ WindowsMirror } = await load('examples/mirrorfs/windows_mirror.js'));
}

/** A mirror mounted for a check, unmounted behind it. */
async function mirrored(root, work, options = {}, mountOptions = {}) {
  const mirror = new WindowsMirror(root, options);
  const client = await testing.loopback(mirror, { altStreams: true, ...mountOptions });
  try {
    await work(client, mirror);
    await client.unmount();
  } finally {
    mirror.dispose();
  }
}

async function refuses(promise, code) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.code, code);
    return true;
  });
}

/** The short names of what is in a directory and begins with a word, as cmd.exe shows them. */
function shortNames(directory, ...words) {
  const listed = execFileSync('cmd.exe', ['/d', '/c', 'dir', '/x', directory], {
    encoding: 'utf8',
  });
  const lines = listed.split(/\r?\n/);
  return (words.length === 0 ? ['directory'] : words).map((word) => {
    const line = lines.find((text) => text.includes(` ${word} `));
    return /(\S*~\S*)/.exec(line)[1];
  });
}

/** As little of a FileContext as the mirror looks at. */
function fakeFile(changes = {}) {
  return {
    context: undefined,
    isDirectory: false,
    deletePending: false,
    pagingIo: false,
    writeToEndOfFile: false,
    ...changes,
  };
}

function request(changes = {}) {
  const { FileAccess, ShareAccess, CreateDisposition } = dokan;
  return {
    desiredAccess: FileAccess.FILE_GENERIC_READ,
    fileAttributes: 0,
    shareAccess: ShareAccess.ALL,
    createDisposition: CreateDisposition.OPEN,
    createOptions: 0,
    ...changes,
  };
}

const statusOf = (work) => {
  try {
    work();
  } catch (error) {
    return error.code;
  }
  return 'SUCCESS';
};

export const checks = {
  'what is written through the volume is in the directory': (root) =>
    mirrored(root, async (client) => {
      const content = Buffer.from('x'.repeat(100_000));
      await client.mkdir('/directory');
      await client.writeFile('/directory/file', content);
      assert.ok(readFileSync(join(root, 'directory', 'file')).equals(content));
      writeFileSync(join(root, 'directory', 'other'), 'from outside');
      assert.equal((await client.readFile('/directory/other')).toString(), 'from outside');
      assert.deepEqual((await client.readdir('/directory')).sort(), ['file', 'other']);
      assert.deepEqual((await client.readdir('/directory', '*ther')).sort(), ['other']);
      await client.unlink('/directory/other');
      assert.deepEqual(readdirSync(join(root, 'directory')), ['file']);
    }),

  'dispositions say what they did': (root) =>
    mirrored(root, async (client) => {
      const { CreateDisposition } = dokan;
      const results = [];
      for (const [name, disposition] of Object.entries(CreateDisposition)) {
        for (const exists of [false, true]) {
          if (existsSync(join(root, 'file'))) unlinkSync(join(root, 'file'));
          if (exists) writeFileSync(join(root, 'file'), 'old');
          try {
            const file = await client.create('/file', { disposition });
            results.push(`${name} ${exists}: ${file.createResult}`);
            await file.close();
          } catch (error) {
            results.push(`${name} ${exists}: ${error.code}`);
          }
        }
      }
      assert.deepEqual(results, [
        'SUPERSEDE false: created',
        'SUPERSEDE true: superseded',
        'OPEN false: OBJECT_NAME_NOT_FOUND',
        'OPEN true: opened',
        'CREATE false: created',
        'CREATE true: OBJECT_NAME_COLLISION',
        'OPEN_IF false: created',
        'OPEN_IF true: opened',
        'OVERWRITE false: OBJECT_NAME_NOT_FOUND',
        'OVERWRITE true: overwritten',
        'OVERWRITE_IF false: created',
        'OVERWRITE_IF true: overwritten',
      ]);
    }),

  'directories are directories': (root) =>
    mirrored(root, async (client) => {
      const { CreateOptions } = dokan;
      await client.mkdir('/directory');
      await refuses(client.mkdir('/directory'), 'OBJECT_NAME_COLLISION');
      await client.writeFile('/file', '');
      await refuses(
        client.create('/file', { options: CreateOptions.DIRECTORY_FILE }),
        'NOT_A_DIRECTORY',
      );
      await refuses(
        client.create('/directory', { options: CreateOptions.NON_DIRECTORY_FILE }),
        'FILE_IS_A_DIRECTORY',
      );
      const file = await client.create('/directory', { access: 0x80 });
      assert.ok(file.isDirectory);
      await file.close();
      await refuses(client.create('/none/below'), 'OBJECT_PATH_NOT_FOUND');
      await client.writeFile('/directory/file', '');
      await refuses(client.unlink('/directory'), 'DIRECTORY_NOT_EMPTY');
      await client.unlink('/directory/file');
      await client.unlink('/directory');
      assert.deepEqual(readdirSync(root), ['file']);
    }),

  'information and listings agree with the directory': (root) =>
    mirrored(root, async (client) => {
      mkdirSync(join(root, 'directory'));
      writeFileSync(join(root, 'file'), 'x'.repeat(12_345));
      const entries = await client.list('/');
      assert.deepEqual(entries.map(({ name }) => name).sort(), ['directory', 'file']);
      for (const { name, ...entry } of entries) {
        const real = statSync(join(root, name), { bigint: true });
        const { size, ...times } = await client.stat(`/${name}`);
        assert.equal(times.inode, real.ino);
        assert.equal(entry.lastWriteTime, real.mtimeNs);
        assert.equal(times.lastWriteTime, real.mtimeNs);
        assert.equal(times.creationTime, real.birthtimeNs);
        assert.equal(entry.attributes, times.attributes);
        if (name === 'file') assert.equal(size, Number(real.size));
      }
    }),

  'times and attributes': (root) =>
    mirrored(root, async (client) => {
      const { FileAttributes } = dokan;
      await client.writeFile('/file', '');
      const file = await client.create('/file');
      await file.setTimes({ lastWriteTime: 1_234_567_890_123_456_700n });
      assert.equal(
        statSync(join(root, 'file'), { bigint: true }).mtimeNs,
        1_234_567_890_123_456_700n,
      );
      await file.setTimes({ lastAccessTime: -1_000_000_000n });
      const after = await file.stat();
      assert.equal(after.lastWriteTime, 1_234_567_890_123_456_700n);
      assert.equal(after.lastAccessTime, -1_000_000_000n);
      await file.setAttributes(FileAttributes.READONLY);
      assert.ok(((await file.stat()).attributes & FileAttributes.READONLY) !== 0);
      await file.close();
      await refuses(client.unlink('/file'), 'CANNOT_DELETE');
      const again = await client.create('/file', { access: 0x180 });
      await again.setAttributes(FileAttributes.NORMAL);
      await again.close();
      await client.unlink('/file');
      assert.deepEqual(readdirSync(root), []);
    }),

  sizes: (root) =>
    mirrored(root, async (client) => {
      await client.writeFile('/file', 'content');
      const file = await client.create('/file');
      await file.setEndOfFile(100);
      assert.equal(statSync(join(root, 'file')).size, 100);
      await file.setAllocationSize(50);
      assert.equal(statSync(join(root, 'file')).size, 50);
      await file.setAllocationSize(100_000);
      assert.equal(statSync(join(root, 'file')).size, 50);
      await file.setEndOfFile(3);
      assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'con');
      assert.equal(await file.write('tent', 'end'), 4);
      assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'content');
      await file.flush();
      await file.close();
    }),

  'who may only append appends': (root) =>
    mirrored(root, async (client) => {
      const { FileAccess } = dokan;
      await client.writeFile('/file', 'begin');
      const access = FileAccess.APPEND_DATA | FileAccess.SYNCHRONIZE;
      const file = await client.create('/file', { access });
      await file.write('-end', 'end');
      await file.close();
      assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'begin-end');
    }),

  'deletion by mark and by DELETE_ON_CLOSE': (root) =>
    mirrored(root, async (client) => {
      const { CreateOptions } = dokan;
      await client.writeFile('/marked', '');
      const marked = await client.create('/marked');
      await marked.delete();
      await marked.close();
      assert.ok(!existsSync(join(root, 'marked')));
      await client.writeFile('/kept', '');
      const kept = await client.create('/kept');
      await kept.delete();
      await kept.delete(false);
      await kept.close();
      assert.ok(existsSync(join(root, 'kept')));
      const options = CreateOptions.DELETE_ON_CLOSE;
      const closing = await client.create('/kept', { options });
      assert.ok(existsSync(join(root, 'kept')));
      // On the disk itself, nothing is to be seen of it yet.
      assert.equal(readFileSync(join(root, 'kept'), 'utf8'), '');
      await closing.close();
      assert.deepEqual(readdirSync(root), []);
      mkdirSync(join(root, 'full'));
      writeFileSync(join(root, 'full', 'file'), '');
      await refuses(client.create('/full', { options }), 'DIRECTORY_NOT_EMPTY');
      assert.ok(existsSync(join(root, 'full', 'file')));
    }),

  renaming: (root) =>
    mirrored(root, async (client) => {
      await client.mkdir('/directory');
      await client.writeFile('/one', '1');
      await client.writeFile('/two', '2');
      await client.rename('/one', '/directory/one');
      assert.equal(readFileSync(join(root, 'directory', 'one'), 'utf8'), '1');
      await refuses(client.rename('/two', '/directory/one'), 'OBJECT_NAME_COLLISION');
      await client.rename('/two', '/directory/one', { replace: true });
      assert.equal(readFileSync(join(root, 'directory', 'one'), 'utf8'), '2');
      await client.rename('/directory', '/moved');
      assert.deepEqual(readdirSync(root), ['moved']);
      const held = await client.create('/moved/one');
      await held.rename('/moved/three');
      assert.equal((await held.read(1)).toString(), '2');
      await held.close();
      assert.deepEqual(readdirSync(join(root, 'moved')), ['three']);
    }),

  'a memory map is read and written after the handle is closed': (root) =>
    mirrored(root, async (client) => {
      writeFileSync(join(root, 'file'), 'x'.repeat(5000));
      const file = await client.create('/file');
      const map = await file.map({ writable: true });
      await file.cleanup();
      assert.equal((await map.read(5, 10)).toString(), 'xxxxx');
      await map.write(Buffer.from('mapped'), 4990);
      await map.flush();
      await map.close();
      await file.closed;
      const content = readFileSync(join(root, 'file'), 'utf8');
      assert.equal(content.length, 5000, 'pages do not make the file longer');
      assert.equal(content.slice(4990), 'mappedxxxx');
    }),

  'pages are written whatever the application shares': (root) =>
    mirrored(root, (client, mirror) => {
      const { FileAccess, ShareAccess } = dokan;
      const { READ, WRITE, DELETE, ALL } = ShareAccess;
      const access = FileAccess.FILE_GENERIC_READ | FileAccess.FILE_GENERIC_WRITE;
      for (const shareAccess of [0, READ, WRITE, READ | DELETE, ALL]) {
        writeFileSync(join(root, 'file'), 'content');
        const file = fakeFile();
        mirror.createFile('/file', request({ desiredAccess: access, shareAccess }), file);
        file.pagingIo = true;
        const pages = Buffer.from('PAGES and what is beyond');
        assert.equal(mirror.writeFile('/file', pages, 1, file), 6, `share access ${shareAccess}`);
        assert.equal(mirror.readFile('/file', Buffer.alloc(7), 0, file), 7);
        file.pagingIo = false;
        assert.equal(mirror.writeFile('/file', Buffer.from('!!'), 6, file), 2);
        mirror.cleanup('/file', file);
        file.pagingIo = true;
        assert.equal(mirror.writeFile('/file', Buffer.from('C'), 0, file), 1);
        mirror.closeFile('/file', file);
        assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'CPAGES!!');
      }
    }),

  'pages are written in their place, whatever the application opened the file for': (root) =>
    mirrored(root, (client, mirror) => {
      const { FileAccess } = dokan;
      for (const desiredAccess of [FileAccess.APPEND_DATA, FileAccess.FILE_GENERIC_READ]) {
        writeFileSync(join(root, 'file'), 'content');
        const file = fakeFile({ pagingIo: true });
        mirror.createFile('/file', request({ desiredAccess }), file);
        assert.equal(mirror.writeFile('/file', Buffer.from('PAGE'), 0, file), 4);
        assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'PAGEent');
        mirror.cleanup('/file', file);
        mirror.closeFile('/file', file);
      }
    }),

  'what could be opened for reading only keeps no write from the file itself': (root) =>
    mirrored(root, (client, mirror) => {
      const { FileAccess, ShareAccess } = dokan;
      writeFileSync(join(root, 'file'), 'content');
      const desiredAccess = FileAccess.FILE_GENERIC_WRITE;
      const shareAccess = ShareAccess.READ;
      const file = fakeFile();
      mirror.createFile('/file', request({ desiredAccess, shareAccess }), file);
      const buffer = Buffer.alloc(7);
      assert.equal(mirror.readFile('/file', buffer, 0, file), 7);
      assert.equal(mirror.writeFile('/file', Buffer.from('C'), 0, file), 1);
      assert.equal(mirror.readFile('/file', buffer, 0, file), 7);
      assert.equal(buffer.toString(), 'Content');
      mirror.cleanup('/file', file);
      mirror.closeFile('/file', file);
    }),

  'after a deletion, nothing is found by the name': (root) =>
    mirrored(root, (client, mirror) => {
      const { FileAccess } = dokan;
      const buffer = Buffer.alloc(3);
      const deleted = (desiredAccess) => {
        writeFileSync(join(root, 'file'), 'old');
        const file = fakeFile();
        mirror.createFile('/file', request({ desiredAccess }), file);
        // Not allowed to who opened it for writing: it takes another handle.
        assert.equal(mirror.readFile('/file', buffer, 0, file), 3);
        file.deletePending = true;
        mirror.deleteFile('/file', file);
        mirror.cleanup('/file', file);
        file.pagingIo = true;
        writeFileSync(join(root, 'file'), 'new');
        return file;
      };
      const closed = deleted(FileAccess.FILE_GENERIC_READ | FileAccess.DELETE);
      for (const work of [
        () => mirror.readFile('/file', buffer, 0, closed),
        () => mirror.writeFile('/file', Buffer.from('OLD'), 0, closed),
        () => mirror.getFileInformation('/file', closed),
      ]) {
        assert.equal(statusOf(work), 'FILE_DELETED');
      }
      mirror.closeFile('/file', closed);
      const open = deleted(FileAccess.FILE_GENERIC_WRITE | FileAccess.DELETE);
      assert.equal(mirror.readFile('/file', buffer, 0, open), 3);
      assert.equal(buffer.toString(), 'old');
      assert.equal(mirror.getFileInformation('/file', open).size, 3);
      mirror.closeFile('/file', open);
      assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'new');
    }),

  'the last to close a marked file need not have been let to delete it': (root) =>
    mirrored(root, async (client, mirror) => {
      const { FileAccess } = dokan;
      writeFileSync(join(root, 'file'), '');
      const last = fakeFile();
      mirror.createFile('/file', request(), last);
      const marking = fakeFile();
      mirror.createFile('/file', request({ desiredAccess: FileAccess.DELETE }), marking);
      marking.deletePending = true;
      mirror.deleteFile('/file', marking);
      // The volume's last cleanup deletes.
      marking.deletePending = false;
      mirror.cleanup('/file', marking);
      mirror.closeFile('/file', marking);
      last.deletePending = true;
      assert.equal(
        statusOf(() => mirror.cleanup('/file', last)),
        'SUCCESS',
      );
      mirror.closeFile('/file', last);
      assert.deepEqual(readdirSync(root), []);
    }),

  'closing twice closes nobody else’s file': () => {
    const closed = [];
    const functions = {
      closeFile: (number) => closed.push(number),
      queryFile: (number) => (number === 0 ? 0xc0000008 | 0 : 0),
    };
    const file = new win32.Win32File(functions, 7, false, 'opened');
    file.query();
    file.close();
    file.close();
    assert.deepEqual(closed, [7]);
    assert.equal(
      statusOf(() => file.query()),
      'INVALID_HANDLE',
    );
  },

  'an open that was cleaned up keeps nobody out': (root) =>
    mirrored(root, (client, mirror) => {
      writeFileSync(join(root, 'file'), 'content');
      const file = fakeFile();
      mirror.createFile('/file', request({ shareAccess: 0 }), file);
      const other = fakeFile();
      const open = () => mirror.createFile('/file', request(), other);
      assert.equal(statusOf(open), 'SHARING_VIOLATION');
      mirror.cleanup('/file', file);
      assert.equal(statusOf(open), 'SUCCESS');
      const buffer = Buffer.alloc(7);
      assert.equal(mirror.readFile('/file', buffer, 0, Object.assign(file, { pagingIo: true })), 7);
      assert.equal(buffer.toString(), 'content');
      assert.equal(mirror.writeFile('/file', Buffer.from('CONTENT!'), 0, file), 7);
      assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'CONTENT');
      assert.equal(mirror.getFileInformation('/file', file).size, 7);
      mirror.closeFile('/file', file);
      mirror.cleanup('/file', other);
      mirror.closeFile('/file', other);
      unlinkSync(join(root, 'file'));
    }),

  'a file deleted while it is open stays usable, its name is free': (root) =>
    mirrored(root, (client, mirror) => {
      const { FileAccess, CreateDisposition } = dokan;
      writeFileSync(join(root, 'file'), 'old');
      const access = FileAccess.FILE_GENERIC_READ | FileAccess.FILE_GENERIC_WRITE;
      const held = fakeFile();
      mirror.createFile('/file', request({ desiredAccess: access }), held);
      const deleting = fakeFile();
      const asked = { desiredAccess: FileAccess.DELETE };
      mirror.createFile('/file', request(asked), deleting);
      deleting.deletePending = true;
      mirror.deleteFile('/file', deleting);
      mirror.cleanup('/file', deleting);
      mirror.closeFile('/file', deleting);
      assert.equal(
        statusOf(() => mirror.queryOpen('/file')),
        'OBJECT_NAME_NOT_FOUND',
      );
      const root_ = fakeFile();
      mirror.createFile('/', request(), root_);
      assert.deepEqual([...mirror.findFiles('/', root_)], []);
      mirror.cleanup('/', root_);
      mirror.closeFile('/', root_);
      const buffer = Buffer.alloc(3);
      assert.equal(mirror.readFile('/file', buffer, 0, held), 3);
      assert.equal(buffer.toString(), 'old');
      const fresh = fakeFile();
      const creating = { createDisposition: CreateDisposition.CREATE, desiredAccess: access };
      assert.equal(mirror.createFile('/file', request(creating), fresh), 'created');
      for (const file of [fresh, held]) {
        mirror.cleanup('/file', file);
        mirror.closeFile('/file', file);
      }
      assert.deepEqual(readdirSync(root), ['file']);
    }),

  'files are handed through, as far as the mirror may': (root) => {
    const { FileAccess } = dokan;
    writeFileSync(join(root, 'file'), 'content');
    mkdirSync(join(root, 'directory'));
    const handsThrough = (mirror, path, changes = {}) => {
      const file = fakeFile();
      mirror.createFile(path, request(changes), file);
      const isSame = file.backingFd === file.context.file.number;
      mirror.cleanup(path, file);
      mirror.closeFile(path, file);
      return file.backingFd === undefined ? false : isSame;
    };
    const anything = { desiredAccess: FileAccess.MAXIMUM_ALLOWED };
    for (const [options, ...expected] of [
      [{}, true, false, true],
      [{ passthrough: false }, false, false, false],
      [{ readOnly: true }, true, false, false],
    ]) {
      const mirror = new WindowsMirror(root, options);
      const found = [
        handsThrough(mirror, '/file'),
        handsThrough(mirror, '/directory'),
        handsThrough(mirror, '/file', anything),
      ];
      mirror.dispose();
      assert.deepEqual(found, expected, JSON.stringify(options));
    }
  },

  'who writes only is read for all the same': (root) =>
    mirrored(root, (client, mirror) => {
      const { FileAccess } = dokan;
      writeFileSync(join(root, 'file'), 'content');
      const file = fakeFile();
      mirror.createFile('/file', request({ desiredAccess: FileAccess.FILE_GENERIC_WRITE }), file);
      const buffer = Buffer.alloc(7);
      assert.equal(mirror.readFile('/file', buffer, 0, file), 7);
      assert.equal(buffer.toString(), 'content');
      assert.equal(mirror.writeFile('/file', Buffer.from('C'), 0, file), 1);
      assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'Content');
      mirror.cleanup('/file', file);
      mirror.closeFile('/file', file);
    }),

  'a mirror that may not write does not': (root) =>
    mirrored(
      root,
      (client, mirror) => {
        const { FileAccess, CreateDisposition } = dokan;
        writeFileSync(join(root, 'file'), 'content');
        const file = fakeFile();
        const open = (changes, path = '/file') => mirror.createFile(path, request(changes), file);
        const refused = 'MEDIA_WRITE_PROTECTED';
        assert.equal(
          statusOf(() => open({ desiredAccess: FileAccess.WRITE_DATA })),
          refused,
        );
        const { OPEN_IF, CREATE } = CreateDisposition;
        assert.equal(
          statusOf(() => open({ createDisposition: OPEN_IF }, '/new')),
          refused,
        );
        assert.equal(
          statusOf(() => open({ createDisposition: CREATE }, '/new')),
          refused,
        );
        assert.equal(open({ createDisposition: OPEN_IF }), 'opened');
        file.deletePending = true;
        for (const change of [
          () => mirror.deleteFile('/file', file),
          () => mirror.setFileAttributes('/file', 1, file),
          () => mirror.setEndOfFile('/file', 1, file),
          () => mirror.writeFile('/file', Buffer.from('C'), 0, file),
          () => mirror.moveFile('/file', '/other', false, file),
        ]) {
          assert.equal(statusOf(change), refused);
        }
        file.deletePending = false;
        mirror.cleanup('/file', file);
        mirror.closeFile('/file', file);
        assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'content');
        assert.deepEqual(readdirSync(root), ['file']);
      },
      { readOnly: true },
    ),

  'what is hidden is not there': (root) => {
    mkdirSync(join(root, 'sub', 'Mount'), { recursive: true });
    writeFileSync(join(root, 'sub', 'Mount more'), '');
    return mirrored(
      root,
      async (client) => {
        assert.deepEqual(await client.readdir('/sub'), ['Mount more']);
        await refuses(client.stat('/sub/mount'), 'OBJECT_NAME_NOT_FOUND');
        await refuses(client.stat('/sub/Mount/below'), 'OBJECT_NAME_NOT_FOUND');
      },
      { hide: 'sub/Mount' },
    );
  },

  'what is hidden is hidden by its short name, too': (root) => {
    mkdirSync(join(root, 'directory with a long name', 'mount point of ours', 'sub'), {
      recursive: true,
    });
    writeFileSync(join(root, 'directory with a long name', 'another long name'), '');
    const [directory] = shortNames(root);
    const [mount, other] = shortNames(join(root, 'directory with a long name'), 'mount', 'another');
    return mirrored(
      root,
      async (client, mirror) => {
        const long = '/directory with a long name';
        const missing = [`${long}/${mount}`, `/${directory}/${mount}/sub`];
        missing.push(`/${directory}/mount point of ours`, `${long}/${mount.toLowerCase()}:stream`);
        for (const path of missing) {
          assert.equal(
            statusOf(() => mirror.queryOpen(path)),
            'OBJECT_NAME_NOT_FOUND',
            path,
          );
        }
        mirror.queryOpen(`/${directory}/${other}`);
        assert.deepEqual(await client.readdir(`/${directory}`), ['another long name']);
      },
      { hide: 'directory with a long name/mount point of ours' },
    );
  },

  'what is hidden is hidden by every name that NT has for it': (root) => {
    mkdirSync(join(root, 'Maß', 'sub'), { recursive: true });
    writeFileSync(join(root, 'MASS'), '');
    writeFileSync(join(root, '.node-dokan-deleted-x'), '');
    return mirrored(
      root,
      async (client, mirror) => {
        const missing = ['/Maß', '/maß/sub', '/MAß:stream', '/Maß::$INDEX_ALLOCATION'];
        missing.push('/.node-dokan-deleted-x', '/.NODE-dokan-Deleted-x');
        for (const path of missing) {
          const query = () => mirror.queryOpen(path);
          assert.equal(statusOf(query), 'OBJECT_NAME_NOT_FOUND', path);
          const open = () => mirror.createFile(path, request(), fakeFile());
          assert.equal(statusOf(open), 'OBJECT_NAME_NOT_FOUND', path);
        }
        assert.deepEqual(await client.readdir('/'), ['MASS']);
        mirror.queryOpen('/MASS');
      },
      { hide: 'Maß' },
    );
  },

  'locks are decided on the mirrored file': (root) =>
    mirrored(
      root,
      async (client) => {
        await client.writeFile('/file', 'x'.repeat(100));
        const one = await client.create('/file');
        const two = await client.create('/file');
        await one.lock(0, 10);
        await refuses(two.lock(5, 10, { failImmediately: true }), 'LOCK_NOT_GRANTED');
        await two.lock(10, 10);
        await one.unlock(0, 10);
        await two.lock(0, 10);
        await two.close();
        await one.lock(0, 100);
        await one.close();
      },
      {},
      { userModeLock: true },
    ),

  'security and streams': (root) =>
    mirrored(root, async (client) => {
      const { SecurityInformation } = dokan;
      await client.writeFile('/file', 'abc');
      const file = await client.create('/file', { access: 0x1e0089 });
      const parts =
        SecurityInformation.OWNER | SecurityInformation.GROUP | SecurityInformation.DACL;
      const descriptor = await file.security(parts);
      assert.equal(descriptor[0], 1);
      await file.setSecurity(SecurityInformation.DACL, descriptor);
      const streams = await file.streams();
      assert.deepEqual(
        streams.map(({ size }) => size),
        [3],
      );
      await file.close();
      const directory = await client.create('/', { access: 0x120089 });
      assert.deepEqual(await directory.streams(), []);
      await directory.close();
    }),

  'the volume is the one below, under its own label': (root) =>
    mirrored(
      root,
      async (client) => {
        const volume = await client.volumeInformation();
        assert.equal(volume.volumeName, 'label');
        assert.equal(volume.fileSystemName, 'NTFS');
        assert.equal(volume.maximumComponentLength, 255);
        const { totalBytes, totalFreeBytes } = await client.diskSpace();
        assert.ok(totalBytes >= totalFreeBytes && totalFreeBytes > 0);
      },
      {},
      { volumeLabel: 'label' },
    ),

  'names with all kinds of characters': (root) =>
    mirrored(root, async (client) => {
      const names = ['Ünïcödé', '文字', '\u{1f600}', 'trailing.', 'e\u0301', 'x'.repeat(200)];
      for (const name of names) await client.writeFile(`/${name}`, name);
      for (const name of names) {
        assert.equal((await client.readFile(`/${name}`)).toString(), name);
      }
      assert.deepEqual((await client.readdir('/')).sort(), [...names].sort());
      assert.equal(readdirSync(root).length, names.length);
    }),

  'nothing is left open': (root) =>
    mirrored(root, async (client) => {
      for (let round = 0; round < 20; round += 1) {
        await client.writeFile('/file', `round ${round}`);
        const file = await client.create('/file');
        await refuses(client.create('/file', { disposition: 2 }), 'OBJECT_NAME_COLLISION');
        await client.stat('/file');
        await client.list('/');
        await file.close();
        await client.unlink('/file');
        assert.deepEqual(readdirSync(root), []);
      }
    }),
};
