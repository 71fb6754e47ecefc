// A file system module for experiments, see lab.mjs; with ways to die, and a file `/who` that says
// which thread opened it and which one reads it.
import { statSync, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers';
import { Lab } from './lab.mjs';

let mountPoint;

const WAYS = {
  // Another thread answers.
  use: () => {
    statSync(`${mountPoint}/good`);
    return 0;
  },
  exit: () => process.exit(3),
  throw: () => {
    setImmediate(() => {
      throw new Error('nobody catches this');
    });
    return new Promise(() => {});
  },
  memory: () => {
    const kept = [];
    for (;;) kept.push(new Array(10_000).fill(kept.length));
  },
  // Longer than a thread takes to answer, by far.
  compute: () => {
    const end = performance.now() + 400;
    while (performance.now() < end);
    return 0;
  },
};

export default ({ threadIndex, threads, data }) => {
  const say = (event) =>
    writeSync(1, `${JSON.stringify({ volume: data.name, thread: threadIndex, ...event })}\n`);
  const operations = new Lab(say).operations();
  const who = { mode: 0o100444, size: 100 };
  for (const [name, callback] of Object.entries(operations)) {
    operations[name] = (path, ...args) => {
      const [, where, how] = /^\/(\w+)!([a-z]+)/.exec(path) ?? [];
      if (where !== name || WAYS[how] === undefined) return callback(path, ...args);
      say({ event: how, path });
      return WAYS[how]();
    };
  }
  const guarded = { ...operations };
  return {
    ...operations,
    mounted(point) {
      mountPoint = point;
      return guarded.mounted(point);
    },
    createFile(path, request, file) {
      file.context = threadIndex;
      return path === '/who' ? 'opened' : guarded.createFile(path, request, file);
    },
    queryOpen: (path, file) => (path === '/who' ? who : guarded.queryOpen(path, file)),
    getFileInformation: (path, file) =>
      path === '/who' ? who : guarded.getFileInformation(path, file),
    readFile(path, buffer, offset, file) {
      if (path !== '/who') return guarded.readFile(path, buffer, offset, file);
      return offset > 0 ? 0 : buffer.write(`${file.context} ${threadIndex} of ${threads}`);
    },
  };
};
