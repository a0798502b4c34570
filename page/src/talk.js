// The page: reads the program that stands in it, and lets a person talk to it.

import { Conversation } from './conversation.js';
import { Screen } from './screen.js';
import { Terminal } from './terminal.js';

const $ = (id) => document.getElementById(id);
const grouped = (number) => Math.round(number).toLocaleString('en-US');
const TURN = 14; // milliseconds in which the machine runs before the page is drawn
const BETWEEN = 2; // milliseconds between turns at the machine's own pace
const BEHIND = 0.1; // seconds that it may lag behind its own pace, and catch up: what a page in the background has missed is lost

const decoded = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** What stands in the page: an object, with its bytes as such. */
function read() {
  const program = JSON.parse($('program').textContent);
  program.bytes = decoded(program.bytes);
  if (program.font) program.font = decoded(program.font);
  for (const page of program.pages ?? []) page.bytes = decoded(page.bytes);
  if (program.file) program.file.bytes = decoded(program.file.bytes);
  return program;
}

/** The bytes of a line as the machine gets them; throws what cannot be typed there. */
function typed(program, text) {
  const bytes = program.utf8 ? Array.from(new TextEncoder().encode(text)) : Array.from(text, (c) => c.charCodeAt(0));
  const strange = program.utf8 ? -1 : bytes.findIndex((byte) => byte < 0x20 || byte > 0x7e);
  if (strange >= 0) throw new Error(`“${Array.from(text)[strange]}” cannot be typed on this machine`);
  if (bytes.length > program.longest) {
    throw new Error(`that line has ${bytes.length} bytes; the program takes ${program.longest}`);
  }
  return bytes;
}

class Page {
  constructor(Machine) {
    this.program = read();
    this.terminal = new Terminal($('terminal'));
    this.talk = new Conversation(this.program, (byte) => this.terminal.put(byte));
    this.machine = new Machine(this.program, this.talk);
    this.talk.machine = this.machine;
    this.talk.finished = (answer) => this.answered(answer);
    this.talk.dropped = () => this.asked.shift();
    this.flat = false;
    this.timer = null;
    this.asked = [];
    if (Machine.width) {
      this.screen = new Screen($('screen'), Machine);
      this.screen.machine = this.machine;
      this.screen.onKey((key) => this.push([key]));
      $('terminal').hidden = true;
    }
    this.readings();
    this.lamps();
    $('line').maxLength = this.program.longest;
    $('ask').addEventListener('submit', (event) => {
      event.preventDefault();
      this.send($('line').value);
    });
    $('reset').addEventListener('click', () => this.reset());
    for (const radio of document.querySelectorAll('input[name=pace]')) {
      radio.addEventListener('change', () => {
        this.flat = $('flat').checked;
        this.wake();
      });
    }
    this.flat = $('flat').checked;
    $('listing-button').addEventListener('click', () => this.listing());
    this.state('running');
    this.wake();
  }

  reset() {
    this.terminal.clear();
    this.asked = [];
    this.pending = '';
    this.machine.reset(this.tail?.());
    this.fault = null;
    this.state('running');
    this.wake();
  }

  /** Types a line, and the key that ends it. */
  send(text) {
    let bytes;
    try {
      bytes = typed(this.program, text);
    } catch (error) {
      this.say(error.message);
      return;
    }
    $('line').value = '';
    if (this.program.localEcho) for (const byte of [...bytes, 13, 10]) this.terminal.put(byte);
    this.push([...bytes, 13]);
  }

  push(bytes) {
    if (this.fault || this.over) return;
    for (const byte of bytes) {
      if (byte === 13) {
        this.asked.push(this.pending ?? '');
        this.pending = '';
      } else {
        this.pending = (this.pending ?? '') + String.fromCharCode(byte);
      }
    }
    this.machine.input.push(...bytes);
    this.state('running');
    this.wake();
  }

  wake() {
    clearTimeout(this.timer);
    this.last = performance.now();
    this.owed = 0;
    this.timer = setTimeout(() => this.turn(), 0);
  }

  /** Runs for a moment, shows what came of it, and comes again unless the program waits. */
  turn() {
    const now = performance.now();
    const { clock } = this.program;
    this.owed = Math.min(this.owed + ((now - this.last) / 1000) * clock, BEHIND * clock);
    let budget = this.flat ? Infinity : this.owed;
    this.last = now;
    let state = 'running';
    try {
      while (state === 'running' && budget > 0 && performance.now() - now < TURN) {
        const from = this.machine.elapsed;
        state = this.machine.run(Math.min(clock / 500, budget));
        // A CP/M program that has ended leaves a clock that begins anew.
        budget -= Math.max(1, this.machine.elapsed - from);
      }
    } catch (error) {
      this.fault = error;
      state = 'fault';
    }
    if (!this.flat) this.owed = Math.max(0, budget);
    if (state === 'waiting') this.talk.waits();
    this.draw();
    this.state(state);
    if (state === 'running') this.timer = setTimeout(() => this.turn(), this.flat ? 0 : BETWEEN);
  }

  draw() {
    this.terminal.draw();
    this.screen?.draw();
    this.drawLamps?.();
    const last = this.talk.lastStep;
    if (last !== null) this.figure('last-step', last);
  }

