// Checks of the addon's file functions against what node:fs of Windows sees.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

const READ = 0x120089;
const WRITE = 0x120116;
const DELETE = 0x10000;
const APPEND = 0x100004;
const SHARE_ALL = 7;
const [SUPERSEDE, OPEN, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF] = [0, 1, 2, 3, 4, 5];
const DIRECTORY_FILE = 0x1;
const NON_DIRECTORY_FILE = 0x40;
const OPEN_BY_FILE_ID = 0x2000;
const ATTRIBUTE_READONLY = 0x1;
const ATTRIBUTE_HIDDEN = 0x2;
const ATTRIBUTE_NORMAL = 0x80;
const UNIX_EPOCH = 116444736000000000n;

const Status = {
  INVALID_HANDLE: 0xc0000008,
  INVALID_PARAMETER: 0xc000000d,
  ACCESS_DENIED: 0xc0000022,
  OBJECT_NAME_INVALID: 0xc0000033,
  OBJECT_NAME_NOT_FOUND: 0xc0000034,
  OBJECT_NAME_COLLISION: 0xc0000035,
  OBJECT_PATH_NOT_FOUND: 0xc000003a,
  SHARING_VIOLATION: 0xc0000043,
  DELETE_PENDING: 0xc0000056,
  INVALID_SECURITY_DESCR: 0xc0000079,
  FILE_IS_A_DIRECTORY: 0xc00000ba,
  NOT_SUPPORTED: 0xc00000bb,
  DIRECTORY_NOT_EMPTY: 0xc0000101,
  NOT_A_DIRECTORY: 0xc0000103,
  NAME_TOO_LONG: 0xc0000106,
};

/** The functions, with statuses as thrown names and the files of a check closed behind it. */
class Files {
  constructor(addon, root) {
    this.addon = addon;
    this.outcome = new Uint8Array(2);
    this.information = new BigInt64Array(9);
    this.root = addon.openRoot(root, false);
    assert.ok(this.root > 0, 'the root opens');
  }

  /** Opens a file; returns its number. */
  open(path, options = {}) {
    const { access = READ, attributes = 0, share = SHARE_ALL, disposition = OPEN } = options;
    const { directory = this.root, flags = 0, descriptor } = options;
    const { addon, outcome } = this;
    return addon.openFile(
      directory,
      path,
      access,
      attributes,
      share,
      disposition,
      flags,
      descriptor,
      outcome,
    );
  }

  opened(path, options) {
    const file = this.open(path, options);
    assert.ok(file > 0, `opening ${path}: ${(file >>> 0).toString(16)}`);
    return file;
  }

  /** Opens and closes; what was done, or the status. */
  attempt(path, options) {
    const file = this.open(path, options);
    if (file < 0) return file >>> 0;
    this.addon.closeFile(file);
    return this.outcome[0];
  }

  query(path) {
    assert.equal(this.addon.queryPath(this.root, path, this.information), 0);
    return [...this.information];
  }
}

function status(result, wanted, message) {
  assert.equal((result >>> 0).toString(16), wanted.toString(16), message);
}

