'use strict';
// A CommonJS module.
module.exports = () => ({
  queryOpen: (path) => ({ mode: path === '/' ? 0o040755 : 0o100444, size: 3 }),
  createFile: () => 'opened',
  readFile: (path, buffer, offset) => (offset > 0 ? 0 : buffer.write('cjs')),
});