  state(state) {
    document.body.dataset.state = state;
    this.over = state === 'ended';
    const words = {
      running: 'The machine is running.',
      waiting: 'The program waits for a line.',
      ended: 'The program has ended. “Start again” switches the machine off and on.',
      fault: `The machine has stopped: ${this.fault?.message}. “Start again” switches it off and on.`,
    };
    if (state !== 'running') this.say(words[state]);
    else if ($('state').textContent === '') this.say(words.running);
  }

  say(text) {
    if ($('state').textContent !== text) $('state').textContent = text;
  }

  /** A figure in cycles, and in milliseconds. */
  figure(id, cycles) {
    const data = document.createElement('data');
    data.value = cycles;
    data.textContent = grouped(cycles);
    const milliseconds = (1000 * cycles) / this.program.clock;
    $(id).replaceChildren(data, ` ${this.program.unit}, ${milliseconds.toFixed(1)} ms`);
  }

  answered({ reply, steps, between, cycles, first }) {
    const question = this.asked.shift() ?? '';
    if (steps === 0) return;
    this.figure('last-step', between.at(-1) ?? cycles);
    if (first !== null) this.figure('first', first);
    this.figure('whole', cycles);
    const read = this.program.readsTokens && between.length > 0;
    this.figure('mean', read ? between.reduce((sum, step) => sum + step, 0) / between.length : cycles / steps);
    $('whole').append(`, ${grouped(steps)} ${steps === 1 ? 'step' : 'steps'}`);
    const said = document.createElement('p');
    said.textContent = reply;
    $('said').append(said);
    const row = document.createElement('tr');
    for (const [kind, text] of [['th', question], ['td', reply], ['td', grouped(steps)], ['td', grouped(cycles)]]) {
      const cell = document.createElement(kind);
      if (kind === 'th') cell.scope = 'row';
      cell.textContent = text;
      row.append(cell);
    }
    row.dataset.answer = JSON.stringify({ question, reply, steps, between, cycles, first });
    $('answers').append(row);
    $('history').hidden = false;
  }

  /** What tools read: sliders of a board's voltages, or numbers that a command line brings. */
  readings() {
    const { readings } = this.program;
    if (readings.length === 0) return;
    $('readings').hidden = false;
    const set = readings.map((reading, at) => this.reading(reading, `reading-${at}`));
    if (this.program.tail === null || this.program.localEcho) return;
    this.tail = () => set.map((value) => value()).filter((word) => word !== '').map((word) => ` ${word}`).join('');
  }

  reading({ name, pin, channel, values }, id) {
    const row = document.createElement('p');
    const label = document.createElement('label');
    label.htmlFor = id;
    const input = document.createElement('input');
    const shown = document.createElement('output');
    Object.assign(input, { id, min: 0, value: 0 });
    shown.htmlFor = id;
    row.append(label, ' ', input, ' ', shown);
    $('reading-list').append(row);
    if (values) {
      label.textContent = `${name}, the voltage at ${pin} (0 to 1,023):`;
      Object.assign(input, { type: 'range', max: values.length - 1 });
      const tell = () => {
        this.machine.counts[channel] = Number(input.value);
        shown.textContent = `it reads ${grouped(values[input.value])}`;
      };
      input.addEventListener('input', tell);
      tell();
      return () => '';
    }
    label.textContent = `${name} (0 to 65,535; takes effect with “Start again”):`;
    Object.assign(input, { type: 'number', max: 65_535 });
    return () => {
      const value = Math.min(65_535, Math.max(0, Math.trunc(Number(input.value) || 0)));
      return value === 0 ? '' : `${name.toUpperCase()}=${value}`;
    };
  }

  /** What a board switches. */
  lamps() {
    const { lamps } = this.program;
    if (lamps.length === 0) return;
    $('lamps').hidden = false;
    const items = lamps.map((lamp) => {
      const item = document.createElement('li');
      $('lamp-list').append(item);
      return [lamp, item];
    });
    this.drawLamps = () => {
      for (const [lamp, item] of items) {
        const on = this.machine.drives(lamp) === true;
        const text = `${lamp.name}: ${on ? 'on' : 'off'}`;
        if (item.textContent !== text) item.textContent = text;
        item.dataset.on = on;
      }
    };
  }

  /** Shows the listing, or hides it. It is unpacked the first time. */
  async listing() {
    const open = $('listing').hidden;
    $('listing').hidden = !open;
    $('listing-button').setAttribute('aria-expanded', String(open));
    $('listing-button').textContent = open ? 'Hide the listing' : 'Show the listing';
    if (!open || $('listing').textContent !== '') return;
    if (typeof DecompressionStream === 'undefined') {
      $('listing').textContent = 'This browser is too old to unpack the listing.';
      return;
    }
    const packed = new Blob([decoded($('packed-listing').textContent)]);
    const stream = packed.stream().pipeThrough(new DecompressionStream('deflate'));
    $('listing').textContent = await new Response(stream).text();
  }
}

/** `machines`: a class for each kind of machine that this bundle has. */
export function start(machines) {
  new Page(machines[JSON.parse($('program').textContent).machine]);
}
