// Prints the C++ sources of a directory, for binding.gyp. Part of the package: `npm install` runs it
// where no prebuilt addon fits.
const { readdirSync } = require('node:fs');

const directory = process.argv[2];
for (const name of readdirSync(directory).sort()) {
  if (name.endsWith('.cc')) console.log(`${directory}/${name}`);
}
