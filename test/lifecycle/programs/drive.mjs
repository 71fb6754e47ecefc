// A drive for removable media: two of them, with files of the same names, and a check that may use
// volumes itself. Files of a medium that is not in the drive cannot be reached.
import { execFile } from 'node:child_process';
import { CreateDisposition, CreateOptions, DokanError, FileMode, NtStatus } from 'node-dokan';

const DIRECTORY = FileMode.DIRECTORY | 0o755;
const FILE = FileMode.REGULAR | 0o644;

const MEDIA = {
  one: {
    '/': null,
    '/file': 'one',
    '/only one': 'only on one',
    '/directory': null,
    '/directory/file': 'in one',
    '/kind': 'a file on one',
  },
  two: {
    '/': null,
    '/file': 'another file, on two',
    '/only two': 'only on two',
    '/directory': null,
    '/directory/file': 'in the other one, two',
    '/kind': null,
  },
};

export class Drive {
  checks = 0;
  /** Checks that run at the same time. */
  running = 0;
  deepest = 0;
  /** Commands of a shell that the check runs, and what they ended with. */
  command = undefined;
  results = [];
  hangs = false;
  mistaken = false;
  #say;
  #media = {};
  #slot = 'one';
  /** What was in the drive last. */
  #last = 'one';
  #changed = false;

  constructor(say) {
    this.#say = say;
    for (const [name, files] of Object.entries(MEDIA)) {
      this.#media[name] = new Map(
        Object.entries(files).map(([path, text]) => [
          path,
          text === null ? null : Buffer.from(text),
        ]),
      );
    }
  }

  insert(medium) {
    this.#changed ||= medium !== this.#last;
    this.#slot = this.#last = medium;
  }

  eject() {
    this.#slot = undefined;
  }

  set(field, value) {
    this[field] = value;
  }

  state() {
    const { checks, deepest, running, results } = this;
    return { checks, deepest, running, results };
  }

  paths(medium) {
    return [...this.#media[medium].keys()];
  }

  checkMedia() {
    this.checks += 1;
    this.running += 1;
    this.deepest = Math.max(this.deepest, this.running);
    if (this.hangs) return new Promise(() => {});
    if (this.command === undefined) return this.#answer();
    return this.#look();
  }

  async #look() {
    const result = await new Promise((resolve) => {
      const limits = { timeout: 15_000, killSignal: 'SIGKILL' };
      execFile('sh', ['-c', this.command], limits, (error, stdout) => {
        resolve(error?.killed === true ? 'hung' : stdout.trim());
      });
    });
    this.results.push(result);
    return this.#answer();
  }

  #answer() {
    this.running -= 1;
    if (this.mistaken) throw new TypeError('a mistake');
    if (this.#slot === undefined) return 'absent';
    const answer = this.#changed ? 'changed' : 'present';
    this.#changed = false;
    return answer;
  }

  /** @throws DokanError when there is nothing in the drive */
  #files() {
    if (this.#slot === undefined) throw new DokanError(NtStatus.NO_MEDIA_IN_DEVICE);
    return this.#media[this.#slot];
  }

  #find(path) {
    const found = this.#files().get(path);
    if (found === undefined) throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
    return found;
  }

  #inform(path) {
    const found = this.#find(path);
    return found === null ? { mode: DIRECTORY } : { mode: FILE, size: found.length };
  }

  operations() {
    return {
      checkMedia: () => this.checkMedia(),
      createFile: (path, request, file) => {
        const files = this.#files();
        const { createDisposition, createOptions } = request;
        const found = files.get(path);
        this.#say({ event: 'createFile', path });
        if (found !== undefined) {
          if (createDisposition === CreateDisposition.CREATE) {
            throw new DokanError(NtStatus.OBJECT_NAME_COLLISION);
          }
          file.isDirectory = found === null;
          return 'opened';
        }
        if (
          createDisposition === CreateDisposition.OPEN ||
          createDisposition === CreateDisposition.OVERWRITE
        ) {
          throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
        }
        file.isDirectory = (createOptions & CreateOptions.DIRECTORY_FILE) !== 0;
        files.set(path, file.isDirectory ? null : Buffer.alloc(0));
        return 'created';
      },
      queryOpen: (path) => this.#inform(path),
      getFileInformation: (path) => this.#inform(path),
      readFile: (path, buffer, offset) => this.#find(path).copy(buffer, 0, offset),
      writeFile: (path, data, offset) => {
        const before = this.#find(path);
        const after = Buffer.alloc(Math.max(before.length, offset + data.length));
        before.copy(after);
        data.copy(after, offset);
        this.#files().set(path, after);
        return data.length;
      },
      setEndOfFile: (path, length) => {
        const after = Buffer.alloc(length);
        this.#find(path).copy(after);
        this.#files().set(path, after);
      },
      findFiles: (path) => {
        const prefix = path === '/' ? '/' : `${path}/`;
        return [...this.#files().keys()]
          .filter((other) => other.startsWith(prefix) && other !== '/')
          .map((other) => other.slice(prefix.length))
          .filter((name) => !name.includes('/'))
          .map((name) => ({ name }));
      },
      deleteFile: () => {},
      deleteDirectory: () => {},
      cleanup: (path, file) => {
        if (file.deletePending) this.#files().delete(path);
        this.#say({ event: 'cleanup', path, deletePending: file.deletePending });
      },
      closeFile: (path) => this.#say({ event: 'closeFile', path }),
    };
  }
}
