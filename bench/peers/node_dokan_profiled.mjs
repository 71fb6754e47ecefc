// The memfs example with a clock between the parts of node-dokan that a request goes through.
// Usage: node node_dokan_profiled.mjs MOUNTPOINT
// Answers the message 'begin' by beginning anew, 'end' with the nanoseconds each part took.
import { performance } from 'node:perf_hooks';
import { mount } from '../../dist/index.js';
import { Dispatcher } from '../../dist/dispatcher.js';
import { MemoryFileSystem } from '../../dist/examples/memfs/memfs.js';
import { loadLinuxAddon } from '../../dist/hosts/addon.js';
import { OPCODES } from '../../dist/hosts/fuse/opcodes.js';
import { Request } from '../../dist/hosts/fuse/request.js';

const PARTS = [
  'elsewhere',
  'receive',
  'session',
  'decode',
  'dispatch',
  'callback',
  'encode',
  'reply',
  'clock',
];
const part = (name) => PARTS.indexOf(name);
const ELSEWHERE = part('elsewhere');
const DECODE = part('decode');
const ENCODE = part('encode');

// What is running, since when, and what each part has taken so far: time is always somebody's.
let current = ELSEWHERE;
let since = 0;
const taken = new Float64Array(PARTS.length);
const stretches = new Float64Array(PARTS.length);

/** Milliseconds after which it was not the part that took so long: somebody else had the core. */
const LOST = 0.5;

function change(to) {
  const now = performance.now();
  if (now - since < LOST) {
    taken[current] += now - since;
    stretches[current] += 1;
  }
  since = now;
  current = to;
}

/** A function whose time is `number`'s, but for that of the parts it calls. */
function clocked(number, call) {
  return function (...args) {
    const before = current;
    change(number);
    try {
      return call.apply(this, args);
    } finally {
      change(before);
    }
  };
}

/** As `clocked`; afterwards a message is not decoded any more, but the answer encoded. */
function clockedTarget(number, call) {
  const inner = clocked(number, call);
  return function (...args) {
    try {
      return inner.apply(this, args);
    } finally {
      if (current === DECODE) current = ENCODE;
    }
  };
}

function methodsOf(prototype) {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor')
    .map(([name, { value }]) => [name, value]);
}

// The time of receiving what is there already, without waiting for it: of each call.
const received = [];
const MOST_RECEIVED = 200_000;
let requests = 0;

function clockDevice(device) {
  const receive = clocked(part('receive'), device.receive);
  device.receive = function (...args) {
    const started = performance.now();
    const length = receive.apply(this, args);
    if (length > 0) {
      requests += 1;
      if (received.length < MOST_RECEIVED) received.push(performance.now() - started);
    }
    return length;
  };
  for (const name of ['send', 'sendParts']) {
    if (device[name] !== undefined) device[name] = clocked(part('reply'), device[name]);
  }
  // Taken apart, to tell sending from receiving. Below -4096: it was not sent.
  device.exchange = (reply, length, buffer, spin) => {
    const sent = device.send(reply, length);
    return sent === 0 ? device.receive(buffer, spin) : sent - 4096;
  };
  const { start } = device;
  device.start = (onReadable) => start.call(device, clocked(part('session'), onReadable));
  return device;
}

const addon = loadLinuxAddon();
for (const name of ['mountDirect', 'mountWithHelper']) {
  const mountDevice = addon[name];
  addon[name] = async (request) => clockDevice(await mountDevice(request));
}
for (const row of OPCODES) if (row !== undefined) row.handle = clocked(DECODE, row.handle);
for (const [name, number] of [
  ['decode', DECODE],
  ['finish', ENCODE],
]) {
  Request.prototype[name] = clocked(number, Request.prototype[name]);
}
for (const [name, method] of methodsOf(Dispatcher.prototype)) {
  Dispatcher.prototype[name] = clockedTarget(part('dispatch'), method);
}
const fileSystem = new MemoryFileSystem();
for (const [name, method] of methodsOf(MemoryFileSystem.prototype)) {
  fileSystem[name] = clocked(part('callback'), method);
}

/** What one change costs by itself, in milliseconds: at best, as in what is not interrupted. */
function measureClock() {
  const nothing = clocked(part('clock'), () => undefined);
  const rounds = 20_000;
  let best = Infinity;
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const started = performance.now();
    for (let i = 0; i < rounds; i += 1) nothing(i, i);
    best = Math.min(best, (performance.now() - started) / rounds / 2);
  }
  return best;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

process.on('message', (question) => {
  if (question === 'begin') {
    taken.fill(0);
    stretches.fill(0);
    received.length = 0;
    requests = 0;
    process.send('begun');
    return;
  }
  const answer = { requests, receiving: median(received) };
  const clock = measureClock();
  // Of receiving: the clock here, and half of the two changes inside.
  answer.receiving -= 2 * clock;
  for (const [number, name] of PARTS.entries()) {
    answer[name] = (taken[number] - stretches[number] * clock) / requests;
  }
  process.send(answer);
});
process.channel.unref();

await mount(process.argv[2], fileSystem, {
  entryTimeout: 0,
  attributeTimeout: 0,
  // The kernel would ask for the directory's mode each time, having forgotten it. No other peer lets it.
  defaultPermissions: false,
  unmountOnSignal: true,
});
