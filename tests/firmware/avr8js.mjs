// Runs the firmware of a Wokwi folder on avr8js, the core of that simulator. Types each prompt when the program asks for
// one; prints for each a line of JSON: the reply, and at which cycle each of its characters was written.
//
//     node avr8js.mjs FOLDER-WITH-NODE_MODULES WOKWI-FOLDER PROMPT...

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [modules, folder, ...prompts] = process.argv.slice(2);
const { AVRUSART, CPU, avrInstruction, usart0Config } = createRequire(resolve(modules, 'any.js'))('avr8js');

const small = { flash: 0x8000, sram: 0x800, usart: usart0Config };
// Vectors 25 to 27, of two words. avr8js has SRAM begin at 0x100, the chip at 0x200.
const vectors = { rxCompleteInterrupt: 0x32, dataRegisterEmptyInterrupt: 0x34, txCompleteInterrupt: 0x36 };
const large = { flash: 0x40000, sram: 0x2100, usart: { ...usart0Config, ...vectors } };
const chips = { 'wokwi-arduino-uno': small, 'wokwi-arduino-nano': small, 'wokwi-arduino-mega': large };

const read = (name) => readFileSync(join(folder, name), 'utf8');
const board = JSON.parse(read('diagram.json')).parts.find((part) => part.id === 'board');
const chip = chips[board.type];
const flash = new Uint8Array(chip.flash).fill(0xff);
let base = 0;
for (const line of read(/firmware = "(.*)"/.exec(read('wokwi.toml'))[1]).split('\n').filter(Boolean)) {
  const [count, high, low, type, ...data] = Buffer.from(line.slice(1), 'hex');
  if (type === 0) flash.set(data.slice(0, count), base + high * 256 + low);
  if (type === 2) base = (data[0] * 256 + data[1]) * 16;
  if (type === 4) base = (data[0] * 256 + data[1]) * 65536;
}

const cpu = new CPU(new Uint16Array(flash.buffer), chip.sram);
const usart = new AVRUSART(cpu, chip.usart, 16e6);
let said = '';
let written = [];
usart.onByteTransmit = (byte) => {
  said += String.fromCharCode(byte);
  written.push(cpu.cycles);
};
const runUntil = (done) => {
  for (const end = cpu.cycles + 400e6; !done(); cpu.tick()) {
    if (cpu.cycles > end) throw new Error(`still running after 400,000,000 cycles; it has said ${JSON.stringify(said)}`);
    avrInstruction(cpu);
  }
};

runUntil(() => said.endsWith('. Type a line.\r\n> '));
for (const prompt of prompts) {
  [said, written] = ['', []];
  for (const byte of Buffer.from(prompt + '\r')) runUntil(() => usart.writeByte(byte));
  runUntil(() => said.endsWith('\r\n> '));
  console.log(JSON.stringify({ reply: said.slice(0, -4), written: written.slice(0, -4) }));
}
