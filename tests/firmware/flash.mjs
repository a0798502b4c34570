// Runs firmware on avr8js with a flash chip at its SPI, of which this has an idea of its own. Types each prompt when the program
// asks for one; prints what it says up to the first `> `, and then each reply, a line of JSON each.
//
//     node flash.mjs FOLDER-WITH-NODE_MODULES FIRMWARE.HEX HOW WEIGHTS PROMPT...
//
// HOW: `written`: the chip has the weights; `send`: it is erased, and they are sent by XMODEM; `none`: there is no chip.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [modules, hex, how, weights, ...prompts] = process.argv.slice(2);
const { AVRIOPort, AVRSPI, AVRUSART, CPU, avrInstruction, portBConfig, spiConfig, usart0Config } =
  createRequire(resolve(modules, 'any.js'))('avr8js');

const program = new Uint8Array(0x8000).fill(0xff);
for (const line of readFileSync(hex, 'utf8').split('\n').filter(Boolean)) {
  const [count, high, low, type, ...data] = Buffer.from(line.slice(1), 'hex');
  if (type === 0) program.set(data.slice(0, count), high * 256 + low);
}
const cpu = new CPU(new Uint16Array(program.buffer), 0x800);
const usart = new AVRUSART(cpu, usart0Config, 16e6);
let said = '';
usart.onByteTransmit = (byte) => (said += String.fromCharCode(byte));

const file = readFileSync(weights);
const flash = new Uint8Array(1 << 22).fill(0xff);
if (how === 'written') flash.set(file);
let [selected, bytes, mayWrite] = [false, [], false];
const address = () => (bytes[1] << 16) | (bytes[2] << 8) | bytes[3];

/** What a command does that ends. */
const finish = () => {
  if (bytes[0] === 0x06) mayWrite = true;
  if (bytes[0] === 0x20 && mayWrite) {
    const from = address() & ~0xfff;
    flash.fill(0xff, from, from + 0x1000);
    mayWrite = false;
  }
  if (bytes[0] === 0x02 && mayWrite) {
    const page = address() & ~0xff;
    bytes.slice(4).forEach((byte, n) => (flash[page + ((address() + n) & 0xff)] &= byte));
    mayWrite = false;
  }
};
new AVRIOPort(cpu, portBConfig).addListener((levels) => {
  const low = (levels & 4) === 0;
  if (selected && !low) finish();
  if (selected !== low) [selected, bytes] = [low, []];
});
const spi = new AVRSPI(cpu, spiConfig, 16e6);
spi.onTransfer = (byte) => {
  if (!selected || how === 'none') return 0xff;
  const heard = bytes.length;
  // Of what is read only the address is kept.
  if (bytes[0] !== 0x03 || heard < 4) bytes.push(byte);
  else bytes.count = (bytes.count ?? -1) + 1;
  if (bytes[0] === 0x9f && heard > 0) return [0xc2, 0x20, 0x16][heard - 1] ?? 0;
  if (bytes[0] === 0x03 && heard > 3) return flash[address() + bytes.count];
  return 0;
};

const runUntil = (done) => {
  for (const end = cpu.cycles + 800e6; !done(); cpu.tick()) {
    if (cpu.cycles > end) throw new Error(`still running after 800,000,000 cycles; it has said ${JSON.stringify(said)}`);
    avrInstruction(cpu);
    if (cpu.data[0x4d] & 0x40) throw new Error(`a write collision at ${(cpu.pc * 2).toString(16)}`);
  }
};
const type = (data) => {
  for (const byte of data) runUntil(() => usart.writeByte(byte));
};
/** What it says next, one of some characters. */
const answer = (known) => {
  runUntil(() => known.includes(said.at(-1)));
  const last = said.at(-1);
  said = '';
  return last;
};

runUntil(() => said.endsWith('> '));
console.log(JSON.stringify(said));
if (how === 'send') {
  said = '';
  type(Buffer.from('w\r'));
  answer('\x15');
  for (let number = 0; number * 128 < file.length; number++) {
    const data = Buffer.alloc(128, 0x1a);
    file.copy(data, 0, number * 128);
    const sum = data.reduce((all, byte) => all + byte, 0) & 255;
    const count = (number + 1) & 255;
    const packet = Buffer.from([1, count, 255 - count, ...data, sum]);
    // One is garbled on the way, and one comes twice.
    if (number === 2) {
      const garbled = Buffer.from(packet);
      garbled[1] ^= 4;
      type(garbled);
      runUntil(() => cpu.data[0x81] !== 0);
      cpu.data[0x85] = 0; // The timer, of which avr8js has none here, says that nothing comes any more.
      if (answer('\x15\x06\x18') !== '\x15') throw new Error('a garbled packet was taken');
    }
    for (let times = number === 3 ? 2 : 1; times > 0; times--) {
      type(packet);
      if (answer('\x15\x06\x18') !== '\x06') throw new Error(`packet ${number} was not taken`);
    }
  }
  type(Buffer.from([4]));
  answer('\x06');
  runUntil(() => said.endsWith('> '));
  console.log(JSON.stringify(said));
}
for (const prompt of how === 'none' ? [] : prompts) {
  said = '';
  type(Buffer.from(prompt + '\r'));
  runUntil(() => said.endsWith('\r\n> '));
  console.log(JSON.stringify(said.slice(0, -4)));
}
