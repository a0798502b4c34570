// One instruction after another on the processor of the pages:
//
//     node processor.mjs NODE_MODULES PAGE-FOLDER CASES.json
//
// A case: code (bytes at 8000h), registers, seed of the memory. Prints a line of JSON for each: T-states, registers, and
// what the memory holds that it did not hold before; or null where the processor says that it has no such instruction.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [modules, folder, cases] = process.argv.slice(2);
const { build } = createRequire(resolve(modules, 'any.js'))('esbuild');
const { outputFiles } = await build({
  entryPoints: [join(folder, 'src/z80.js')],
  bundle: true,
  write: false,
  format: 'esm',
  nodePaths: [resolve(modules)],
});
const { Z80Machine } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);

const names = ['af', 'bc', 'de', 'hl', 'ix', 'iy', 'sp', 'pc'];
const machine = new Z80Machine({});
const print = console.log;
let unknown = false;
console.log = () => {
  unknown = true;
};
const lines = JSON.parse(readFileSync(cases, 'utf8')).map(({ code, registers, seed }) => {
  machine.switchOn();
  for (let at = 0; at < 0x10000; at += 1) machine.memory[at] = (at * 7 + (at >> 8) * 13 + seed) & 255;
  machine.load(0x8000, code);
  const before = machine.memory.slice();
  names.forEach((name, at) => {
    machine.cpu.regs[name] = registers[at];
  });
  unknown = false;
  machine.run(1);
  if (unknown) return 'null';
  const changed = [];
  machine.memory.forEach((byte, at) => {
    if (byte !== before[at]) changed.push([at, byte]);
  });
  return JSON.stringify([machine.cycles, names.map((name) => machine.cpu.regs[name]), changed]);
});
print(lines.join('\n'));
