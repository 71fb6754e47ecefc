// Shows a directory, whose files the kernel or the library reads and writes: `file.backingFd`.
import { closeSync, constants, openSync } from 'node:fs';
import { basename } from 'node:path';
import { MirrorFileSystem } from '../../../dist/examples/mirrorfs/mirror_file_system.js';

/** Descriptors that a file of that name has set instead of its own. */
const WRONG = {
  directory: (backed) => backed.own('.', constants.O_RDONLY),
  device: (backed) => backed.own('/dev/null', constants.O_RDWR),
  closed: () => 100_000,
  readOnly: (backed) => backed.own('wrong-readOnly', constants.O_RDONLY),
  append: (backed) => backed.own('wrong-append', constants.O_RDWR | constants.O_APPEND),
  text: () => 'a file',
};

export class Backed extends MirrorFileSystem {
  #root;
  /** Descriptors of our own, which are closed in the end. */
  #own = [];
  #files = new Map();
  /** A file that all names which begin with `elsewhere` have their data in. */
  #elsewhere;

  constructor(root, elsewhere) {
    super(root);
    this.#root = root;
    this.#elsewhere = elsewhere;
  }

  operations() {
    return this;
  }

  own(path, flags) {
    const fd = openSync(path.startsWith('/') ? path : `${this.#root}/${path}`, flags);
    this.#own.push(fd);
    return fd;
  }

  createFile(path, request, file) {
    const result = super.createFile(path, request, file);
    const name = basename(path);
    const wrong = name.startsWith('wrong-') ? WRONG[name.slice(6)] : undefined;
    if (wrong !== undefined) file.backingFd = wrong(this);
    if (name.startsWith('elsewhere'))
      file.backingFd = this.own(this.#elsewhere, constants.O_RDONLY);
    if (name.startsWith('plain')) file.backingFd = undefined;
    this.#files.set(path, file);
    return result;
  }

  /** Closes the descriptor of the latest open of a path, and has its number be something else. */
  closeBehind(path) {
    const { backingFd } = this.#files.get(path);
    closeSync(backingFd);
    this.#files.get(path).context.fd = undefined;
    const taken = this.own('/dev/null', constants.O_RDWR);
    return [backingFd, taken];
  }

  closeFile(path, file) {
    super.closeFile(path, file);
    if (this.#files.get(path) === file) this.#files.delete(path);
  }

  unmounted() {
    for (const fd of this.#own.splice(0)) closeSync(fd);
    this.dispose();
  }
}
