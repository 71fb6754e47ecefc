/**
 * Notes every callback of a file system, and insists on the order Dokan promises: per open one
 * createFile, one cleanup, one closeFile, and reads and writes alone between the last two.
 *
 * Not TypeScript, because it also runs in Windows' Node, beside the file system.
 */
export class CallbackJournal {
  lines = [];
  /** By open: 'open', then 'cleaned up'. */
  #states = new Map();

  /** Opens without a closeFile. */
  get openCount() {
    return this.#states.size;
  }

  /** The callbacks so far, which are then forgotten. */
  take() {
    return this.lines.splice(0);
  }

  /** The same file system, watched. */
  watch(operations) {
    return new Proxy(operations, {
      get: (target, name) => {
        const callback = Reflect.get(target, name);
        if (typeof callback !== 'function') return callback;
        return (...given) => this.#call(target, String(name), callback, given);
      },
    });
  }

  #call(target, name, callback, given) {
    const file = given.at(-1);
    const path = typeof given[0] === 'string' ? ` ${given[0]}` : '';
    const flags = `${file.deletePending ? ' delete' : ''}${file.pagingIo ? ' paging' : ''}`;
    this.lines.push(`${name}${path}${flags}`);
    this.#follow(name, path, file);
    const result = callback.apply(target, given);
    if (name === 'createFile') this.#states.set(file, 'open');
    return result;
  }

  /** What it throws is a programming error of the file system to whoever called it. */
  #follow(name, path, file) {
    const state = this.#states.get(file);
    if (name === 'closeFile') {
      if (state !== 'cleaned up') throw new Error(`closeFile${path} of what is ${state}`);
      this.#states.delete(file);
    } else if (name === 'cleanup') {
      if (state !== 'open') throw new Error(`cleanup${path} of what is ${state}`);
      this.#states.set(file, 'cleaned up');
    } else if (state === 'cleaned up') {
      if (name !== 'readFile' && name !== 'writeFile') throw new Error(`${name} after cleanup`);
      if (!file.pagingIo) throw new Error(`${name}${path} after cleanup is no paging I/O`);
    }
  }
}