export const checks = {
  'a root is a directory that is there': (root, addon) => {
    writeFileSync(join(root, 'file'), '');
    status(addon.openRoot(join(root, 'none'), false), Status.OBJECT_NAME_NOT_FOUND);
    status(addon.openRoot(join(root, 'file'), false), Status.NOT_A_DIRECTORY);
    status(addon.openRoot('with\0nul', false), Status.OBJECT_NAME_INVALID);
    assert.throws(() => addon.openRoot(7, false), TypeError);
    assert.throws(() => addon.openRoot(root), TypeError);
  },

  'dispositions do and say what NT does and says': (root, addon) => {
    const files = new Files(addon, root);
    const existing = (disposition) => {
      writeFileSync(join(root, 'there'), 'content');
      const done = files.attempt('there', { access: READ | WRITE, disposition });
      return [done, readFileSync(join(root, 'there'), 'utf8')];
    };
    const [SUPERSEDED, OPENED, CREATED, OVERWRITTEN] = [0, 1, 2, 3];
    assert.deepEqual(existing(OPEN), [OPENED, 'content']);
    assert.deepEqual(existing(OPEN_IF), [OPENED, 'content']);
    assert.deepEqual(existing(CREATE), [Status.OBJECT_NAME_COLLISION, 'content']);
    assert.deepEqual(existing(OVERWRITE), [OVERWRITTEN, '']);
    assert.deepEqual(existing(OVERWRITE_IF), [OVERWRITTEN, '']);
    assert.deepEqual(existing(SUPERSEDE), [SUPERSEDED, '']);
    const missing = (disposition) => {
      const name = `new-${disposition}`;
      return [files.attempt(name, { access: WRITE, disposition }), existsSync(join(root, name))];
    };
    assert.deepEqual(missing(OPEN), [Status.OBJECT_NAME_NOT_FOUND, false]);
    assert.deepEqual(missing(OVERWRITE), [Status.OBJECT_NAME_NOT_FOUND, false]);
    for (const disposition of [CREATE, OPEN_IF, OVERWRITE_IF, SUPERSEDE]) {
      assert.deepEqual(missing(disposition), [CREATED, true]);
    }
  },

  'directories and files are told apart': (root, addon) => {
    const files = new Files(addon, root);
    assert.equal(files.attempt('made', { disposition: CREATE, flags: DIRECTORY_FILE }), 2);
    assert.equal(files.outcome[1], 1);
    assert.ok(statSync(join(root, 'made')).isDirectory());
    files.attempt('made');
    assert.equal(files.outcome[1], 1, 'an open that does not say what it wants');
    files.attempt('');
    assert.equal(files.outcome[1], 1, 'the root itself');
    writeFileSync(join(root, 'file'), '');
    files.attempt('file');
    assert.equal(files.outcome[1], 0);
    status(files.attempt('file', { flags: DIRECTORY_FILE }), Status.NOT_A_DIRECTORY);
    status(files.attempt('made', { flags: NON_DIRECTORY_FILE }), Status.FILE_IS_A_DIRECTORY);
    status(
      files.attempt('made', { disposition: OVERWRITE_IF, flags: DIRECTORY_FILE }),
      Status.INVALID_PARAMETER,
    );
  },

  'no path leads out of the root': (root, addon) => {
    mkdirSync(join(root, 'inside', 'sub'), { recursive: true });
    writeFileSync(join(root, 'outside'), '');
    const files = new Files(addon, join(root, 'inside'));
    const wrong = ['..', '../outside', 'sub/..', 'sub/../../outside', '.', './sub', 'sub/.'];
    wrong.push('/sub', 'sub/', 'sub//x', '/', '\\sub', '..\\outside', 'sub\\..', 'C:/outside');
    wrong.push('sub:stream/x', 'nul\0', '\\??\\C:\\x', '//?/C:/x');
    for (const path of wrong) {
      status(files.attempt(path), Status.OBJECT_NAME_INVALID, JSON.stringify(path));
      const { root: directory, information } = files;
      status(addon.queryPath(directory, path, information), Status.OBJECT_NAME_INVALID);
    }
    status(files.attempt('x'.repeat(0x8000)), Status.NAME_TOO_LONG);
    status(files.attempt('none'), Status.OBJECT_NAME_NOT_FOUND);
    status(files.attempt('none/below'), Status.OBJECT_PATH_NOT_FOUND);
    const moved = files.opened('sub', { access: DELETE });
    for (const path of [...wrong, '']) {
      const result = addon.renameFile(moved, files.root, path, false, 'aside');
      status(result, Status.OBJECT_NAME_INVALID, JSON.stringify(path));
    }
    addon.closeFile(moved);
    assert.equal(files.attempt('sub'), 1);
  },

  'whatever a path consists of, only what is below the root opens': (root, addon) => {
    mkdirSync(join(root, 'inside', 'a', 'a'), { recursive: true });
    writeFileSync(join(root, 'inside', 'a', 'b'), 'inside');
    mkdirSync(join(root, 'a'));
    writeFileSync(join(root, 'b'), 'outside');
    const files = new Files(addon, join(root, 'inside'));
    const inside = ['', 'a', 'a/a', 'a/b'].map((path) => files.query(path)[8]);
    const pieces = [
      'a',
      'b',
      '.',
      '..',
      '/',
      '/',
      '\\',
      ':',
      '\0',
      ' ',
      'C:',
      '$DATA',
      '?',
      '\ud800',
    ];
    let seed = 1;
    const random = (count) => {
      seed = (seed * 48271) % 2147483647;
      return seed % count;
    };
    let opens = 0;
    for (let round = 0; round < 5000; round += 1) {
      const path = Array.from({ length: random(7) }, () => pieces[random(pieces.length)]).join('');
      const file = files.open(path);
      if (file < 0) continue;
      opens += 1;
      assert.equal(addon.queryFile(file, files.information), 0);
      assert.ok(inside.includes(files.information[8]), JSON.stringify(path));
      addon.closeFile(file);
    }
    assert.ok(opens > 100, `${opens} opened`);
  },

  'a path is never taken for a number that files have': (root, addon) => {
    writeFileSync(join(root, 'file'), '');
    const files = new Files(addon, root);
    const [index] = files.query('file').slice(8);
    // The 64 bits of the number, as the characters of a path.
    const units = [0n, 16n, 32n, 48n].map((shift) => Number((index >> shift) & 0xffffn) || 1);
    for (const path of ['', 'file', 'none', String.fromCharCode(...units)]) {
      for (const flags of [OPEN_BY_FILE_ID, OPEN_BY_FILE_ID | NON_DIRECTORY_FILE]) {
        status(files.attempt(path, { flags }), Status.INVALID_PARAMETER, JSON.stringify(path));
      }
    }
  },

  'what a Worker leaves open is closed when it ends': async (root, addon, addonPath) => {
    writeFileSync(join(root, 'file'), '');
    const worker = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads');
      const addon = require(workerData.addonPath);
      const root = addon.openRoot(workerData.root, false);
      const outcome = new Uint8Array(2);
      parentPort.postMessage(addon.openFile(root, 'file', 1, 0, 0, 1, 0, undefined, outcome));
      setInterval(() => undefined, 1000);`,
      { eval: true, workerData: { root, addonPath } },
    );
    const file = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    assert.ok(file > 0);
    const files = new Files(addon, root);
    status(files.attempt('file'), Status.SHARING_VIOLATION);
    status(addon.closeFile(file), Status.INVALID_HANDLE, 'another environment’s number');
    await worker.terminate();
    assert.equal(files.attempt('file'), 1);
  },

  'names are found in any case': (root, addon) => {
    writeFileSync(join(root, 'Name.TXT'), '');
    const files = new Files(addon, root);
    assert.equal(files.attempt('nAME.txt'), 1);
  },

  'a file number is good once': (root, addon) => {
    const files = new Files(addon, root);
    const first = files.opened('file', { access: READ | WRITE, disposition: CREATE });
    assert.equal(addon.closeFile(first), 0);
    const second = files.opened('file');
    assert.notEqual(first, second);
    const buffer = new Uint8Array(1);
    for (const number of [first, 0, -1, 2 ** 31 - 1, 5_000_000]) {
      status(addon.closeFile(number), Status.INVALID_HANDLE);
      status(addon.readFile(number, buffer, 0), Status.INVALID_HANDLE);
      status(addon.queryFile(number, files.information), Status.INVALID_HANDLE);
      status(files.attempt('file', { directory: number }), Status.INVALID_HANDLE);
    }
    assert.equal(addon.readFile(second, buffer, 0), 0);
    assert.throws(() => addon.readFile('1', buffer, 0), TypeError);
    assert.throws(() => addon.readFile(second, [], 0), TypeError);
    assert.throws(() => addon.queryFile(second, new BigInt64Array(3)), TypeError);
  },

  'the number of a closed file is not given out again soon': (root, addon) => {
    const files = new Files(addon, root);
    writeFileSync(join(root, 'file'), '');
    const stale = files.opened('file');
    addon.closeFile(stale);
    for (let round = 0; round < 5000; round += 1) {
      const number = files.opened('file');
      assert.notEqual(number, stale);
      if (round % 100 === 0) status(addon.closeFile(stale), Status.INVALID_HANDLE);
      assert.equal(addon.closeFile(number), 0);
    }
  },

  'many files are open at once, and their places are used again': (root, addon) => {
    const files = new Files(addon, root);
    writeFileSync(join(root, 'file'), 'x');
    for (let round = 0; round < 3; round += 1) {
      const numbers = Array.from({ length: 500 }, () => files.opened('file'));
      assert.equal(new Set(numbers).size, numbers.length);
      for (const number of numbers) assert.equal(addon.closeFile(number), 0);
    }
  },

  'reading and writing move exactly these bytes': (root, addon) => {
    const files = new Files(addon, root);
    const file = files.opened('data', { access: READ | WRITE, disposition: CREATE });
    assert.equal(addon.writeFile(file, Buffer.from('hello world'), 0, false), 11);
    assert.equal(addon.writeFile(file, Buffer.from('W'), 6, false), 1);
    assert.equal(addon.writeFile(file, Buffer.from('!'), 0, true), 1);
    assert.equal(addon.writeFile(file, Buffer.from('far'), 70_000, false), 3);
    const content = readFileSync(join(root, 'data'));
    assert.equal(content.length, 70_003);
    assert.equal(content.toString('latin1', 0, 13), 'hello World!\0');
    const buffer = Buffer.alloc(100_000, 1);
    assert.equal(addon.readFile(file, buffer, 0), 70_003);
    assert.ok(buffer.subarray(0, 70_003).equals(content));
    assert.equal(addon.readFile(file, buffer, 70_000), 3);
    assert.equal(addon.readFile(file, buffer, 70_003), 0);
    assert.equal(addon.readFile(file, buffer, 2 ** 40), 0);
    assert.equal(addon.readFile(file, Buffer.alloc(0), 0), 0);
    status(addon.readFile(file, buffer, -1), Status.INVALID_PARAMETER);
    status(addon.writeFile(file, buffer, -1, false), Status.INVALID_PARAMETER);
    assert.equal(addon.writeFile(file, Buffer.alloc(0), -1, true), 0);
    assert.equal(addon.flushFile(file), 0);
    const reader = files.opened('data');
    status(addon.writeFile(reader, buffer, 0, false), Status.ACCESS_DENIED);
    const appender = files.opened('data', { access: APPEND });
    assert.equal(addon.writeFile(appender, Buffer.from('end'), 0, true), 3);
    assert.equal(readFileSync(join(root, 'data')).toString('latin1', 70_000), 'farend');
  },

  'a file is described as node:fs describes it': (root, addon) => {
    const files = new Files(addon, root);
    writeFileSync(join(root, 'file'), 'x'.repeat(5000));
    utimesSync(join(root, 'file'), 1_000_000_000.5, 1_500_000_000.25);
    // First, as whatever looks into the file may change the access time.
    const byPath = files.query('file');
    const stat = statSync(join(root, 'file'), { bigint: true });
    const file = files.opened('file');
    assert.equal(addon.queryFile(file, files.information), 0);
    byPath.forEach((value, index) => {
      if (index !== 2) assert.equal(files.information[index], value);
    });
    const [attributes, creation, access, write, change, size, allocation, links, index] = byPath;
    assert.equal(attributes & 0x11n, 0n);
    assert.equal(creation * 100n, stat.birthtimeNs);
    assert.equal(access, 10_000_000_005_000_000n);
    assert.equal(write, 15_000_000_002_500_000n);
    assert.equal(change * 100n, stat.ctimeNs);
    assert.equal(size, 5000n);
    assert.ok(allocation >= 5000n);
    assert.equal(links, 1n);
    assert.equal(index, stat.ino);
    assert.equal(files.query('')[0] & 0x10n, 0x10n, 'the root is a directory');
  },

  'times and attributes are set to what is given, and nothing else': (root, addon) => {
    const files = new Files(addon, root);
    writeFileSync(join(root, 'file'), '');
    const file = files.opened('file', { access: READ | WRITE });
    const [creation] = files.query('file').slice(1);
    assert.equal(addon.setBasic(file, 0, undefined, 12_345_678_901n, undefined), 0);
    let [, , access, write] = files.query('file');
    assert.equal(access, 12_345_678_901n);
    const before = write;
    assert.equal(addon.setBasic(file, 0, undefined, undefined, -1n), 0);
    [, , access, write] = files.query('file');
    assert.equal(access, 12_345_678_901n);
    assert.equal(write, -1n, 'before 1970, and not NT’s -1');
    assert.notEqual(before, write);
    const created = files.query('file')[1];
    assert.ok(created === creation || created <= write + UNIX_EPOCH);
    for (const wrong of [-UNIX_EPOCH, -UNIX_EPOCH - 1n, 2n ** 63n - 1n]) {
      status(
        addon.setBasic(file, 0, undefined, wrong, undefined),
        Status.INVALID_PARAMETER,
        String(wrong),
      );
    }
    assert.throws(() => addon.setBasic(file, 0, 1, undefined, undefined), TypeError);
    assert.throws(() => addon.setBasic(file, 0, 2n ** 63n, undefined, undefined), TypeError);
    assert.equal(addon.setBasic(file, ATTRIBUTE_READONLY, undefined, undefined, undefined), 0);
    assert.equal(files.query('file')[0] & 1n, 1n);
    assert.equal(files.query('file')[3], -1n, 'attributes alone leave the times');
    assert.equal(addon.setBasic(file, 0, undefined, undefined, undefined), 0);
    assert.equal(files.query('file')[0] & 1n, 1n);
    assert.equal(addon.setBasic(file, ATTRIBUTE_NORMAL, undefined, undefined, undefined), 0);
    assert.equal(files.query('file')[0] & 1n, 0n);
  },

  'a file is changed by who opened it for less': (root, addon) => {
    const files = new Files(addon, root);
    writeFileSync(join(root, 'file'), 'content');
    const file = files.opened('file', { access: 0x80 });
    assert.equal(addon.setBasic(file, 0, undefined, undefined, 10n), 0);
    assert.equal(files.query('file')[3], 10n);
    assert.equal(addon.flushFile(file), 0);
    const directory = files.opened('', { access: 0x80 });
    assert.deepEqual(addon.listDirectory(directory).names, ['file']);
  },

  lengths: (root, addon) => {
    const files = new Files(addon, root);
    const file = files.opened('file', { access: READ | WRITE, disposition: CREATE });
    assert.equal(addon.setEndOfFile(file, 10_000), 0);
    assert.equal(statSync(join(root, 'file')).size, 10_000);
    assert.equal(addon.setEndOfFile(file, 10), 0);
    assert.equal(statSync(join(root, 'file')).size, 10);
    assert.ok(readFileSync(join(root, 'file')).equals(Buffer.alloc(10)));
    assert.ok(addon.setEndOfFile(file, -1) < 0);
  },

  'a listing has all there is to know of each entry': (root, addon) => {
    const files = new Files(addon, root);
    mkdirSync(join(root, 'many'));
    const names = Array.from({ length: 1200 }, (_, index) => `entry with a long name ${index}`);
    for (const name of names) writeFileSync(join(root, 'many', name), name);
    mkdirSync(join(root, 'many', 'sub'));
    const directory = files.opened('many', { flags: DIRECTORY_FILE });
    for (let round = 0; round < 2; round += 1) {
      const listing = addon.listDirectory(directory);
      assert.deepEqual([...listing.names].sort(), [...names, 'sub'].sort());
      for (const [index, name] of listing.names.entries()) {
        const [attributes, creation, access, write, change, size, allocation, , identity] =
          files.query(`many/${name}`);
        assert.equal(listing.attributes[index], Number(attributes));
        assert.deepEqual(
          [...listing.times.slice(4 * index, 4 * index + 4)],
          [creation, access, write, change],
        );
        assert.equal(listing.sizes[index], Number(size));
        assert.equal(listing.allocationSizes[index], Number(allocation));
        assert.equal(listing.indexes[index], identity);
      }
    }
    assert.deepEqual(addon.listDirectory(files.opened('many/sub')).names, []);
    writeFileSync(join(root, 'file'), '');
    assert.ok(addon.listDirectory(files.opened('file')) < 0);
  },

  'each listing is of its moment': (root, addon) => {
    const files = new Files(addon, root);
    const directory = files.opened('', { flags: DIRECTORY_FILE });
    assert.deepEqual(addon.listDirectory(directory).names, []);
    for (const name of ['one', 'two']) {
      writeFileSync(join(root, name), '');
      assert.deepEqual(addon.listDirectory(directory).names, [name]);
      unlinkSync(join(root, name));
    }
    const alone = files.opened('', { flags: DIRECTORY_FILE, share: 0, access: 0x100080 });
    assert.deepEqual(addon.listDirectory(alone).names, []);
  },

  'all of UTF-16 that may be in a name comes back': (root, addon) => {
    const files = new Files(addon, root);
    const names = ['Ünïcödé', '文字', '\u{1f600}', 'trailing.', 'trailing ', 'e\u0301', '\uf03a'];
    for (const name of names) {
      const file = files.opened(name, { access: WRITE, disposition: CREATE });
      addon.closeFile(file);
      assert.equal(files.attempt(name), 1, name);
    }
    const found = addon.listDirectory(files.opened('')).names;
    assert.deepEqual([...found].sort(), [...names].sort());
    assert.equal(readdirSync(root).length, names.length);
  },

  'share access keeps others out': (root, addon) => {
    const files = new Files(addon, root);
    writeFileSync(join(root, 'file'), 'x');
    const alone = files.opened('file', { share: 0 });
    status(files.attempt('file'), Status.SHARING_VIOLATION);
    assert.equal(files.attempt('file', { access: 0x80 }), 1, 'attributes may always be looked at');
    addon.closeFile(alone);
    const readers = files.opened('file', { share: 1 });
    assert.equal(files.attempt('file', { share: 1 }), 1);
    status(files.attempt('file', { access: WRITE }), Status.SHARING_VIOLATION);
    addon.closeFile(readers);
    assert.equal(files.attempt('file', { access: WRITE }), 1);
  },

  'deleting is refused where NT refuses it': (root, addon) => {
    const files = new Files(addon, root);
    mkdirSync(join(root, 'full'));
    writeFileSync(join(root, 'full', 'file'), '');
    const full = files.opened('full', { access: DELETE });
    status(addon.setDelete(full, true), Status.DIRECTORY_NOT_EMPTY);
    addon.closeFile(full);
    const reader = files.opened('full/file');
    status(addon.setDelete(reader, true), Status.ACCESS_DENIED);
    addon.closeFile(reader);
    assert.ok(existsSync(join(root, 'full', 'file')));
  },

  'a mark to delete can be taken back': (root, addon) => {
    const files = new Files(addon, root);
    writeFileSync(join(root, 'kept'), '');
    writeFileSync(join(root, 'gone'), '');
    const kept = files.opened('kept', { access: DELETE });
    assert.equal(addon.setDelete(kept, true), 0);
    assert.equal(addon.setDelete(kept, false), 0);
    addon.closeFile(kept);
    const gone = files.opened('gone', { access: DELETE });
    assert.equal(addon.setDelete(gone, true), 0);
    addon.closeFile(gone);
    assert.ok(existsSync(join(root, 'kept')));
    assert.ok(!existsSync(join(root, 'gone')));
  },

  'a deleted file is gone at once, and usable by who has it open': (root, addon) => {
    const files = new Files(addon, root);
    writeFileSync(join(root, 'file'), 'old');
    const other = files.opened('file', { access: READ | WRITE });
    const deleting = files.opened('file', { access: DELETE });
    assert.equal(addon.setDelete(deleting, true), 0, 'marked as in deleteFile');
    assert.equal(addon.deleteNow(deleting, files.root, 'aside'), 0);
    status(addon.closeFile(deleting), Status.INVALID_HANDLE, 'it is closed');
    status(files.attempt('file'), Status.OBJECT_NAME_NOT_FOUND);
    assert.equal(files.attempt('file', { access: WRITE, disposition: CREATE }), 2);
    const buffer = Buffer.alloc(3);
    assert.equal(addon.readFile(other, buffer, 0), 3);
    assert.equal(buffer.toString(), 'old');
    assert.equal(addon.writeFile(other, Buffer.from('NEW'), 0, false), 3);
    addon.closeFile(other);
    assert.deepEqual(readdirSync(root), ['file']);
    assert.equal(readFileSync(join(root, 'file'), 'utf8'), '');
  },

  'deleteNow deletes for who has no DELETE access': (root, addon) => {
    const files = new Files(addon, root);
    writeFileSync(join(root, 'file'), '');
    assert.equal(addon.deleteNow(files.opened('file'), files.root, 'aside'), 0);
    assert.deepEqual(readdirSync(root), []);
  },

  'a file that another has marked goes with the last handle': (root, addon) => {
    const files = new Files(addon, root);
    writeFileSync(join(root, 'file'), '');
    const reader = files.opened('file');
    const marking = files.opened('file', { access: DELETE });
    assert.equal(addon.setDelete(marking, true), 0);
    addon.closeFile(marking);
    // Windows opens no marked file, so that there is no DELETE access to be had; Wine opens it.
    const result = addon.deleteNow(reader, files.root, 'aside') >>> 0;
    assert.ok([0, Status.DELETE_PENDING].includes(result), result.toString(16));
    status(addon.closeFile(reader), Status.INVALID_HANDLE, 'it is closed');
    assert.deepEqual(readdirSync(root), []);
  },

  'deleteNow closes the file whatever it answers': (root, addon) => {
    const files = new Files(addon, root);
    writeFileSync(join(root, 'file'), '');
    const first = files.opened('file');
    status(addon.deleteNow(first, files.root, '..'), Status.OBJECT_NAME_INVALID);
    status(addon.closeFile(first), Status.INVALID_HANDLE);
    const second = files.opened('file');
    status(addon.deleteNow(second, first, 'aside'), Status.INVALID_HANDLE);
    status(addon.closeFile(second), Status.INVALID_HANDLE);
    assert.deepEqual(readdirSync(root), ['file']);
  },

  renaming: (root, addon) => {
    const files = new Files(addon, root);
    mkdirSync(join(root, 'sub'));
    writeFileSync(join(root, 'one'), '1');
    writeFileSync(join(root, 'two'), '2');
    const rename = (from, to, replace) => {
      const file = files.opened(from, { access: DELETE });
      const result = addon.renameFile(file, files.root, to, replace, 'aside');
      addon.closeFile(file);
      return result;
    };
    assert.equal(rename('one', 'sub/moved', false), 0);
    assert.equal(readFileSync(join(root, 'sub', 'moved'), 'utf8'), '1');
    assert.ok(!existsSync(join(root, 'one')));
    status(rename('sub/moved', 'two', false), Status.OBJECT_NAME_COLLISION);
    assert.equal(readFileSync(join(root, 'two'), 'utf8'), '2');
    assert.equal(rename('sub/moved', 'two', true), 0);
    assert.equal(readFileSync(join(root, 'two'), 'utf8'), '1');
    assert.equal(rename('two', 'TWO', false), 0);
    // Wine takes the two for one name, and leaves the old one.
    const upper = () => readdirSync(root).map((name) => name.toUpperCase());
    assert.deepEqual(upper().sort(), ['SUB', 'TWO']);
    assert.equal(rename('TWO', 'TWO', true), 0, 'itself');
    status(rename('TWO', 'none/below', true), Status.OBJECT_PATH_NOT_FOUND);
    assert.equal(rename('sub', 'directory', false), 0);
    assert.ok(statSync(join(root, 'directory')).isDirectory());
    assert.deepEqual(upper().sort(), ['DIRECTORY', 'TWO']);
  },

  'an open file is replaced, and usable by who has it open': (root, addon) => {
    const files = new Files(addon, root);
    writeFileSync(join(root, 'target'), 'old');
    writeFileSync(join(root, 'source'), 'new');
    const held = files.opened('target');
    const source = files.opened('source', { access: DELETE });
    assert.equal(addon.renameFile(source, files.root, 'target', true, 'aside'), 0);
    addon.closeFile(source);
    assert.equal(readFileSync(join(root, 'target'), 'utf8'), 'new');
    const buffer = Buffer.alloc(3);
    assert.equal(addon.readFile(held, buffer, 0), 3);
    assert.equal(buffer.toString(), 'old');
    addon.closeFile(held);
    assert.deepEqual(readdirSync(root), ['target']);
  },

  locks: (root, addon) => {
    const files = new Files(addon, root);
    writeFileSync(join(root, 'file'), 'x'.repeat(100));
    const one = files.opened('file', { access: READ | WRITE });
    const two = files.opened('file', { access: READ | WRITE });
    assert.equal(addon.lockFile(one, 10, 10, true), 0);
    assert.ok(addon.lockFile(two, 15, 1, true) < 0);
    assert.equal(addon.lockFile(two, 20, 10, true), 0);
    assert.ok(addon.unlockFile(two, 10, 10) < 0, 'another’s');
    assert.equal(addon.unlockFile(one, 10, 10), 0);
    assert.ok(addon.unlockFile(one, 10, 10) < 0, 'not locked any more');
    assert.equal(addon.lockFile(two, 10, 10, true), 0);
    addon.closeFile(two);
    assert.equal(addon.lockFile(one, 0, 100, true), 0, 'closing unlocks');
  },

  'the volume and its room': (root, addon) => {
    const files = new Files(addon, root);
    const volume = addon.queryVolume(files.root);
    assert.equal(typeof volume.label, 'string');
    assert.ok(volume.fileSystemName.length > 0);
    assert.ok(volume.maximumComponentLength >= 200);
    assert.ok(Number.isInteger(volume.serialNumber) && volume.serialNumber >= 0);
    const space = addon.querySpace(files.root);
    assert.ok(space.totalBytes >= space.totalFreeBytes);
    assert.ok(space.totalFreeBytes >= space.freeBytesAvailable);
    assert.ok(space.freeBytesAvailable > 0);
  },

  'security descriptors are self-relative and whole': (root, addon) => {
    const files = new Files(addon, root);
    const file = files.opened('file', { access: READ | 0xc0000, disposition: CREATE });
    const descriptor = Buffer.from(addon.getSecurity(file, 7));
    assert.equal(descriptor[0], 1, 'revision');
    assert.equal(descriptor.readUInt16LE(2) & 0x8000, 0x8000, 'self-relative');
    assert.ok(descriptor.readUInt32LE(4) > 0, 'an owner');
    assert.ok(descriptor.readUInt32LE(16) > 0, 'a DACL');
    assert.equal(addon.setSecurity(file, 4, descriptor), 0);
    for (const wrong of [
      Buffer.alloc(0),
      Buffer.alloc(20),
      descriptor.subarray(0, 19),
      descriptor.subarray(0, descriptor.length - 1),
    ]) {
      status(addon.setSecurity(file, 4, wrong), Status.INVALID_SECURITY_DESCR);
      if (wrong.length === 0) continue;
      const options = { access: WRITE, disposition: OPEN_IF, descriptor: wrong };
      status(files.attempt('new', options), Status.INVALID_SECURITY_DESCR);
    }
    const options = { access: WRITE, disposition: CREATE, descriptor };
    assert.equal(files.attempt('new', options), 2);
  },

  'streams are listed, or the file system has none': (root, addon) => {
    const files = new Files(addon, root);
    writeFileSync(join(root, 'file'), 'abc');
    const streams = addon.listStreams(files.opened('file'));
    if (typeof streams === 'number') {
      assert.ok(streams < 0);
    } else {
      assert.deepEqual(streams.names, ['::$DATA']);
      assert.deepEqual([...streams.sizes], [3]);
    }
  },

  'a hidden file shows it': (root, addon) => {
    const files = new Files(addon, root);
    const options = { access: WRITE, disposition: CREATE, attributes: ATTRIBUTE_HIDDEN };
    assert.equal(files.attempt('hidden', options), 2);
    const listing = addon.listDirectory(files.opened(''));
    assert.equal(BigInt(listing.attributes[0]), files.query('hidden')[0]);
  },
};
