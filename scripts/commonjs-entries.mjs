// Writes what `require('node-dokan')` gets, for each entry of package.json that has a `require`
// condition: a CommonJS module that requires the ES module, and its declarations.
//
// Every Node from 20.19 on can require an ES module, so nothing is compiled twice and both kinds of
// program get the same classes. The extra file is there for two reasons: TypeScript with
// `module: node16` or `node18` refuses to import declarations of an ES module into CommonJS, and Node
// 20 warns of an experimental feature when a program requires an ES module by itself, but not when a
// package in node_modules does.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { root } from './run.mjs';

const require = createRequire(import.meta.url);
const ts = require('typescript');
const { exports } = require('../package.json');

const entries = Object.values(exports)
  .filter((entry) => entry.require !== undefined)
  .map((entry) => ({
    declarations: join(root, entry.import.types),
    module: basename(entry.import.default),
    commonjs: join(root, entry.require.default),
    commonjsDeclarations: join(root, entry.require.types),
  }));

const program = ts.createProgram(
  entries.map(({ declarations }) => declarations),
  { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, types: ['node'] },
);
const checker = program.getTypeChecker();

/** The declaration of one export that is a value. Types alone come with `export type *`. */
function declare(symbol) {
  const { name } = symbol;
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  if (!(target.flags & ts.SymbolFlags.Value)) return [];
  const lines = [`declare const ${name}: typeof api.${name};`];
  const isType = (target.flags & ts.SymbolFlags.Type) !== 0;
  if (isType) {
    const generic = target.declarations.some((each) => each.typeParameters?.length > 0);
    if (generic) throw new Error(`${name}: generic classes are not handled here yet`);
    lines.push(`type ${name} = api.${name};`);
  }
  return [...lines, `export { ${name} };`];
}

for (const { declarations, module, commonjs, commonjsDeclarations } of entries) {
  const source = program.getSourceFile(declarations);
  if (source === undefined) throw new Error(`${declarations}: not built`);
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(source));
  const from = `'./${module}' with { 'resolution-mode': 'import' }`;
  const lines = [
    `import type * as api from ${from};`,
    `export type * from ${from};`,
    ...symbols.flatMap(declare),
  ];
  writeFileSync(commonjsDeclarations, `${lines.join('\n')}\n`);
  writeFileSync(commonjs, `'use strict';\nmodule.exports = require('./${module}');\n`);
}
